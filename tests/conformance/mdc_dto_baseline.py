"""The DTO baselines of ``contracts/schemas/dto``, the installed models they are about, and instances of both.

The instances are drawn by a few strategies over the small part of JSON Schema that the baselines use, because the
suite may ask only for libraries that can be installed beside every release.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.internal.constants_ast import Constants
from pydantic import TypeAdapter

from mdc_json_schema import NOTHING, Schema, inlined, pointed

# What breaks naive text handling, in few letters: quotes, escapes, separators, control, accents, an astral sign.
_TEXT = st.text('aZ0 _-.:/"\\\n\té€\u2028😀\x00', max_size=8)
# JSON numbers that every reader keeps exactly.
_INTEGERS = 2**53
UNKNOWN = "x-unknown"


@dataclass(frozen=True)
class Dto:
    """One DTO: the model that a release must offer, and the contract's schemas of what it accepts and emits."""

    name: str
    model: str
    validation: Schema
    serialization: Schema
    defaults: dict[str, Any]

    def installed_model(self) -> Any:
        """Import the model that this is about."""
        module, _, name = self.model.partition(":")
        return getattr(importlib.import_module(module), name)

    def adapter(self) -> TypeAdapter[Any]:
        """Put the installed model behind the part of pydantic's interface that any kind of model has."""
        return TypeAdapter(self.installed_model())

    def installed_schema(self, mode: Literal["validation", "serialization"]) -> Schema:
        """Ask the installed model for the schema that it declares."""
        schema = self.adapter().json_schema(mode=mode)
        return inlined(schema, pointed(schema))


def dtos(contracts: Path, names: list[str]) -> list[Dto]:
    """Read the baselines called ``names``."""
    return [_read(contracts / "schemas" / "dto" / f"{name}.json") for name in names]


def usable(contracts: Path) -> list[Dto]:
    """Read the baselines of all DTOs that the release offers and that can be made from the contract's required fields.

    The others break the clause on their own schema, and should not turn every clause about all DTOs red as well.
    """
    known = [_read(file) for file in sorted((contracts / "schemas" / "dto").glob("*.json"))]
    return [dto for dto in known if _can_be_made(dto)]


def _can_be_made(dto: Dto) -> bool:
    try:
        dto.adapter().validate_python(smallest(dto.validation))
    except (ImportError, AttributeError, ValueError):
        return False
    return True


def _read(file: Path) -> Dto:
    def lookup(ref: str) -> Schema:
        other, _, mode = ref.partition("#/")
        return dict(json.loads((file.parent / other).read_text())[mode])

    data = json.loads(file.read_text())
    properties = inlined(data["validation"], lookup, keep=frozenset(["default"]))["properties"]
    return Dto(
        name=file.stem,
        model=data["model"],
        validation=inlined(data["validation"], lookup),
        serialization=inlined(data["serialization"], lookup),
        defaults={name: part["default"] for name, part in properties.items() if "default" in part},
    )


def smallest(schema: Schema) -> Any:
    """Make the plainest instance of ``schema``: what is required and no more."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "null")
    if kind == "object":
        return {name: smallest(schema["properties"][name]) for name in schema.get("required", ())}
    low = max(schema.get("minimum", 0), schema.get("exclusiveMinimum", -1) + 1)
    plain = {"string": "x" * max(1, schema.get("minLength", 0)), "integer": low, "number": float(low)}
    return plain.get(kind) if kind in plain else {"boolean": False, "array": []}.get(kind)


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


def drawn(of: list[Dto], examples: int = 12) -> list[tuple[Dto, Any]]:
    """Instances of what each of the DTOs accepts, the same ones in every run: ``examples`` of each."""
    found: list[tuple[Dto, Any]] = []

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
        found.extend((dto, example[dto.name]) for dto in of)

    run()
    return found
