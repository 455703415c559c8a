"""JSON Schemas compared by what they allow, not by how they are written.

Each version of pydantic renders the same model differently (``allOf`` around a single ``$ref``, ``const`` or an
``enum`` of one, ``anyOf`` or a list of types), so text says nothing. A schema is first brought into one form: no
references, no annotations, and a union of finite values and of unbounded kinds. Then one question is asked in either
direction: what does the left one allow that the right one does not?

Two rules are those of a reader of messages, not of JSON Schema: a property that only the newer side knows is no
break as long as it is optional, and a property that only the older side knows is one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]
Bound = tuple[float, int]

ANNOTATIONS = frozenset(
    ["$schema", "$id", "$comment", "title", "description", "examples", "default", "deprecated", "readOnly", "writeOnly"]
)
NOTHING: Schema = {"not": {}}
_SCHEMA_MAPS = ("properties", "patternProperties")
_SCHEMA_LISTS = ("anyOf", "oneOf", "prefixItems")
_SCHEMAS = ("items", "additionalProperties")
# Compared by their meaning below; any other keyword is compared as it stands.
_UNDERSTOOD = frozenset(["type", "properties", "required", "items", "additionalProperties"]) | {
    *("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
}


@dataclass(frozen=True)
class Shape:
    """What a schema allows: these values (as JSON texts) and these kinds (schemas of one unbounded type each)."""

    values: frozenset[str]
    kinds: tuple[Schema, ...]

    def __str__(self) -> str:
        return " | ".join([*sorted(self.values), *(_described(kind) for kind in self.kinds)]) or "nothing"


@dataclass(frozen=True)
class _Sides:
    """Who stands on either side of a comparison, for the sentences it makes."""

    left: str
    right: str

    @property
    def contract_is_left(self) -> bool:
        return self.left == _CONTRACT


_CONTRACT, _RELEASE = "the contract", "this release"


def accepts_less(contract: Schema, release: Schema) -> list[str]:
    """List what ``contract`` lets a producer send that ``release`` no longer accepts; both without references."""
    return list(_beyond(shape(contract), shape(release), "", _Sides(_CONTRACT, _RELEASE)))


def emits_more(contract: Schema, release: Schema) -> list[str]:
    """List what ``release`` may send that a consumer of ``contract`` does not accept; both without references."""
    return list(_beyond(shape(release), shape(contract), "", _Sides(_RELEASE, _CONTRACT)))


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
    """Replace the references in ``schema`` by what they point to, and drop annotations except ``keep``."""
    if isinstance(schema, bool):
        return {} if schema else NOTHING

    def inner(part: Schema | bool) -> Schema:
        return inlined(part, lookup, keep=keep, trail=trail)

    flat: Schema = {}
    for keyword, value in schema.items():
        if keyword in ("$ref", "$defs", "definitions", "allOf") or keyword in ANNOTATIONS - keep:
            continue
        if keyword in _SCHEMA_MAPS:
            flat[keyword] = {name: inner(part) for name, part in value.items()}
        elif keyword in _SCHEMA_LISTS:
            flat[keyword] = [inner(part) for part in value]
        else:
            flat[keyword] = inner(value) if keyword in _SCHEMAS else value
    for part in schema.get("allOf", ()):
        flat = _both(inner(part), flat)
    if ref := schema.get("$ref"):
        # A schema that contains itself is compared by name where it comes round again.
        again = {"recursion": ref} if ref in trail else inlined(lookup(ref), lookup, keep=keep, trail=(*trail, ref))
        flat = _both(again, flat)
    return flat


def _both(first: Schema, second: Schema) -> Schema:
    """Merge into the schema that asks for both; ``second``'s ``default`` prevails, as it stands closer to the field."""
    merged = dict(first)
    for keyword, value in second.items():
        other: Any = merged.get(keyword, value)
        if other == value or keyword == "default":
            merged[keyword] = value
        elif keyword == "properties":
            merged[keyword] = other | {name: _both(other.get(name, {}), part) for name, part in value.items()}
        elif keyword == "required":
            merged[keyword] = [*other, *(name for name in value if name not in other)]
        else:
            return {"allOf": [first, second]}
    return merged


def shape(schema: Schema) -> Shape:
    """Bring ``schema``, which is free of references, into the one form in which schemas are compared."""
    if schema == NOTHING:
        return Shape(frozenset(), ())
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {name: value for name, value in schema.items() if name != keyword}
            return _union(shape(_both(rest, option)) for option in schema[keyword])
    if "const" in schema:
        return Shape(frozenset([json.dumps(schema["const"])]), ())
    if "enum" in schema:
        return Shape(frozenset(json.dumps(value) for value in schema["enum"]), ())
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return _union(shape(schema | {"type": one}) for one in kind)
    finite = {"null": ["null"], "boolean": ["false", "true"]}.get(kind)
    return Shape(frozenset(finite), ()) if finite else Shape(frozenset(), (schema | {"type": kind},))


