"""The comparer of JSON Schemas: fires on what breaks a consumer or a producer, silent on what does not."""

from __future__ import annotations

from typing import Any

import pytest

from mdc_json_schema import accepts_less, emits_more, inlined, pointed

S = {"type": "string"}
INT = {"type": "integer"}
N = {"type": "number"}


def o(required: tuple[str, ...] | list[str] = (), /, **properties: Any) -> dict[str, Any]:
    """Return an object schema."""
    return {"type": "object", "properties": properties, "required": list(required)}


def n(schema: dict[str, Any]) -> Any:
    return inlined(schema, pointed(schema))


# A name, the contract's schema, the release's, whether it accepts less, and whether it emits more.
CASES: list[tuple[str, Any, Any, int, int]] = [
    ("same", o(["a"], a=S), o(["a"], a=S), 0, 0),
    (
        "annotations",
        o(a=S),
        o(a=S | {"title": "A", "description": "x", "default": "", "examples": [1], "deprecated": True}),
        0,
        0,
    ),
    ("property called title", o(title=S), o(), 1, 1),
    ("optional more", o(a=S), o(a=S, b=S), 0, 0),
    ("required more", o(a=S), o(["b"], a=S, b=S), 1, 0),
    ("required now optional", o(["a"], a=S), o(a=S), 0, 1),
    ("optional removed", o(a=S, b=S), o(a=S), 1, 1),
    ("required removed", o(["b"], a=S, b=S), o(a=S), 1, 1),
    ("int to number", o(a=INT), o(a=N), 0, 1),
    ("number to int", o(a=N), o(a=INT), 1, 0),
    ("str to nullable", o(a=S), o(a={"anyOf": [S, {"type": "null"}]}), 0, 1),
    ("nullable to str", o(a={"type": ["string", "null"]}), o(a=S), 1, 0),
    ("anyOf is type list", o(a={"type": ["string", "null"]}), o(a={"anyOf": [{"type": "null"}, S]}), 0, 0),
    ("oneOf is anyOf", {"anyOf": [S, INT]}, {"oneOf": [INT, S]}, 0, 0),
    ("const is enum of one", {"enum": ["a"]}, {"const": "a", "type": "string"}, 0, 0),
    ("enum more", {"enum": ["a"]}, {"enum": ["a", "b"], "type": "string"}, 0, 1),
    ("enum less", {"enum": ["a", "b"]}, {"const": "a"}, 1, 0),
    ("enum to str", {"enum": ["a"]}, S, 0, 1),
    ("str to enum", S, {"enum": ["a"]}, 1, 0),
    ("enum to pattern", {"enum": ["ab"]}, S | {"pattern": "^a"}, 0, 1),
    (
        "allOf ref",
        o(a=o(["x"], x=S)),
        {"$defs": {"X": o(["x"], x=S)}, **o(a={"allOf": [{"$ref": "#/$defs/X"}], "default": 1})},
        0,
        0,
    ),
    ("gt 0 is ge 1 for int", INT | {"exclusiveMinimum": 0}, INT | {"minimum": 1}, 0, 0),
    ("gt 0 is not ge 0 for number", N | {"minimum": 0}, N | {"exclusiveMinimum": 0}, 1, 0),
    ("ge to gt back", N | {"exclusiveMinimum": 0}, N | {"minimum": 0}, 0, 1),
    ("bound gone", INT | {"minimum": 0}, INT, 0, 1),
    ("bound new", N, N | {"maximum": 1}, 1, 0),
    ("lt", N | {"maximum": 1}, N | {"exclusiveMaximum": 1}, 1, 0),
    ("bounded int within number", N | {"minimum": 0}, INT | {"minimum": 0}, 1, 0),
    ("int within unbounded number", INT, N, 0, 1),
    ("minLength 0 is none", S, S | {"minLength": 0}, 0, 0),
    ("minLength", S, S | {"minLength": 1}, 1, 0),
    ("maxLength gone", S | {"maxLength": 3}, S, 0, 1),
    ("pattern new", S, S | {"pattern": "a"}, 1, 0),
    ("pattern gone", S | {"pattern": "a"}, S, 0, 1),
    ("pattern changed", S | {"pattern": "b"}, S | {"pattern": "a"}, 1, 1),
    ("items", {"type": "array", "items": S}, {"type": "array", "items": INT}, 1, 1),
    ("items free", {"type": "array", "items": S}, {"type": "array"}, 0, 1),
    (
        "map values",
        {"type": "object", "additionalProperties": S},
        {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        0,
        1,
    ),
    ("closed", o(a=S), o(a=S) | {"additionalProperties": False}, 1, 0),
    ("opened", o(a=S) | {"additionalProperties": False}, o(a=S), 0, 1),
    ("closed and more", o(a=S) | {"additionalProperties": False}, o(a=S, b=S) | {"additionalProperties": False}, 0, 1),
    ("open is true", o(a=S), o(a=S) | {"additionalProperties": True}, 0, 0),
    ("any to str", {}, S, 1, 0),
    ("str to any", S, {}, 0, 1),
    ("boolean is enum of two", {"type": "boolean"}, {"enum": [True, False]}, 0, 0),
    ("nested", o(a=o(b=S)), o(a=o(["b"], b=S)), 1, 0),
    (
        "union of objects",
        {"anyOf": [o(["a"], a=S), o(["b"], b=INT)]},
        {"anyOf": [o(["b"], b=INT), o(["a"], a=S)]},
        0,
        0,
    ),
    (
        "recursive",
        {"$ref": "#/$defs/T", "$defs": {"T": o(k={"$ref": "#/$defs/T"})}},
        {"$ref": "#/$defs/T", "$defs": {"T": o(k={"$ref": "#/$defs/T"})}},
        0,
        0,
    ),
]


@pytest.mark.parametrize(
    ("contract", "release", "less", "more"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_direction_is_judged_by_meaning(contract: Any, release: Any, less: int, more: int) -> None:
    assert bool(accepts_less(n(contract), n(release))) is bool(less)
    assert bool(emits_more(n(contract), n(release))) is bool(more)
