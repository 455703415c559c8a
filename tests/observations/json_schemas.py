"""JSON Schemas by what they accept: without titles and descriptions, and without the names of definitions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from describing import Json, masked

_WORDS = frozenset({"title", "description", "examples", "example", "summary", "$defs", "operationId", "tags"})
"""What a schema says for readers only."""
_SETS = frozenset({"required", "enum", "type"})
_CHOICES = frozenset({"anyOf", "oneOf", "allOf"})
DEPTH = 4
"""How deep definitions are put in the place of references to them."""


def plain_schema(schema: Any, definitions: Mapping[str, Any], depth: int = 0) -> Json:
    """A schema in which what has no order is an object, and what it refers to is in its place."""
    if isinstance(schema, list):
        return [plain_schema(part, definitions, depth) for part in schema]
    if not isinstance(schema, dict):
        return masked(schema) if isinstance(schema, str) else schema
    if (reference := schema.get("$ref")) is not None:
        name = str(reference).rpartition("/")[2]
        short = name.rpartition("__")[2]
        if depth >= DEPTH or name not in definitions:
            return {"refers to": short}
        return plain_schema(
            {**definitions[name], **{k: v for k, v in schema.items() if k != "$ref"}}, definitions, depth + 1
        )
    said: dict[str, Json] = {}
    for name, part in schema.items():
        if name == "properties" and isinstance(part, dict):
            said[name] = {field: plain_schema(inner, definitions, depth) for field, inner in part.items()}
        elif name in _SETS and isinstance(part, list):
            said[name] = {value if isinstance(value, str) else json.dumps(value): True for value in part}
        elif name in _CHOICES and isinstance(part, list):
            said[name] = sorted((plain_schema(inner, definitions, depth) for inner in part), key=json.dumps)
        elif name not in _WORDS:
            said[name] = plain_schema(part, definitions, depth)
    return said


def fields_of_schema(kind: type) -> dict[str, Json]:
    """What the schema of a class says of each field, for what is read and for what is written; empty if it has none."""
    from pydantic import TypeAdapter

    both: dict[str, dict[str, Json]] = {}
    try:
        adapter: Any = TypeAdapter(kind)
    except Exception:
        return {}
    for mode, word in (("validation", "read"), ("serialization", "written")):
        try:
            schema = adapter.json_schema(mode=mode)
        except Exception as error:
            both.setdefault("", {})[word] = {"raises": [type(error).__name__]}
            continue
        definitions = schema.get("$defs", {})
        if "$ref" in schema:
            schema = definitions[schema["$ref"].rpartition("/")[2]]
        required = schema.get("required", ())
        for name, part in schema.get("properties", {}).items():
            both.setdefault(name, {})[word] = {"schema": _shallow(part, definitions), "required": name in required}
        rest = {name: part for name, part in schema.items() if name not in ("properties", "required", "$defs")}
        both.setdefault("", {})[word] = plain_schema(rest, definitions)
    return dict(both)


def _shallow(schema: Any, definitions: Mapping[str, Any]) -> Json:
    """A field's schema; another public class is named in it, for it is observed on its own."""
    enums = {name: part for name, part in definitions.items() if "enum" in part or name.startswith("_")}
    return plain_schema(schema, enums)


def changed_schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema, and the same with each of the changes that decide whether one takes what the other did."""
    fields: dict[str, Any] = {
        "a": {"type": "string", "enum": ["x", "y"], "maxLength": 9},
        "b": {"type": ["string", "null"]},
        "c": {"type": "number", "minimum": 0, "maximum": 10},
        "d": {"enum": ["p", "q"], "maxLength": 9},
        "e": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    }
    changes: dict[str, dict[str, Any]] = {
        "a of more words": {"a": {"enum": ["x", "y", "z"]}},
        "a of fewer words": {"a": {"enum": ["x"]}},
        "a longer": {"a": {"maxLength": 20}},
        "a shorter": {"a": {"maxLength": 5}},
        "a a number": {"a": {"type": "integer"}},
        "a or null": {"a": {"type": ["string", "null"]}},
        "b no null": {"b": {"type": "string"}},
        "b another type or null": {"b": {"type": ["integer", "null"]}},
        "b of more types": {"b": {"type": ["string", "integer", "null"]}},
        "c from 1": {"c": {"minimum": 1}},
        "c to 9": {"c": {"maximum": 9}},
        "c without end": {"c": {"maximum": None}},
        "d of fewer words": {"d": {"enum": ["p"]}},
        "d shorter": {"d": {"maxLength": 5}},
        "d a text": {"d": {"type": "string"}},
        "e no null": {"e": {"anyOf": [{"type": "integer"}]}},
        "e an integer": {"e": {"anyOf": None, "type": "integer"}},
    }
    found = {"plain": _schema(fields, ["a"])}
    for label, change in changes.items():
        changed = {name: fields[name] | part for name, part in change.items()}
        without_none = {
            name: {key: value for key, value in part.items() if value is not None} for name, part in changed.items()
        }
        found[label] = _schema(fields | without_none, ["a"])
    for label, names, required in (
        ("no a", "bcde", []),
        ("no b", "acde", ["a"]),
        ("c required", "abcde", ["a", "c"]),
    ):
        found[label] = _schema({name: fields[name] for name in names}, required)
    found["f"] = _schema(fields | {"f": {"type": "boolean"}}, ["a"])
    return found


def _schema(fields: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(fields), "required": required}