def _union(shapes: Iterable[Shape]) -> Shape:
    listed = list(shapes)
    values = frozenset[str]().union(*(one.values for one in listed))
    return Shape(values, tuple(kind for one in listed for kind in one.kinds))


def _beyond(left: Shape, right: Shape, at: str, sides: _Sides) -> Iterable[str]:
    """Say what ``left`` allows and ``right`` does not, one sentence each."""
    strays = [value for value in sorted(left.values - right.values) if not _any_admits(right.kinds, value)]
    if strays:
        yield f"{at}: {sides.left} allows {', '.join(strays)}, {sides.right} {right}"
    for kind in left.kinds:
        found = [list(_kind_beyond(kind, other, at, sides)) for other in right.kinds if _comparable(kind, other)]
        if found:
            yield from min(found, key=len)
        else:
            yield f"{at}: {sides.left} allows {_described(kind)}, {sides.right} {right}"


def _any_admits(kinds: Iterable[Schema], value: str) -> bool:
    return any(kind["type"] == "any" or Draft202012Validator(kind).is_valid(json.loads(value)) for kind in kinds)


def _comparable(left: Schema, right: Schema) -> bool:
    pair = (left["type"], right["type"])
    return pair[0] == pair[1] or pair == ("integer", "number") or pair[1] == "any"


def _kind_beyond(left: Schema, right: Schema, at: str, sides: _Sides) -> Iterable[str]:
    for keyword in sorted(right.keys() - _UNDERSTOOD):
        if left.get(keyword) != right[keyword]:
            known = [json.dumps(side.get(keyword)) for side in (left, right)]
            yield f"{at}: {keyword} is {known[0]} in {sides.left} and {known[1]} in {sides.right}"
    if right["type"] == "any":
        return
    if _exceeds(left, right):
        yield f"{at}: {sides.left} allows {_described(left)}, {sides.right} {_described(right)}"
    if left["type"] == "array":
        yield from _beyond(shape(left.get("items", {})), shape(right.get("items", {})), f"{at}/[]", sides)
    if left["type"] == "object":
        yield from _object_beyond(left, right, at, sides)


def _object_beyond(left: Schema, right: Schema, at: str, sides: _Sides) -> Iterable[str]:
    lefts, rights = left.get("properties", {}), right.get("properties", {})
    gone = set(lefts) - set(rights) if sides.contract_is_left else set(rights) - set(lefts)
    for name in sorted(gone):
        yield f"{at}/{name}: {_RELEASE} does not have it any more"
    for name in sorted(set(right.get("required", ())) - set(left.get("required", ())) - gone):
        yield f"{at}/{name}: {sides.right} requires it, {sides.left} does not"
    more: Schema = right.get("additionalProperties", {})
    for name in sorted(set(lefts) - gone):
        yield from _beyond(shape(lefts[name]), shape(rights.get(name, more)), f"{at}/{name}", sides)
    yield from _beyond(shape(left.get("additionalProperties", {})), shape(more), f"{at}/*", sides)


_SIZES = {"string": "Length", "array": "Items", "object": "Properties"}


def _range(kind: Schema) -> tuple[Bound, Bound]:
    """Tell the lower and the upper bound of a kind: for numbers of the value, otherwise of its size.

    The second member of a bound tells open from closed, so that bounds compare as plain tuples.
    """
    if size := _SIZES.get(kind["type"]):
        return (kind.get(f"min{size}", 0), 0), (kind.get(f"max{size}", math.inf), 0)
    step = 1 if kind["type"] == "integer" else 0
    lows: list[Bound] = [(-math.inf, 0)]
    highs: list[Bound] = [(math.inf, 0)]
    if "minimum" in kind:
        lows.append((kind["minimum"], 0))
    if "exclusiveMinimum" in kind:
        lows.append((kind["exclusiveMinimum"] + step, 1 - step))
    if "maximum" in kind:
        highs.append((kind["maximum"], 0))
    if "exclusiveMaximum" in kind:
        highs.append((kind["exclusiveMaximum"] - step, step - 1))
    return max(lows), min(highs)


def _exceeds(left: Schema, right: Schema) -> bool:
    (left_low, left_high), (right_low, right_high) = _range(left), _range(right)
    return left_low < right_low or left_high > right_high


def _described(kind: Schema) -> str:
    if kind["type"] == "any":
        return "anything"
    (low, low_open), (high, high_open) = _range(kind)
    words: list[str] = [kind["type"]]
    if low > (0 if kind["type"] in _SIZES else -math.inf):
        words.append(f"{'above' if low_open else 'from'} {low:g}")
    if high < math.inf:
        words.append(f"{'below' if high_open else 'to'} {high:g}")
    return " ".join(words + ["long"] * (kind["type"] in _SIZES and len(words) > 1))
