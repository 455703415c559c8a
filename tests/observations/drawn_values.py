"""Arguments drawn at random, the same ones from the same seed: near what the changed code compares with."""

from __future__ import annotations

import asyncio
import collections.abc
import contextlib
import copy
import dataclasses
import datetime as dt
import enum
import functools
import inspect
import itertools
import random
import re
import time
import types
import typing
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from bounds import within
from constructing import concrete
from describing import is_of_packages
from hints import parameters_of, reads_schemas
from known_values import is_moment
from middleware import is_request, request
from plain_samples import Sample, literal
from plausible import MOMENT, Row, another_row
from values import NoSampleError, samples
from varied import set_fields, with_field

_PLAIN = (bool, int, float, str)
_OPTIONAL = 0.35
"""How often an argument is given that may be left out."""
_GENEROUS, _ZERO = 0.8, 0.3
"""The same where the code has changed that is handed them, and how often a number is zero then, which may be taken for
nothing given."""
_DEPTH = 3
"""How deep an argument is built from drawn ones; further in are samples."""
_ITEMS = 4
"""Items of a drawn list, at most."""
_TWINS, _ROWS = 0.2, 0.75
"""How often a list has the same thing twice, but for a number, and how often a mapping of anything is a row."""
_USUAL_NUMBERS = (1, 2, 3, 5, 10, 60, 0, -1)
_PAUSES = (0.0, 0.0, 0.3, 0.7, 1.0, 3.0, 11.0)
"""Virtual seconds between two items of a stream."""
_FRACTIONS = (0.5, 0.25, 0.9)
_RICH = (None, dt.date(2024, 3, 1), b"\xff", (1, 2), frozenset({1}), uuid.UUID(int=7), float("nan"), 2**70)
_USUAL_TEXTS = ("a", "A", "")
_LATER = (0.0, 0.0, 0.4, 1.0, 1.0, 2.5, 10.0, 61.0, -0.3, -0.3, -1.0, -5.0)
"""Seconds between a moment that is handed over and the next one: at once, within a window, after it, before the last
one, and late."""
_LARGE = 100_000
"""A drawn number is no larger: it may be the length of a loop."""
_LONG = 2_001
"""Items of the longest list: what is done otherwise from so many on is found, if the code says how many."""
_EACH_COSTS, _FEW = re.compile(r"worker|concurren|parallel|thread|process|connections|pool"), 5
"""Numbers of what is begun so many times, and how many of these are enough."""
_KEPT = 12
"""Values that calls have returned, of which later calls are handed some."""


def chance_of(seed: str) -> random.Random:
    """What draws the same for the same seed."""
    return random.Random(seed)  # noqa: S311 - it is to be foreseen


