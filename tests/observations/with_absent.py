"""Calls of what a module offers while doubles stand in for the libraries that it does without."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from absent_libraries import Names, standing_in
from call_cases import Case
from compared_words import ends_with_word
from constructing import Maker, cases_of, concrete, is_static, method_cases, methods_of
from describing import Json
from lifecycles import beginning_and_end
from unit import Observation

_WAYS = 3
"""Calls of a function or a method."""
Call = Callable[[Any, Case], Json]
"""What observes a function that is called so."""
MethodCall = Callable[[Maker, str, Case, str], Json]
"""What observes a method of an instance that is made for the call, after another method where one is named."""


def of_function(location: str, function: Any, absent: Names, call: Call) -> Iterator[Observation]:
    """The plainest calls of a function whose module does without something; ``absent`` is all that is done without."""
    names = absent.get(function.__module__, ())
    for case in cases_of(function)[:_WAYS] if names else ():
        within = functools.partial(_within, function.__module__, names, functools.partial(call, function, case))
        yield f"{location}[{case.label}] {_title(names)}", within


def of_class(
    location: str, kind: type, imports: tuple[str, ...], absent: Names, call: Call, method_call: MethodCall
) -> Iterator[Observation]:
    """The plainest calls of each method of such a class, and again on an instance that has begun.

    It is made in the plainest way, and with each other word that an argument may be.
    """
    names = absent.get(kind.__module__, ())
    methods = dict(methods_of(kind, imports)) if names else {}
    opener, _ = beginning_and_end(set(methods))
    real, within = concrete(kind), functools.partial(_within, kind.__module__, names)
    made = [case for number, case in enumerate(cases_of(real)) if not number or ends_with_word(case.label)]
    for name, method in methods.items():
        for case in method_cases(kind, name, method)[:_WAYS]:
            title = f"{location}.{name}[{case.label}] {_title(names)}"
            if is_static(kind, name):
                yield title, functools.partial(within, functools.partial(call, getattr(kind, name), case))
                continue
            for way in made:
                maker, made_with = Maker(functools.partial(way.call, real)), f" made with {way.label}" * bool(way.label)
                for first in dict.fromkeys(["", opener or ""]):
                    observe = functools.partial(method_call, maker, name, case, first)
                    yield f"{title}{f' after {first}' * bool(first)}{made_with}", functools.partial(within, observe)


def _title(names: Sequence[str]) -> str:
    # With other names it is another observation: one that a module no longer lacks, or lacks too, changes all of them.
    return f"with doubles of {', '.join(names)}"


def _within(module: str, names: Sequence[str], observe: Callable[[], Json]) -> Json:
    with standing_in(module, names):
        return observe()
