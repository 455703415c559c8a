"""The one form that JSON Schemas are compared in: no references, no annotations, values and kinds apart.

Each version of pydantic renders the same model differently (``allOf`` around a single ``$ref``, ``const`` or an
``enum`` of one, ``anyOf`` or a list of types), and other generators do so too (``nullable`` of OpenAPI 3.0). What means
the same is brought to the same form here. A keyword that asserts nothing is left out, whatever its name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

NOTHING: Schema = {"not": {}}
_SCHEMA_MAPS = ("properties", "patternProperties", "dependentSchemas")
_SCHEMA_LISTS = ("anyOf", "oneOf", "prefixItems")
_SCHEMAS = (
    *("items", "additionalProperties", "propertyNames", "unevaluatedProperties", "unevaluatedItems"),
    *("contains", "not", "if", "then", "else"),
)
_HIGHEST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_LOWEST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
# What JSON Schema lets a schema demand. Every other keyword (title, example, x-…, discriminator) is a note to a reader.
_ASSERTIONS = frozenset(["type", "enum", "const", "required", "pattern", "format", "multipleOf", "uniqueItems"]) | {
    *_SCHEMA_MAPS,
    *_SCHEMA_LISTS,
    *_SCHEMAS,
    *_HIGHEST,
    *_LOWEST,
    *("minContains", "maxContains", "dependentRequired"),
}

_TYPES = ("string", "number", "array", "object", "boolean", "null")
# What a keyword speaks of, where it speaks of values of one type only.
_TYPES_OF_KEYWORDS = {
    **dict.fromkeys(("pattern", "format", "minLength", "maxLength"), "string"),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "unevaluatedItems"), "array"),
    **dict.fromkeys(("contains", "minContains", "maxContains"), "array"),
    **dict.fromkeys(("properties", "patternProperties", "additionalProperties", "unevaluatedProperties"), "object"),
    **dict.fromkeys(("propertyNames", "required", "minProperties", "maxProperties"), "object"),
    **dict.fromkeys(("dependentRequired", "dependentSchemas"), "object"),
}


@dataclass(frozen=True)
class Shape:
    """What a schema allows: these values (as JSON texts) and these kinds (schemas of one unbounded type each)."""

    values: frozenset[str]
    kinds: tuple[Schema, ...]


def pointed(root: Schema) -> Callable[[str], Schema]:
    """Look up the references that point into ``root`` itself, as pydantic writes them (``#/$defs/Name``)."""

    def lookup(ref: str) -> Schema:
        node: Any = root
        for part in ref.removeprefix("#").split("/")[1:]:
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return dict(node)

    return lookup


def inlined(
    schema: Schema | bool,
    lookup: Callable[[str], Schema],
    *,
    keep: frozenset[str] = frozenset(),
    trail: tuple[str, ...] = (),
) -> Schema:
    """Replace the references in ``schema`` by what they point to, and drop what asserts nothing except ``keep``."""
    if isinstance(schema, bool):
        return {} if schema else NOTHING

    def inner(part: Schema | bool) -> Schema:
        return inlined(part, lookup, keep=keep, trail=trail)

    flat: Schema = {}
    for keyword, value in _in_one_dialect(schema).items():
        if keyword not in _ASSERTIONS | keep:
            continue
        if keyword in _SCHEMA_MAPS:
            flat[keyword] = {name: inner(part) for name, part in value.items()}
        elif keyword in _SCHEMA_LISTS:
            flat[keyword] = [inner(part) for part in value]
        else:
            flat[keyword] = inner(value) if keyword in _SCHEMAS else value
    for part in schema.get("allOf", ()):
        flat = both(inner(part), flat)
    if ref := schema.get("$ref"):
        # A schema that contains itself is compared by how far up that is, as definitions may have any name.
        seen = {"recursion": len(trail) - trail.index(ref)} if ref in trail else None
        flat = both(seen or inlined(lookup(ref), lookup, keep=keep, trail=(*trail, ref)), flat)
    return _or_null(flat, keep) if schema.get("nullable") is True else flat


def _or_null(flat: Schema, keep: frozenset[str]) -> Schema:
    notes = {keyword: flat.pop(keyword) for keyword in keep & flat.keys()}
    return {"anyOf": [flat, {"type": "null"}], **notes}


def _in_one_dialect(schema: Schema) -> Schema:
    """The schema as draft 2020-12 has it, where an earlier draft or OpenAPI 3.0 has it in another way."""
    current = dict(schema)
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(current.get(exclusive), bool) and current.pop(exclusive) and bound in current:
            current[exclusive] = current.pop(bound)
    if isinstance(current.get("items"), list):
        current["prefixItems"] = current.pop("items")
        if "additionalItems" in current:
            current["items"] = current.pop("additionalItems")
    for name, demand in current.pop("dependencies", {}).items():
        keyword = "dependentRequired" if isinstance(demand, list) else "dependentSchemas"
        current[keyword] = {**current.get(keyword, {}), name: demand}
    if "dependentRequired" in current:
        current["dependentRequired"] = {name: sorted(names) for name, names in current["dependentRequired"].items()}
    if not current.get("uniqueItems", True):
        del current["uniqueItems"]
    # Each of these says nothing without the others.
    silent = [] if "if" in current and current.keys() & {"then", "else"} else ["if", "then", "else"]
    silent += [] if "contains" in current else ["minContains", "maxContains"]
    for keyword in silent:
        current.pop(keyword, None)
    if "unevaluatedProperties" in current and "additionalProperties" not in current:
        # What differs between them is how they see the schemas beside them, which are merged here.
        current["additionalProperties"] = current.pop("unevaluatedProperties")
    return current


def both(first: Schema, second: Schema) -> Schema:
    """Merge into the schema that asks for both; ``second``'s ``default`` prevails, as it stands closer to the field."""
    merged = dict(first)
    for keyword, value in second.items():
        other: Any = merged.get(keyword, value)
        if other == value or keyword == "default":
            merged[keyword] = value
        elif keyword in _MERGERS:
            merged[keyword] = _MERGERS[keyword](other, value)
        else:
            merged[keyword], rest = sorted((other, value), key=value_text)
            merged["allOf"] = sorted([*merged.get("allOf", ()), {keyword: rest}], key=value_text)
    return NOTHING if merged.get("type") == [] else merged


def _both_maps(first: dict[str, Schema], second: dict[str, Schema]) -> dict[str, Schema]:
    return first | {name: both(first.get(name, {}), part) for name, part in second.items()}


def _both_types(first: str | list[str], second: str | list[str]) -> str | list[str]:
    firsts, seconds = ([one] if isinstance(one, str) else one for one in (first, second))
    common = [one for one in firsts if one in seconds or (one == "integer" and "number" in seconds)]
    if "number" in firsts and "integer" in seconds and "integer" not in common:
        common.append("integer")
    return common[0] if len(common) == 1 else common


def _both_steps(first: float, second: float) -> float:
    one, other = exact(first), exact(second)
    step = Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))
    return step.numerator if step.denominator == 1 else float(step)


