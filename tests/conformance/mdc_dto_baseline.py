"""The DTO baselines of ``contracts/schemas/dto``, and the installed models they are about."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from mdc_schema_form import Schema, inlined, pointed

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


def baselines(contracts: Path) -> list[Dto]:
    """Read the baselines of all DTOs."""
    return [_read(file) for file in sorted((contracts / "schemas" / "dto").glob("*.json"))]


def usable(contracts: Path) -> list[Dto]:
    """Read the baselines of all DTOs that the release offers.

    One that is not there breaks the clause on its own schema, and should not turn every clause about all DTOs red.
    """
    return [dto for dto in baselines(contracts) if _is_offered(dto)]


def _is_offered(dto: Dto) -> bool:
    try:
        dto.installed_model()
    except (ImportError, AttributeError):
        return False
    return True


@cache
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
