"""Instances of the DTO baselines, the same ones in every run.

They are drawn by a few strategies over the small part of JSON Schema that the baselines use, because the suite may ask
only for libraries that can be installed beside every release.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.internal.constants_ast import Constants

from mdc_dto_baseline import UNKNOWN, baselines
from mdc_schema_form import NOTHING, Schema

# What breaks naive text handling, in few letters: quotes, escapes, separators, control, accents, an astral sign.
_TEXT = st.text('aZ0 _-.:/"\\\n\té€\u2028😀\x00', max_size=8)
# JSON numbers that every reader keeps exactly.
_INTEGERS = 2**53


def instances(schema: Schema) -> st.SearchStrategy[Any]:
    """Instances of a baseline schema; an open object sometimes brings a property that nobody has heard of."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return st.one_of([instances(schema | {"type": one}) for one in kind])
    return _OF_KIND[kind](schema)


def _numbers(schema: Schema) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum"), schema.get("maximum")
    floats = st.floats(low, high, allow_nan=False, allow_infinity=False)
    return floats | _integers(schema)


def _integers(schema: Schema) -> st.SearchStrategy[Any]:
    low = max(schema.get("minimum", -_INTEGERS), schema.get("exclusiveMinimum", -_INTEGERS - 1) + 1)
    return st.integers(int(low), int(schema.get("maximum", _INTEGERS)))


def _objects(schema: Schema) -> st.SearchStrategy[Any]:
    more = schema.get("additionalProperties", {})
    if "properties" not in schema:
        return st.dictionaries(_TEXT, instances(more), max_size=2)
    parts = {name: instances(part) for name, part in schema["properties"].items()}
    required = {name: parts.pop(name) for name in schema.get("required", ())}
    unknown = {} if more == NOTHING else {UNKNOWN: instances(more)}
    return st.fixed_dictionaries(required, optional=parts | unknown)


_SCALARS = st.none() | st.booleans() | st.integers(-_INTEGERS, _INTEGERS) | _TEXT
_OF_KIND: dict[str, Callable[[Schema], st.SearchStrategy[Any]]] = {
    "null": lambda _: st.none(),
    "boolean": lambda _: st.booleans(),
    "integer": _integers,
    "number": _numbers,
    "string": lambda schema: _TEXT.filter(lambda text: len(text) >= schema.get("minLength", 0)),
    "array": lambda schema: st.lists(instances(schema.get("items", {})), max_size=2),
    "object": _objects,
    "any": lambda _: _SCALARS | st.dictionaries(_TEXT, _SCALARS, max_size=2),
}


class _SameEverywhere(HypothesisProvider):
    """Hypothesis without the constants that it collects from whatever modules are loaded.

    They would make the instances depend on the release under test, and collecting them wakes lazy modules of
    third-party libraries whose import fails.
    """

    @property
    def _local_constants(self) -> Constants:
        return Constants()


AVAILABLE_PROVIDERS["same-everywhere"] = _SameEverywhere


@cache
def drawn(contracts: Path, examples: int = 12) -> tuple[tuple[str, Any], ...]:
    """Instances of what each DTO of the baselines accepts, by its name, the same ones for every release.

    There are ``examples`` of each, drawn before the processes of the checks are forked.
    """
    found: list[tuple[str, Any]] = []
    of = baselines(contracts)

    # One run over all DTOs costs half of a run for each.
    @settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=examples,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        backend="same-everywhere",
    )
    @given(st.fixed_dictionaries({dto.name: instances(dto.validation) for dto in of}))
    def run(example: dict[str, Any]) -> None:
        found.extend((dto.name, example[dto.name]) for dto in of)

    run()
    return tuple(found)
