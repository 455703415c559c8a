"""The rules of what a difference means: how they match, and that each shows a case it decides and one it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from examples import ROOT

from market_data_meta import consistency
from market_data_meta.judging.observation_rule_file import load_observation_rules, rule_problems, rules_path
from market_data_meta.judging.observation_rules import ABSENT, ObservationRule, RuleCase
from market_data_meta.judging.observed_values import value_differences

REQUIRED = ObservationRule(
    areas=("api",),
    path=("**", "parameters", "*"),
    means="narrowed",
    reason="A call that does not know the parameter is refused.",
    fires=RuleCase('{"parameters": {}}', '{"parameters": {"a": {"required": true}}}'),
    silent=RuleCase('{"parameters": {}}', '{"parameters": {"a": {"required": false}}}'),
    was="^absent$",
    now='"required": true',
    id="new-required-parameter",
)


def test_a_rule_matches_path_and_both_sides() -> None:
    path = ("signature", "parameters", "a")
    assert REQUIRED.applies("api", path, ABSENT, {"required": True})
    assert REQUIRED.applies("api", path[1:], ABSENT, {"required": True})
    assert not REQUIRED.applies("api", path, ABSENT, {"required": False})
    assert not REQUIRED.applies("api", path, {}, {"required": True})
    assert not REQUIRED.applies("api", (*path, "b"), ABSENT, {"required": True})
    assert not REQUIRED.applies("http", path, ABSENT, {"required": True})


def test_a_rule_may_be_about_numbers_that_are_near_each_other() -> None:
    rule = replace(REQUIRED, areas=("http",), path=("memory",), was="", now="", within_times=4.0)
    assert rule.applies("http", ["memory"], 16, 64)
    assert rule.applies("http", ["memory"], 64, 16)
    assert not rule.applies("http", ["memory"], 16, 256)
    assert not rule.applies("http", ["memory"], 16, True)
    assert not rule.applies("http", ["memory"], "16", "64")
    assert not rule.applies("http", ["memory"], ABSENT, 16)


def test_a_rule_decides_what_a_difference_means() -> None:
    now = {"parameters": {"a": {"required": True}}}
    was: dict[str, dict[str, object]] = {"parameters": {}}
    assert [found.kind for found in value_differences("api", was, now, ())] == ["added"]
    assert [found.kind for found in value_differences("api", was, now, (REQUIRED,))] == ["narrowed"]
    excused = replace(REQUIRED, means="nothing")
    assert list(value_differences("api", was, now, (excused,))) == []


def test_a_rule_shows_a_case_that_it_decides_and_one_that_it_leaves_alone() -> None:
    assert list(rule_problems(REQUIRED)) == []
    swapped = replace(REQUIRED, fires=REQUIRED.silent, silent=REQUIRED.fires)
    assert [problem.partition(":")[0] for problem in rule_problems(swapped)] == ["fires", "silent"]
    idle = replace(REQUIRED, means="added")
    assert [problem.partition(":")[0] for problem in rule_problems(idle)] == ["fires"]
    broken = replace(REQUIRED, fires=RuleCase("{", "{}"))
    assert ["not JSON" in problem for problem in rule_problems(broken)] == [True]


def test_mdmeta_check_names_a_rule_whose_case_does_not_show_it(tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    rules_path(tmp_path).write_text(
        "[rules.wrong]\nareas = ['api']\npath = ['a']\nmeans = 'nothing'\nreason = 'None.'\n"
        "fires = { was = '{\"b\": 1}', now = '{\"b\": 2}' }\nsilent = { was = '{\"b\": 1}', now = '{\"b\": 2}' }\n"
    )
    (problem,) = consistency._rule_problems(tmp_path)
    assert problem.startswith("contracts/observation_rules.toml: rules/wrong: fires: ")


def test_the_rules_of_this_checkout_can_be_read() -> None:
    assert all(rule.reason.endswith(".") for rule in load_observation_rules(ROOT))