class Drawn:
    """Draws arguments. ``numbers`` and ``texts`` are those that the changed code speaks of."""

    def __init__(self, numbers: Sequence[float], texts: Sequence[str]) -> None:
        near = [each for number in numbers for each in (number, number - 1, number + 1, number / 2)]
        self._numbers = [number for number in (*_USUAL_NUMBERS, *near) if abs(number) <= _LARGE]
        self._lengths = sorted({int(each) for each in self._numbers if 0 < each <= _LONG})
        self._texts, self._chance = [*_USUAL_TEXTS, *texts], chance_of("")
        self._kept: list[Any] = []
        self._used: list[str] = []
        self._coherence = 0.6
        self._is_generous = False
        self._moment = MOMENT

    def be_coherent(self) -> None:
        """Hand over the same text nearly always, whatever a parameter is called: all is about one thing."""
        self._coherence = 0.95

    @contextlib.contextmanager
    def being_generous(self) -> Iterator[None]:
        """Meanwhile hand over most of what may be left out, and often a zero."""
        self._is_generous = True
        try:
            yield
        finally:
            self._is_generous = False

    def begin(self, seed: str) -> None:
        """Draw from now on what is drawn from this seed."""
        self._chance = chance_of(seed)

    def keep(self, result: Any) -> None:
        """Remember what a call has returned: an id is for another call."""
        if isinstance(result, str | int) or is_of_packages(type(result)):
            self._kept = [*self._kept, result][-_KEPT:]

    def arguments(self, function: Any, depth: int = 0) -> dict[str, Any]:
        """Arguments by name: all that are required, and some of the others. Raises NoSampleError."""
        found: dict[str, Any] = {}
        of_schemas = reads_schemas(function)
        optional = _GENEROUS if self._is_generous else _OPTIONAL
        for parameter, annotation in _parameters(function):
            required = parameter.default is parameter.empty
            if required or self._chance.random() < optional:
                is_said = annotation not in (Any, inspect.Parameter.empty)
                if of_schemas and annotation in (dict, dict[str, Any]):
                    found[parameter.name] = self._schema()
                    continue
                kind = annotation if is_said or type(parameter.default) not in _PLAIN else type(parameter.default)
                try:
                    found[parameter.name] = self._value(kind, parameter.name, depth)
                except NoSampleError:
                    if required:
                        raise
        return found

    def _value(self, annotation: Any, name: str, depth: int) -> Any:  # noqa: C901 - a case for each form
        chance = self._chance
        origin, args = typing.get_origin(annotation), typing.get_args(annotation)
        if origin in (typing.Union, types.UnionType):
            if type(None) in args and chance.random() < 0.15:
                return None
            return self._value(chance.choice([arg for arg in args if arg is not type(None)]), name, depth)
        if origin is typing.Annotated:
            value = self._value(args[0], name, depth)
            return within([literal(value)], args[1:])[0].make() if chance.random() < 0.9 else value
        if (kept := self._kept_of(annotation)) and chance.random() < 0.4:
            return chance.choice(kept)
        if annotation in (int, float) and self._is_generous and chance.random() < _ZERO:
            return annotation(0)
        if annotation is int:
            number = int(chance.choice(self._numbers))
            return min(number, _FEW) if _EACH_COSTS.search(name) else number
        if annotation is float and not is_moment(name):
            return float(chance.choice((*self._numbers, *_FRACTIONS)))
        if annotation is str:
            return self._text(name)
        if annotation is Decimal:
            return Decimal(str(chance.choice(self._numbers))) + chance.choice((Decimal(0), Decimal("0.125")))
        if annotation is dt.datetime:
            seconds = chance.choice((*_LATER, *self._numbers))
            if chance.random() < 0.2:
                return dt.datetime.fromtimestamp(time.time(), dt.UTC) + dt.timedelta(seconds=seconds)
            moment = self._moment + dt.timedelta(seconds=seconds)
            self._moment = max(self._moment, moment)
            return moment
        if annotation is dict or (origin in (dict, collections.abc.Mapping) and args[0] is str):
            of_anything = not args or args[1] in (Any, object)
            return (
                self._row(depth)
                if of_anything and chance.random() < _ROWS
                else self._mapping(args[1] if args else Any, depth)
            )
        if annotation in (Any, object) and chance.random() < 0.6:
            return self._anything(depth)
        if origin in (list, collections.abc.Sequence, collections.abc.Iterable, set, frozenset) and args:
            items = [self._value(args[0], name.removesuffix("s"), depth + 1) for _ in range(chance.randrange(_ITEMS))]
            if items and chance.random() < _TWINS:
                items.append(self._twin(items[0]))
            if items and depth == 0 and chance.random() < 0.15:
                items = list(itertools.islice(itertools.cycle(items), chance.choice(self._lengths)))
            return origin(items) if isinstance(origin, type) and origin in (set, frozenset) else items
        if depth < _DEPTH and _is_of_values(annotation):
            with contextlib.suppress(Exception):
                return annotation(**self.arguments(annotation, depth + 1))
        if origin in (collections.abc.AsyncIterator, collections.abc.AsyncIterable, collections.abc.AsyncGenerator):
            return _stream(
                [(chance.choice(_PAUSES), self._item(args, name, depth)) for _ in range(chance.randint(2, 9))]
            )
        if isinstance(annotation, type) and is_request(annotation) and chance.random() < 0.5:
            return request(annotation, chance.choice([text for text in self._texts if text[:1] == "/"] or ["/health"]))
        found = _samples(annotation, name)
        return (found[0] if chance.random() < 0.5 else chance.choice(found)).make()

    def _schema(self) -> dict[str, Any]:
        """A JSON Schema with a field whose bounds are drawn."""
        chance = self._chance
        words = [text for text in self._texts if text.startswith(("min", "max"))] or ["minimum"]
        field = {word: chance.choice((0, 1, 2)) for word in words if chance.random() < 0.7}
        kind = "string" if any("Length" in word for word in field) else "integer"
        return {
            "type": "object",
            "properties": {"a": {"type": kind, **field}},
            "required": ["a"][: chance.randint(0, 1)],
        }

    def _mapping(self, annotation: Any, depth: int) -> dict[str, Any]:
        keys = [self._text("key") for _ in range(self._chance.randrange(_ITEMS))]
        return {key: self._value(annotation, "", depth + 1) for key in keys}

    def _anything(self, depth: int) -> Any:
        """A value of one of the kinds that are mistaken for each other, or written in several ways."""
        kind = self._chance.choice((int, float, str, Decimal, dt.datetime, bool, *_RICH, list, dict))
        if kind in (list, dict) and depth < _DEPTH:
            return self._mapping(Any, depth) if kind is dict else [self._anything(depth + 1)]
        return self._value(kind, "", depth) if isinstance(kind, type) else kind

    def _item(self, args: tuple[Any, ...], name: str, depth: int) -> Any:
        """An item of a stream: of anything, a row of one of two symbols with a time that moves on."""
        if args and args[0] is not Any and not isinstance(args[0], TypeVar):
            return self._value(args[0], name, depth + 1)
        return self._row(depth)

    def _row(self, depth: int) -> Row:
        row = self._chance.choice((Row, another_row))()
        return row.changed(ts=self._value(dt.datetime, "ts", depth).isoformat())

    def _twin(self, value: Any) -> Any:
        """The same thing with another number in it, where it has one: what is told apart by a key is told twice."""
        with contextlib.suppress(Exception):
            named = value if isinstance(value, dict) else set_fields(value)
            numbers = [name for name, part in named.items() if type(part) in (int, float, Decimal)]
            name = self._chance.choice(numbers)
            if isinstance(value, dict):
                twin = copy.copy(value)
                twin[name] = named[name] + 1
                return twin
            return with_field(value, name, named[name] + 1)
        return value

    def _text(self, name: str) -> str:
        """Often a text that was handed over before, whatever the parameter was called: it names the same thing."""
        chance = self._chance
        if self._used and chance.random() < self._coherence:
            return chance.choice(self._used)
        known = [sample.value for sample in _samples(str, name) if isinstance(sample.value, str)] or ["abc"]
        others = self._texts if chance.random() < 0.4 else known
        text = known[0] if chance.random() < 0.35 else chance.choice(others)
        self._used = [*self._used, text][-_KEPT:]
        return text

    def _kept_of(self, annotation: Any) -> list[Any]:
        kind = object if annotation is Any else annotation
        if not isinstance(kind, type) or kind is bool or issubclass(kind, enum.Enum):
            return []
        return [each for each in self._kept if isinstance(each, kind) and not isinstance(each, bool)]


async def _stream(items: Sequence[tuple[float, Any]]) -> AsyncIterator[Any]:
    """The items, each after so many virtual seconds."""
    for seconds, item in items:
        await asyncio.sleep(seconds)
        yield item


def _is_of_values(annotation: Any) -> bool:
    """Whether it is a class of the packages that holds values."""
    if not isinstance(annotation, type) or not is_of_packages(annotation):
        return False
    return hasattr(annotation, "model_fields") or dataclasses.is_dataclass(annotation)


@functools.cache
def _parameters(function: Any) -> tuple[tuple[inspect.Parameter, Any], ...]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    try:
        every = parameters_of(concrete(function) if isinstance(function, type) else function)
    except (ValueError, TypeError, NameError):
        raise NoSampleError(str(function)) from None
    return tuple(each for each in every if each[0].kind in named)


def _samples(annotation: Any, name: str) -> list[Sample]:
    try:
        return _known_samples(annotation, name)
    except TypeError:
        # An annotation that cannot be a key.
        return samples(annotation, name)


@functools.cache
def _known_samples(annotation: Any, name: str) -> list[Sample]:
    return samples(annotation, name)
