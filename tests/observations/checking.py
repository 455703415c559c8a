"""What checks something with fields: each of these empty, nothing, or less than nothing, one at a time."""

from __future__ import annotations

import contextlib
import functools
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from call_cases import Case
from calling import run
from constructing import Maker
from describing import Described, Json, class_names, describe
from exhausting import exhausted
from hints import required_of
from instances import Recipe, has_fields, recipe_of
from unit import NOTHING, Observation

_CHECKS = re.compile(r"^_?(validate|check|verify|ensure)")
_LEAST: tuple[tuple[type, tuple[Any, ...]], ...] = (
    (bool, ()),
    (int, (0, -1)),
    (float, (0.0, -1.0)),
    (str, ("",)),
    (list, ([], [""])),
    (tuple, ((),)),
    (dict, ({},)),
)
"""By the type of a field, what it may be at the least, and below that."""


def observations(location: str, kind: type, maker: Maker, methods: Mapping[str, list[Case]]) -> Iterator[Observation]:
    """What each method that checks makes of its only argument, or of the instance itself, where that has fields."""
    for name in methods:
        if not _CHECKS.match(name):
            continue
        required = required_of(getattr(kind, name))
        title = f"{location}.{name} of each field at its least"
        if not required and has_fields(kind):
            yield title, functools.partial(_of_itself, kind, name)
        if len(required) == 1 and has_fields(required[0][1]):
            yield title, functools.partial(_of_given, maker, name, required[0][1])


def _of_itself(kind: type, name: str) -> Json:
    return _each(kind, operator.methodcaller(name))


def _of_given(maker: Maker, name: str, kind: type) -> Json:
    def check(given: Any) -> Any:
        return getattr(maker.make(), name)(given)

    return _each(kind, check)


def _each(kind: type, check: Callable[[Any], Any]) -> Json:
    """What comes of the check of each instance that can be made so; nothing where none can be."""
    recipe = recipe_of(kind)
    given = dict(_with_least(recipe)) if recipe else {}

    async def work() -> Described:
        return Described({label: await _outcome(functools.partial(check, each)) for label, each in given.items()})

    return run(work) if given else NOTHING


def _with_least(recipe: Recipe) -> Iterator[tuple[str, Any]]:
    """The instances with one field at its least, each by what that is."""
    whole = recipe.make(full=True)
    for field in (*recipe.required, *recipe.optional):
        for value in _least_of(getattr(whole, field, None)):
            with contextlib.suppress(Exception):
                yield f"{field}={value!r}", recipe.make(full=True, **{field: value})


def _least_of(value: Any) -> tuple[Any, ...]:
    return next((least for kind, least in _LEAST if isinstance(value, kind)), ())


async def _outcome(check: Callable[[], Any]) -> Json:
    try:
        return {"returns": describe(await exhausted(check()))}
    except Exception as error:
        return {"raises": class_names(type(error))}
