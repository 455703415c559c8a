"""The comparer of JSON Schemas: fires on what breaks a consumer or a producer, silent on what does not."""

from __future__ import annotations

from typing import Any

import pytest

from mdc_json_schema import accepts_less, emits_more
from mdc_schema_form import inlined, pointed

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
    (
        "annotations of other specifications",
        o(a=S),
        o(a=S | {"example": "x", "x-order": 1, "externalDocs": {"url": "u"}, "contentMediaType": "text/plain"})
        | {"discriminator": {"propertyName": "a"}, "xml": {}, "$anchor": "a", "unit": "seconds"},
        0,
        0,
    ),
    ("1 is 1.0", {"const": 1}, {"const": 1.0}, 0, 0),
    ("1 is 1.0 in an enum", {"enum": [1, 2.5]}, {"enum": [2.5, 1.0]}, 0, 0),
    ("1 is 1.0 deep inside", {"const": {"a": [1], "b": 2}}, {"const": {"b": 2.0, "a": [1.0]}}, 0, 0),
    ("1 is not true", {"const": 1}, {"const": True}, 1, 1),
    ("bounds 1 and 1.0", N | {"minimum": 1}, N | {"minimum": 1.0}, 0, 0),
    ("multipleOf 1 and 1.0", N | {"multipleOf": 0.5}, N | {"multipleOf": 0.50}, 0, 0),
    ("multipleOf coarser", N | {"multipleOf": 2}, N | {"multipleOf": 4}, 1, 0),
    ("multipleOf finer", N | {"multipleOf": 0.3}, N | {"multipleOf": 0.1}, 0, 1),
    ("multipleOf new", N, N | {"multipleOf": 0.01}, 1, 0),
    ("multipleOf gone", N | {"multipleOf": 0.01}, N, 0, 1),
    ("multipleOf neither", N | {"multipleOf": 2}, N | {"multipleOf": 3}, 1, 1),
    ("multipleOf 1 is an integer", N | {"multipleOf": 1}, INT, 0, 0),
    ("multipleOf 2 of integers", INT, N | {"multipleOf": 2.0}, 1, 0),
    ("propertyNames that say nothing", o(a=S), o(a=S) | {"propertyNames": {"type": "string"}}, 0, 0),
    ("propertyNames new", {"type": "object"}, {"type": "object", "propertyNames": {"enum": ["a", "b"]}}, 1, 0),
    ("propertyNames gone", {"type": "object", "propertyNames": {"enum": ["a"]}}, {"type": "object"}, 0, 1),
    (
        "propertyNames more",
        {"type": "object", "propertyNames": {"enum": ["a"]}},
        {"type": "object", "propertyNames": {"enum": ["b", "a"]}},
        0,
        1,
    ),
    ("propertyNames title", {"type": "object", "propertyNames": S}, {"type": "object"}, 0, 0),
    ("oneOf in another order", {"oneOf": [S, o(["a"], a=S), INT]}, {"oneOf": [INT, S, o(["a"], a=S)]}, 0, 0),
    ("anyOf with twins", {"anyOf": [S, S, INT]}, {"anyOf": [INT, S]}, 0, 0),
    ("nested anyOf", {"anyOf": [{"anyOf": [S, INT]}, N]}, {"anyOf": [S, N]}, 0, 0),
    ("oneOf less", {"oneOf": [S, INT]}, S, 1, 0),
    (
        "discriminated",
        {"oneOf": [o(["k"], k={"const": "a"}), o(["k"], k={"const": "b"})]},
        {
            "oneOf": [o(["k"], k={"const": "b"}), o(["k"], k={"enum": ["a"]})],
            "discriminator": {"propertyName": "k", "mapping": {"a": "#/a", "b": "#/b"}},
        },
        0,
        0,
    ),
    ("required in another order", o(["a", "b"], a=S, b=S), o(["b", "a"], a=S, b=S), 0, 0),
    ("enum in another order", {"enum": ["a", "b"]}, {"enum": ["b", "a"], "type": "string"}, 0, 0),
    ("types in another order", {"type": ["null", "string"]}, {"type": ["string", "null"]}, 0, 0),
    ("one type in a list", {"type": ["string"]}, S, 0, 0),
    ("allOf in another order", {"allOf": [S, {"minLength": 1}]}, {"allOf": [{"minLength": 1}, S]}, 0, 0),
    ("the narrower of two bounds", {"allOf": [N | {"minimum": 0}, {"minimum": 1}]}, N | {"minimum": 1}, 0, 0),
    ("the narrower of two types", {"allOf": [{"type": ["string", "null"]}, S]}, S, 0, 0),
    ("number and integer", {"allOf": [N, INT]}, INT, 0, 0),
    ("the narrower of two enums", {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, {"const": "b"}, 0, 0),
    ("a value that its type excludes", {"type": "string", "enum": ["a", 1, None]}, {"const": "a"}, 0, 0),
    ("nullable of OpenAPI 3.0", S | {"nullable": True}, {"type": ["string", "null"]}, 0, 0),
    ("not nullable of OpenAPI 3.0", S | {"nullable": False}, S, 0, 0),
    ("nullable enum", {"enum": ["a", None]}, {"anyOf": [{"const": "a"}, {"type": "null"}]}, 0, 0),
    ("nullable enum of OpenAPI 3.0", {"enum": ["a", None], "nullable": True}, {"enum": [None, "a"]}, 0, 0),
    ("exclusive bound of OpenAPI 3.0", N | {"minimum": 0, "exclusiveMinimum": True}, N | {"exclusiveMinimum": 0}, 0, 0),
    ("inclusive bound of OpenAPI 3.0", N | {"maximum": 0, "exclusiveMaximum": False}, N | {"maximum": 0}, 0, 0),
    ("uniqueItems false is none", {"type": "array"}, {"type": "array", "uniqueItems": False}, 0, 0),
    ("uniqueItems new", {"type": "array"}, {"type": "array", "uniqueItems": True}, 1, 0),
    ("uniqueItems gone", {"type": "array", "uniqueItems": True}, {"type": "array"}, 0, 1),
    (
        "prefixItems wider",
        {"type": "array", "prefixItems": [INT, S]},
        {"type": "array", "prefixItems": [N, S]},
        0,
        1,
    ),
    ("prefixItems new", {"type": "array"}, {"type": "array", "prefixItems": [S]}, 1, 0),
    ("unevaluatedProperties", o(a=S), o(a=S) | {"unevaluatedProperties": False}, 1, 0),
    ("unevaluated is additional", o(a=S) | {"unevaluatedProperties": S}, o(a=S) | {"additionalProperties": S}, 0, 0),
    ("few integers are an enum", INT | {"minimum": 1, "maximum": 3}, {"enum": [3, 2, 1]}, 0, 0),
    ("format new", S, S | {"format": "date-time"}, 1, 0),
    ("format gone", S | {"format": "date-time"}, S, 0, 1),
    ("true and false", o(a=True), o(a={}), 0, 0),
    ("false is nothing", o(a=False), o(a={"not": {}}), 0, 0),
    (
        "definitions by another name",
        {"$ref": "#/$defs/T", "$defs": {"T": o(k={"$ref": "#/$defs/T"})}},
        {"$ref": "#/definitions/Node", "definitions": {"Node": o(k={"$ref": "#/definitions/Node"})}},
        0,
        0,
    ),
    (
        "another definition within a recursion",
        {"$ref": "#/$defs/T", "$defs": {"T": o(k={"$ref": "#/$defs/T"}, v=S)}},
        {"$ref": "#/$defs/T", "$defs": {"T": o(k={"$ref": "#/$defs/T"}, v=INT)}},
        1,
        1,
    ),
    (
        "a reference with something beside it",
        {"$ref": "#/$defs/T", "minLength": 1, "$defs": {"T": S}},
        S | {"minLength": 1},
        0,
        0,
    ),
    (
        "dependentRequired in another order",
        o() | {"dependentRequired": {"a": ["b", "c"]}},
        o() | {"dependentRequired": {"a": ["c", "b"]}},
        0,
        0,
    ),
    ("str to untyped length", S, {"minLength": 5}, 1, 1),
    ("anything to untyped properties", {}, {"properties": {"a": S}}, 1, 0),
    ("anything to untyped required", {}, {"required": ["a"]}, 1, 0),
    ("untyped without a demand", {}, {"properties": {}, "required": []}, 0, 0),
    ("same untyped", {"minLength": 5}, {"minLength": 5}, 0, 0),
    ("integer to a fraction", INT | {"maximum": 5.5, "minimum": 0.5}, INT | {"maximum": 5, "minimum": 1}, 0, 0),
    ("integer beyond a fraction", INT | {"maximum": 6}, INT | {"maximum": 5.5}, 1, 0),
    ("if alone", o(a=S), o(a=S) | {"if": {"required": ["a"]}}, 0, 0),
    ("then alone", o(a=S), o(a=S) | {"then": {"required": ["a"]}}, 0, 0),
    ("dependencies of draft 4", o(a=S), o(a=S) | {"dependencies": {"a": ["b"]}}, 1, 0),
    (
        "dependencies are dependentRequired",
        o(a=S) | {"dependentRequired": {"a": ["b", "c"]}},
        o(a=S) | {"dependencies": {"a": ["c", "b"]}},
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
