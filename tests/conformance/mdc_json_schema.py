"""JSON Schemas compared by what they allow, not by how they are written.

Both are first brought into one form (``mdc_schema_form``). Then one question is asked in either direction: what does
the left one allow that the right one does not?

Two rules are those of a reader of messages, not of JSON Schema: a property that only the newer side knows is no
break as long as it is optional, and a property that only the older side knows is one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass

from mdc_schema_form import Schema, Shape, admits, both, exact, shape, value_text

Bound = tuple[float, int]

_STRING: Schema = {"type": "string"}
_FEW = 16
"""So many integers between two bounds are as good as a list of them."""
# Compared by their meaning below; any other keyword is compared as it stands.
_UNDERSTOOD = frozenset(["type", "properties", "required", "items", "additionalProperties", "default"]) | {
    *("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "propertyNames", "prefixItems"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
}


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


def _beyond(left: Shape, right: Shape, at: str, sides: _Sides) -> Iterable[str]:
    """Say what ``left`` allows and ``right`` does not, one sentence each."""
    strays = [value for value in sorted(left.values - right.values) if not _any_admits(right.kinds, value)]
    if strays:
        yield f"{at}: {sides.left} allows {', '.join(strays)}, {sides.right} {_allowed(right)}"
    for kind in left.kinds:
        if _is_listed(kind, right):
            continue
        found = [list(_kind_beyond(kind, other, at, sides)) for other in right.kinds if _comparable(kind, other)]
        if found:
            yield from min(found, key=len)
        else:
            yield f"{at}: {sides.left} allows {_described(kind)}, {sides.right} {_allowed(right)}"


def _any_admits(kinds: Iterable[Schema], value: str) -> bool:
    return any(admits(kind, json.loads(value)) for kind in kinds)


def _is_listed(kind: Schema, right: Shape) -> bool:
    """Whether a kind is a few integers, each of which is among the values on the right."""
    (low, _), (high, _) = _range(kind)
    if kind["type"] != "integer" or not high - low < _FEW or not low <= high:
        return False
    integers = range(math.ceil(low), math.floor(high) + 1)
    return {value_text(number) for number in integers if admits(kind, number)} <= right.values


def _comparable(left: Schema, right: Schema) -> bool:
    pair = (left["type"], right["type"])
    return pair[0] == pair[1] or pair == ("integer", "number") or pair[1] == "any"


def _kind_beyond(left: Schema, right: Schema, at: str, sides: _Sides) -> Iterable[str]:
    for keyword in sorted(right.keys() - _UNDERSTOOD):
        if value_text(left.get(keyword)) != value_text(right[keyword]):
            known = [json.dumps(side.get(keyword)) for side in (left, right)]
            yield f"{at}: {keyword} is {known[0]} in {sides.left} and {known[1]} in {sides.right}"
    if right["type"] == "any":
        return
    if not _is_multiple(left, right):
        known = [json.dumps(side.get("multipleOf")) for side in (left, right)]
        yield f"{at}: multipleOf is {known[0]} in {sides.left} and {known[1]} in {sides.right}"
    if _exceeds(left, right):
        yield f"{at}: {sides.left} allows {_described(left)}, {sides.right} {_described(right)}"
    if left["type"] == "array":
        yield from _items_beyond(left, right, at, sides)
    if left["type"] == "object":
        yield from _object_beyond(left, right, at, sides)


def _items_beyond(left: Schema, right: Schema, at: str, sides: _Sides) -> Iterable[str]:
    for place in range(max(len(side.get("prefixItems", ())) for side in (left, right))):
        yield from _beyond(shape(_item(left, place)), shape(_item(right, place)), f"{at}/[{place}]", sides)
    yield from _beyond(shape(left.get("items", {})), shape(right.get("items", {})), f"{at}/[]", sides)


def _item(array: Schema, place: int) -> Schema:
    listed: list[Schema] = array.get("prefixItems", [])
    rest: Schema = array.get("items", {})
    return listed[place] if place < len(listed) else rest


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
    first, second = (shape(both(_STRING, side.get("propertyNames", {}))) for side in (left, right))
    yield from _beyond(first, second, f"{at}/(names)", sides)


_SIZES = {"string": "Length", "array": "Items", "object": "Properties"}


def _range(kind: Schema) -> tuple[Bound, Bound]:
    """Tell the lower and the upper bound of a kind: for numbers of the value, otherwise of its size.

    The second member of a bound tells open from closed, so that bounds compare as plain tuples.
    """
    if size := _SIZES.get(kind["type"]):
        return (kind.get(f"min{size}", 0), 0), (kind.get(f"max{size}", math.inf), 0)
    if kind["type"] == "integer":
        return _integer_range(kind)
    lows: list[Bound] = [(-math.inf, 0)]
    highs: list[Bound] = [(math.inf, 0)]
    if "minimum" in kind:
        lows.append((kind["minimum"], 0))
    if "exclusiveMinimum" in kind:
        lows.append((kind["exclusiveMinimum"], 1))
    if "maximum" in kind:
        highs.append((kind["maximum"], 0))
    if "exclusiveMaximum" in kind:
        highs.append((kind["exclusiveMaximum"], -1))
    return max(lows), min(highs)


def _integer_range(kind: Schema) -> tuple[Bound, Bound]:
    """Tell the first and the last integer: up to 5.5 is up to 5, and above 4 is from 5."""
    lows, highs = [-math.inf], [math.inf]
    if "minimum" in kind:
        lows.append(math.ceil(kind["minimum"]))
    if "exclusiveMinimum" in kind:
        lows.append(math.floor(kind["exclusiveMinimum"]) + 1)
    if "maximum" in kind:
        highs.append(math.floor(kind["maximum"]))
    if "exclusiveMaximum" in kind:
        highs.append(math.ceil(kind["exclusiveMaximum"]) - 1)
    return (max(lows), 0), (min(highs), 0)


def _is_multiple(left: Schema, right: Schema) -> bool:
    if "multipleOf" not in right:
        return True
    step = left.get("multipleOf", 1 if left["type"] == "integer" else None)
    return step is not None and (exact(step) / exact(right["multipleOf"])).denominator == 1


def _exceeds(left: Schema, right: Schema) -> bool:
    (left_low, left_high), (right_low, right_high) = _range(left), _range(right)
    return left_low < right_low or left_high > right_high


def _allowed(shape: Shape) -> str:
    return " | ".join([*sorted(shape.values), *(_described(kind) for kind in shape.kinds)]) or "nothing"


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