_MERGERS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(_HIGHEST, max),
    **dict.fromkeys(_LOWEST, min),
    "properties": _both_maps,
    "required": lambda first, second: [*first, *(name for name in second if name not in first)],
    "type": _both_types,
    "enum": lambda first, second: [one for one in first if value_text(one) in map(value_text, second)],
    "anyOf": lambda first, second: [both(one, other) for one in first for other in second],
    "multipleOf": _both_steps,
    **dict.fromkeys(("items", "additionalProperties", "propertyNames"), both),
}


def shape(schema: Schema) -> Shape:
    """Bring ``schema``, which is free of references, into the one form in which schemas are compared."""
    if schema == NOTHING:
        return Shape(frozenset(), ())
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {name: value for name, value in schema.items() if name != keyword}
            return _union(shape(both(rest, option)) for option in schema[keyword])
    for keyword in ("const", "enum"):
        if keyword in schema:
            rest = {name: value for name, value in schema.items() if name != keyword}
            values = [schema["const"]] if keyword == "const" else schema["enum"]
            return Shape(frozenset(value_text(value) for value in values if admits(rest, value)), ())
    kind = schema.get("type", "any")
    if kind == "any" and any(schema.get(keyword) not in (None, {}, []) for keyword in _TYPES_OF_KEYWORDS):
        # What is asked of strings leaves numbers as they are.
        return _union(shape(_for_type(schema, one)) for one in _TYPES)
    if isinstance(kind, list):
        return _union(shape(schema | {"type": one}) for one in kind)
    finite = {"null": ["null"], "boolean": ["false", "true"]}.get(kind)
    return Shape(frozenset(finite), ()) if finite else Shape(frozenset(), (_kind(schema | {"type": kind}),))


def _for_type(schema: Schema, kind: str) -> Schema:
    """The schema for values of one type, without what is asked of other types."""
    return {"type": kind} | {name: part for name, part in schema.items() if _TYPES_OF_KEYWORDS.get(name, kind) == kind}


def _kind(schema: Schema) -> Schema:
    """The schema of one type; numbers that are multiples of an integer are integers."""
    if schema["type"] not in ("number", "integer") or not schema.get("multipleOf"):
        return schema
    rest = {keyword: value for keyword, value in schema.items() if keyword != "multipleOf"}
    step = exact(schema["multipleOf"])
    if schema["type"] == "number" and step.denominator != 1:
        return schema
    # Of integers, the multiples of 1.5 are those of 3.
    return rest | {"type": "integer"} | ({"multipleOf": step.numerator} if step.numerator != 1 else {})


def exact(number: float) -> Fraction:
    """The number as it is written: 0.3 is three times 0.1."""
    return Fraction(str(number))


def admits(schema: Schema, value: Any) -> bool:
    """Whether a schema of the form that is made here allows a value."""
    known = {keyword: part for keyword, part in schema.items() if (keyword, part) != ("type", "any")}
    return not known or bool(Draft202012Validator(known).is_valid(value))


def value_text(value: object) -> str:
    """A value as JSON, alike for values that JSON does not tell apart: 1 and 1.0, an object in another order."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _union(shapes: Iterable[Shape]) -> Shape:
    listed = list(shapes)
    values = frozenset[str]().union(*(one.values for one in listed))
    kinds = {value_text(kind): kind for one in listed for kind in one.kinds}
    return Shape(values, tuple(kinds.values()))
