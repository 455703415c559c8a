"""Instances with numbers of another size than the plainest have: round ones, or as small as they can be."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterator
from typing import Any

from call_cases import Case
from compared_words import WORDS, ends_with_word
from constructing import Maker, cases_of, concrete, constructions
from hints import parameters_of
from instances import arguments_of, models_in, recipe_of
from values import first_sample

_ROUND = (
    (re.compile(r"capacity|max_?size|max_?len|^size|^limit|max_items|maximum", re.IGNORECASE), 10),
    (re.compile(r"high", re.IGNORECASE), 8),
    (re.compile(r"low", re.IGNORECASE), 5),
)
"""So much room that shares of it are whole numbers."""
_HOLDS = re.compile(r"queue|capacity|size|limit|buffer|depth|^max|_max$|workers", re.IGNORECASE)
"""What may be how much is held or done at a time."""
_IS_NUMBER = re.compile(r"\b(int|float)\b")
_IS_KEPT = re.compile(r"ttl|expir|max_age|lifetime|retention", re.IGNORECASE)
"""How long something is kept."""
_NUMBERS = 5
"""Numbers of one constructor that are made small, one at a time."""


def with_round_room(kind: type) -> Callable[[], Any] | None:
    """What makes an instance with that much room, and whom it may call; None where the constructor asks for no room."""
    cases = cases_of(kind)
    parameters = list(parameters_of(kind)) if cases else []
    room = {
        parameter.name: size / 10 if "float" in str(annotation) else size
        for parameter, annotation in parameters
        for pattern, size in _ROUND
        if pattern.search(parameter.name) and re.search("int|float", str(annotation))
    }
    called = {parameter.name: annotation for parameter, annotation in parameters if "Callable" in str(annotation)}
    if not room:
        return None

    def make() -> Any:
        return _made(kind, cases[0], {name: first_sample(annotation, 0) for name, annotation in called.items()} | room)

    return make


def with_little_room(kind: type) -> Iterator[tuple[str, Maker]]:
    """What makes instances that hold one thing at a time, in each of the ways that a word for them chooses."""
    real = concrete(kind)
    cases = constructions(real)
    room = tuple(name for name in _numbers_of(real) if _HOLDS.search(name)) if cases else ()
    chosen = tuple(f"{each[0].name}='" for each in parameters_of(real) if _is_choice(each[1])) if room else ()
    for number, case in enumerate(cases if room else ()):
        if number == 0 or case.of_choices or ends_with_word(case.label) or case.label.startswith(chosen):
            yield case.label, Maker(functools.partial(_made, real, case, dict.fromkeys(room, 1)))
    for parameter, annotation in parameters_of(real) if cases else ():
        for settings in models_in(annotation):
            for label, make in _settings(settings):
                given = functools.partial(_given, real, cases[0], parameter.name, make)
                yield f"{parameter.name}={settings.__name__} {label}".strip(), Maker(given)


def _settings(kind: type) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The same with what is said in an instance of its own, such as settings."""
    recipe = recipe_of(kind)
    room: dict[str, Any] = dict.fromkeys([name for name in _numbers_of(kind) if _HOLDS.search(name)], 1)
    if recipe is None or not room:
        return
    yield "", functools.partial(recipe.make, **room)
    for name, _ in arguments_of(kind):
        for word in WORDS.with_name(name):
            yield f"{name}={word!r}", functools.partial(recipe.make, **{**room, name: word})


def with_small_numbers(kind: type) -> Iterator[tuple[str, Maker]]:
    """What makes instances with one of their numbers so small that what has two items is as much, or enough."""
    real = concrete(kind)
    cases = constructions(real)
    for name in _numbers_of(real)[:_NUMBERS] if cases else ():
        yield f"{name}=2", Maker(functools.partial(_made, real, cases[0], {name: 2}))


def with_short_time(kind: type) -> Iterator[tuple[str, Maker]]:
    """What makes instances that keep what they have for two seconds."""
    for label, maker in with_small_numbers(kind):
        if _IS_KEPT.search(label):
            yield label, maker


def _is_choice(annotation: Any) -> bool:
    return typing.get_origin(annotation) is typing.Literal


def _numbers_of(kind: type) -> list[str]:
    try:
        parameters = parameters_of(kind)
    except (ValueError, TypeError):
        return []
    return [
        parameter.name
        for parameter, annotation in parameters
        if parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        and _IS_NUMBER.search(getattr(annotation, "__name__", "") if isinstance(annotation, type) else str(annotation))
    ]


def _made(kind: type, case: Case, more: dict[str, Any]) -> Any:
    positional, named = case.arguments()
    return kind(*positional, **{**named, **more})


def _given(kind: type, case: Case, name: str, make: Callable[[], Any]) -> Any:
    return _made(kind, case, {name: make()})
