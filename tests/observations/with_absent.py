"""Calls of what a module offers while doubles stand in for the libraries that it does without."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from absent_libraries import Names, standing_in
from call_cases import Case
from compared_words import ends_with_word
from constructing import Maker, cases_of, concrete, is_static, method_cases, methods_of
from describing import Json
from lifecycles import beginning_and_end
from unit import Observation

_TITLE = "with what is absent"
_WAYS = 3
"""Calls of a function or a method."""
Call = Callable[[Any, Case], Json]
"""What observes a function that is called so."""
MethodCall = Callable[[Maker, str, Case, str], Json]
"""What observes a method of an instance that is made for the call, after another method where one is named."""


def of_function(location: str, function: Any, names: Names, call: Call) -> Iterator[Observation]:
    """The plainest calls of a function whose module does without something; ``names`` is all that is absent."""
    if function.__module__ in names:
        for case in cases_of(function)[:_WAYS]:
            observe = functools.partial(call, function, case)
            yield f"{location}[{case.label}] {_TITLE}", functools.partial(_within, names, observe)


def of_class(
    location: str, kind: type, imports: tuple[str, ...], names: Names, call: Call, method_call: MethodCall
) -> Iterator[Observation]:
    """The plainest calls of each method of such a class, and again on an instance that has begun.

    It is made in the plainest way, and with each other word that an argument may be.
    """
    if kind.__module__ not in names:
        return
    methods = dict(methods_of(kind, imports))
    opener, _ = beginning_and_end(set(methods))
    real = concrete(kind)
    made = [case for number, case in enumerate(cases_of(real)) if not number or ends_with_word(case.label)]
    for name, method in methods.items():
        for case in method_cases(kind, name, method)[:_WAYS]:
            if is_static(kind, name):
                observe = functools.partial(call, getattr(kind, name), case)
                yield f"{location}.{name}[{case.label}] {_TITLE}", functools.partial(_within, names, observe)
                continue
            for way in made:
                maker = Maker(functools.partial(way.call, real))
                for first in dict.fromkeys(["", opener or ""]):
                    title = f"{location}.{name}[{case.label}] {_TITLE}" + (f" after {first}" if first else "")
                    observe = functools.partial(method_call, maker, name, case, first)
                    yield (
                        f"{title} made with {way.label}" if way.label else title,
                        functools.partial(_within, names, observe),
                    )


def _within(names: Names, observe: Callable[[], Json]) -> Json:
    with standing_in(names):
        return observe()
