"""The file of rules about observations, ``contracts/observation_rules.toml``, how it is read, and what may be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from market_data_meta.field_types import Constraint
from market_data_meta.files import read_toml
from market_data_meta.judging.observation_rules import ObservationRule, RuleCase, RuleTable
from market_data_meta.judging.observed_values import value_differences
from market_data_meta.models import InputFile, read_input

Slug = Annotated[str, Constraint(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]


class ObservationRulesFile(InputFile):
    """contracts/observation_rules.toml: what differences of observations mean, where their shape does not say it."""

    schema_name: ClassVar[str] = "observation-rules"

    rules: Mapping[Slug, RuleTable] = Field(default_factory=dict)


def rules_path(root: Path) -> Path:
    """Where the rules of a checkout are."""
    return root / "contracts" / "observation_rules.toml"


def load_observation_rules(root: Path) -> tuple[ObservationRule, ...]:
    """The rules, in their order. Raises MetaError for a file that is not there or not of its format."""
    file = rules_path(root)
    tables = read_input(ObservationRulesFile, read_toml(file), file).rules
    return tuple(ObservationRule(id=name, **vars(table)) for name, table in tables.items())


def rule_problems(rule: ObservationRule) -> Iterator[str]:
    """What is wrong with a rule: one of its two cases does not show what it is there to show."""
    for area in rule.areas:
        try:
            fires, fires_without = (_kinds(area, rule.fires, rules) for rules in ((rule,), ()))
            silent, silent_without = (_kinds(area, rule.silent, rules) for rules in ((rule,), ()))
        except ValueError as error:
            yield f"one of its cases is not JSON: {error}"
            return
        expected = set() if rule.means == "nothing" else {rule.means}
        if fires != expected or fires_without == expected:
            yield f"fires: in {area} it is {_words(fires)}, and without the rule {_words(fires_without)}"
        if silent != silent_without or not silent:
            yield f"silent: in {area} it is {_words(silent)}, and without the rule {_words(silent_without)}"


def _kinds(area: str, case: RuleCase, rules: tuple[ObservationRule, ...]) -> set[str]:
    return {found.kind for found in value_differences(area, json.loads(case.was), json.loads(case.now), rules)}


def _words(kinds: set[str]) -> str:
    return " and ".join(sorted(kinds)) or "nothing"
