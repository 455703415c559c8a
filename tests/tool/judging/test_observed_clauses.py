"""A clause from an observation: which one a name means, how its value is written, and what its check begins with."""

from __future__ import annotations

import json
import tomllib

import pytest

from market_data_meta.errors import Exit, MetaError
from market_data_meta.judging.observed_clauses import check_lines, expected_observation, observation_named
from market_data_meta.judging.observed_runs import ObservedRun, ObservedSide, Unobserved

HEALTH = "http:market_data_pipeline.api.app GET /health[plain]"
FN = "functions:market_data_core.x.fn[a=1]"
VALUES = {
    HEALTH: '{"status": 200}',
    HEALTH.replace("plain", "head"): '{"status": 405}',
    FN: "1",
    "functions:market_data_core.x.fn[a=2]": "2",
    "metrics:depth": "true",
}
GONE = {"lives:market_data_core.x.Foo": Unobserved("it hangs", ended=True)}
FIRST = VALUES | {"models:a.b": "1", "models:a.c": '{"size": 3, "price": 1}'}
SECOND = VALUES | {"models:a.b": "2", "models:a.c": '{"size": 3, "price": 2}'}
SIDE = ObservedSide((ObservedRun(FIRST, GONE), ObservedRun(SECOND, GONE)))


@pytest.mark.parametrize(
    "name", [HEALTH, "http:GET /health", "http:GET /health[plain]", HEALTH.removesuffix("[plain]")]
)
def test_an_observation_may_be_named_without_its_application_and_case(name: str) -> None:
    assert observation_named(SIDE, name, "pipeline 1") == (HEALTH, '{"status": 200}')


@pytest.mark.parametrize(
    ("name", "says", "ending"),
    [
        ("functions:market_data_core.x.fn", f"because: {FN}, functions:market_data_core.x.fn[a=2]", Exit.BAD_INPUT),
        ("metrics:dept", "did you mean metrics:depth?", Exit.BAD_INPUT),
        ("models:a.b", "two runs show two values", Exit.UNDECIDED),
        ("models:a.c", "parts of it are otherwise in each run", Exit.UNDECIDED),
        ("lives:market_data_core.x.Foo[x]", "it had no value in some run", Exit.UNDECIDED),
    ],
)
def test_what_is_none_or_several_or_not_always_the_same_is_refused(name: str, says: str, ending: Exit) -> None:
    with pytest.raises(MetaError) as error:
        observation_named(SIDE, name, "core 1")
    assert says in str(error.value)
    assert error.value.exit == ending


@pytest.mark.parametrize(
    "value",
    [True, 5, 0.5, 'it\'s "x" \\ ü\x7f', [], [1, ["a"]], {}, {"a b": {"c": [{"d": 1}]}, "200": False}],
)
def test_a_value_is_written_in_toml(value: object) -> None:
    assert tomllib.loads(f"observed = {expected_observation(json.dumps(value))}") == {"observed": value}


def test_what_toml_has_no_word_for_is_a_text_of_json() -> None:
    text = '{"body": {"price": null}}'
    assert tomllib.loads(f"observed = {expected_observation(text)}") == {"observed": text}


def test_a_check_begins_with_what_was_observed() -> None:
    request, fn = "\n".join(check_lines(HEALTH)), "\n".join(check_lines(FN))
    assert 'pkgutil.resolve_name("market_data_pipeline.api.app")' in request
    assert 'await client.request("GET", "/health")' in request
    assert 'got = pkgutil.resolve_name("market_data_core.x.fn")(...)' in fn
    assert f"# It was observed as {FN}" in fn
    assert check_lines("api:market_data_core.x.fn")[-1] == 'got = pkgutil.resolve_name("market_data_core.x.fn")'
    assert check_lines("cli:mds ping[dsn=x]") == ["# It was observed as cli:mds ping[dsn=x]", "got = ..."]
