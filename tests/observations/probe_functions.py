"""Public functions and classes, called with the same arguments on both sides: values, errors, what they hand over."""

from __future__ import annotations

import copy
import dataclasses
import enum
import functools
import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import decorating
import sequences
import with_absent
from absent_libraries import Names, absent_names
from call_cases import Case, few
from calling import run
from collaborators import HANDED
from compared_words import ends_with_word
from constructing import (
    CASES,
    Maker,
    cases_of,
    concrete,
    constructions,
    is_static,
    maker_of,
    method_cases,
    methods_of,
    with_collaborators,
)
from describing import Described, Json, attributes, changed_state, describe, field_names, state_of
from each_call import EVERY, each_call
from exhausting import exhausted, is_to_be_entered, left_by_error
from instances import shared_attributes
from lifecycles import CLOSERS, OPENERS, beginning_and_end
from plain_samples import Sample
from rooms import with_small_numbers
from surface import PublicObject, Surface, is_defined_in
from unit import NOTHING, Observation, Unit

_IS_MET = re.compile(r"threshold|batch|size|limit|^max|^min|count|every")
"""Numbers that what is handed over may meet: as many as that, and something else is done."""
_OF_BEGUN = 12
"""Calls of a method of an instance that has begun."""


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each function and class: what one changes, no other is to see. Values of a module share a process."""
    values: dict[str, list[PublicObject]] = {}
    commands, absent = _commands(surface), absent_names(surface.modules)
    for each in surface.objects():
        if id(each.value) in commands:
            continue
        if not isinstance(each.value, type):
            yield Unit("functions", each.location, functools.partial(_function, each, absent))
        elif _is_value(each.value, surface):
            values.setdefault(each.location.rpartition(".")[0], []).append(each)
        elif not getattr(each.value, "_is_protocol", False):
            yield Unit("functions", each.location, functools.partial(_class, each, surface, absent))
    for module, several in values.items():
        yield Unit("functions", module, functools.partial(_values, several, surface))


def _commands(surface: Surface) -> set[int]:
    """The functions that are commands of a program made with typer: they are called on a command line, not by name."""
    programs = (value for module in surface.modules.values() for value in vars(module).values())
    return {
        id(command.callback)
        for program in programs
        if type(program).__name__ == "Typer"
        for command in getattr(program, "registered_commands", ())
    }


def _is_value(kind: type, surface: Surface) -> bool:
    """Whether a class only holds values: there is no method of it that could change what others see."""
    if issubclass(kind, BaseException):
        return True
    holds = hasattr(kind, "model_fields") or dataclasses.is_dataclass(kind) or issubclass(kind, enum.Enum)
    return holds and not any(True for _ in methods_of(kind, surface.imports))


def _values(several: list[PublicObject], surface: Surface) -> Iterator[Observation]:
    for each in several:
        yield from _error(each) if issubclass(each.value, BaseException) else _class(each, surface, {})


def _function(each: PublicObject, absent: Names) -> Iterator[Observation]:
    every = cases_of(each.value, EVERY)
    cases, watched = few(every, CASES), functools.partial(_watched, each.value)
    yield from each_call(each.location, each.value, every, functools.partial(_call_of, each.value), watched)
    for case in cases[:1]:
        yield f"{each.location} twice", functools.partial(_twice, each.value, case)
        yield f"{each.location} left by an error", functools.partial(_left_by_error, each.value, case)
    yield from decorating.observations(each.location, each.value, cases)
    yield from with_absent.of_function(each.location, each.value, absent, _watched)
    if len(cases) > 1:
        yield f"{each.location} of its own result", functools.partial(_of_own_result, each.value, cases)


def _call_of(function: Callable[..., Any], case: Case) -> Any:
    return case.call(function)


def _watched(function: Callable[..., Any], case: Case) -> Json:
    """A call, and which of its arguments it has changed."""
    made: list[Any] = []
    before: list[Json] = []

    def work() -> Any:
        made.extend(case.arguments())
        before.append(describe(made))
        return function(*made[0], **made[1])

    seen = run(work)
    if before and before[0] != (after := describe(made)):
        seen["arguments afterwards"] = after
    return seen


def _twice(function: Callable[..., Any], case: Case) -> Json:
    """Whether a second call gets the same, or even the same object, and whether a change to it is seen by the third."""

    def work() -> Json:
        first, second = case.call(function), case.call(function)
        for result in (first, second):
            if hasattr(result, "close") and (hasattr(result, "cr_code") or hasattr(result, "gi_code")):
                result.close()
                return "not called"
        is_one = first is second and not isinstance(first, str | int | float | tuple | None | type)
        seen: dict[str, Json] = {"equal": describe(first) == describe(second), "one object": is_one}
        if sequences.spoil(second):
            seen["a change stays"] = describe(case.call(function)) != describe(first) or is_one
        return Described(seen)

    return run(work)


def _left_by_error(function: Callable[..., Any], case: Case) -> Json:
    """What it makes of an error within it, where its result is entered; nothing where it is not."""
    results: list[Any] = []
    run(lambda: results.append(case.call(function)))
    if not results or not is_to_be_entered(results[0]):
        return NOTHING
    return run(functools.partial(left_by_error, results[0]))


def _of_own_result(function: Callable[..., Any], cases: Sequence[Case]) -> Json:
    """What becomes of its result where it takes what it gives, with other arguments beside it; nothing where not."""
    name, sample = cases[0].named[0] if cases[0].named else ("", None)
    results: list[Any] = []

    def keep() -> None:
        if sample and type(result := cases[0].call(function)) is type(sample.make()) and result is not None:
            results.append(result)

    run(keep)
    if not results:
        return NOTHING
    given = Sample("its own result", lambda: results[0])
    seen: dict[str, Json] = {}
    for case in cases:
        if dict(case.named)[name] is sample:
            named = tuple((dict(case.named) | {name: given}).items())
            seen[case.label] = run(functools.partial(dataclasses.replace(case, named=named).call, function))
    return seen


def _error(each: PublicObject) -> Iterator[Observation]:
    """An error class: its bases, and what it carries and shows."""
    yield f"{each.location}[bases]", functools.partial(_bases, each.value)
    cases = cases_of(each.value)
    for case in cases[:1]:
        yield f"{each.location} shared", functools.partial(run, functools.partial(_shared, each.value, case))
    for case in cases:
        yield f"{each.location}[{case.label}]", functools.partial(run, functools.partial(_carried, each.value, case))


def _shared(kind: type[BaseException], case: Case) -> list[str]:
    return shared_attributes(case.call(kind), case.call(kind))


def _bases(kind: type[BaseException]) -> Json:
    return [base.__name__ for base in kind.__mro__ if base is not object]


def _carried(kind: type[BaseException], case: Case) -> Json:
    error = case.call(kind)
    texts = [kind.__name__, *(str(each.value) for each in (*case.positional, *dict(case.named).values()) if each.value)]
    # How it is put is its author's: which of what it was made with a reader finds in it is not.
    shown = {name: {text: text in show(error) for text in texts} for name, show in (("str", str), ("repr", repr))}
    return {"args": list(error.args), "attributes": dict(attributes(error)), "pickled": _comes_back(error), **shown}


def _comes_back(value: Any) -> bool:
    try:
        return type(pickle.loads(pickle.dumps(value))) is type(value)  # noqa: S301 - what was pickled the line before
    except Exception:
        return False


def _class(each: PublicObject, surface: Surface, absent: Names) -> Iterator[Observation]:
    kind, location = each.value, each.location
    real = concrete(kind)
    for case in cases_of(real):
        yield f"{location}[{case.label}]", functools.partial(run, functools.partial(_made, real, case))
    maker = maker_of(kind)
    if maker is not None:
        yield from _as_value(location, kind, maker)
    for name, method in methods_of(kind, surface.imports):
        every = method_cases(kind, name, method, EVERY)
        if is_static(kind, name):
            static = getattr(kind, name)
            watched = functools.partial(_watched, static)
            yield from each_call(f"{location}.{name}", method, every, functools.partial(_call_of, static), watched)
        elif maker is not None:
            of_new, observe = functools.partial(_of_new, maker, name), functools.partial(_method_call, maker, name)
            yield from each_call(f"{location}.{name}", method, every, functools.partial(_call_of, of_new), observe)
            if every and decorating.takes_function(every[0]):
                yield from decorating.observations(f"{location}.{name}", of_new, few(every, CASES))
    yield from _begun(location, kind, maker, surface)
    yield from _furnished(location, kind, surface)
    yield from _set_up(location, kind, surface)
    yield from with_absent.of_class(location, kind, surface.imports, absent, _watched, _method_call)
    if maker is not None:
        yield from sequences.observations(location, kind, maker, surface.imports)


def _of_new(maker: Maker, name: str, *given: Any, **named: Any) -> Any:
    """The method of an instance that is made for this call."""
    return getattr(maker.make(), name)(*given, **named)


def _begun(location: str, kind: type, maker: Maker | None, surface: Surface) -> Iterator[Observation]:
    """The calls of each method that is refused before the beginning, on an instance that has begun."""
    opener, closer = beginning_and_end({name for name in dir(kind) if callable(getattr(kind, name, None))})
    if maker is None or opener is None or closer is None:
        return
    for name, method in methods_of(kind, surface.imports):
        if name in (*OPENERS, *CLOSERS) or is_static(kind, name):
            continue
        cases = method_cases(kind, name, method, _OF_BEGUN)
        is_refused = functools.cache(functools.partial(_is_refused, maker, name, cases[:1]))
        for case in cases:
            call = functools.partial(_method_call, maker, name, case, opener)
            yield f"{location}.{name}[{case.label}] after {opener}", functools.partial(_only_if, is_refused, call)


def _only_if(condition: Callable[[], bool], observe: Callable[[], Json]) -> Json:
    return observe() if condition() else NOTHING


def _is_refused(maker: Maker, name: str, plainest: list[Case]) -> bool:
    """Whether the plainest call raises before the beginning."""
    return any("raises" in _method_call(maker, name, case) for case in plainest)


def _furnished(location: str, kind: type, surface: Surface) -> Iterator[Observation]:
    """The plainest call of each method of an instance that has all its collaborators."""
    furnished = with_collaborators(kind)
    if furnished is None:
        return
    for name, method in methods_of(kind, surface.imports):
        for case in method_cases(kind, name, method, 1) if not is_static(kind, name) else ():
            observe = functools.partial(_method_call, furnished, name, case)
            yield f"{location}.{name} with collaborators", observe


def _set_up(location: str, kind: type, surface: Surface) -> Iterator[Observation]:
    """The calls of methods of instances that were made with each argument of the constructor in another way."""
    real = concrete(kind)
    names = [name for name, _ in methods_of(kind, surface.imports) if not is_static(kind, name)]
    methods = {name: cases for name in names if (cases := method_cases(kind, name, getattr(kind, name), 3))}
    chosen: dict[str, Case] = {}
    for case in constructions(real)[1:] if methods else ():
        if case.label and not case.label.endswith("=None"):
            # One way for each argument, and each of the words that it may be.
            chosen.setdefault(case.label if ends_with_word(case.label) else case.label.partition("=")[0], case)
    for case in chosen.values():
        maker = Maker(functools.partial(case.call, real))
        yield f"{location}[made with {case.label}]", functools.partial(_calls, maker, methods)
    opener, _ = beginning_and_end({name for name in dir(kind) if callable(getattr(kind, name, None))})
    for label, maker in with_small_numbers(kind) if methods else ():
        yield f"{location}[made with {label}]", functools.partial(_calls, maker, methods)
        if opener and _IS_MET.search(label):
            yield f"{location}[made with {label}] after {opener}", functools.partial(_calls, maker, methods, opener)


def _calls(maker: Maker, methods: Mapping[str, list[Case]], opener: str = "") -> Json:
    seen = {
        name: {case.label: _method_call(maker, name, case, opener) for case in cases} for name, cases in methods.items()
    }
    return seen if any("raises" not in each for calls in seen.values() for each in calls.values()) else NOTHING


def _made(kind: type, case: Case) -> Described:
    """An instance with its fields, and with the attributes that are no fields."""
    instance = case.call(kind)
    shown = describe(instance)
    fields = field_names(instance) or ()
    others = {name: describe(value) for name, value in attributes(instance) if name not in fields}
    return Described(shown | {"attributes": others} if others and isinstance(shown, dict) else shown)


def _method_call(maker: Maker, name: str, case: Case, opener: str = "") -> Json:
    """Call the method on an instance made for this call, inside the loop; what it returns, and what it changed.

    With an ``opener`` that is called first.
    """
    state: dict[str, Json] = {}

    async def work() -> Any:
        instance = maker.make()
        if opener:
            await exhausted(getattr(instance, opener)())
        before = state_of(instance)
        positional, named = case.arguments()
        made = [positional, named]
        given = describe(made)
        HANDED.take()
        try:
            result = await exhausted(getattr(instance, name)(*positional, **named))
            return "itself" if result is instance else result
        finally:
            state.update(changed_state(before, state_of(instance)))
            if describe(made) != given:
                state["arguments afterwards"] = describe(made)

    seen = run(work)
    return seen | {"state": state} if state else seen


def _as_value(location: str, kind: type, maker: Maker) -> Iterator[Observation]:
    """What Python's own protocols make of an instance: equality, hash, order, truth, length, copies, pickling, text."""

    def both(use: Callable[[Any, Any], Any]) -> Callable[[], Json]:
        return lambda: run(lambda: use(maker.make(), maker.make()))

    yield f"{location} == itself", both(lambda a, b: [a == b, a != b, a == object()])
    yield f"{location} hash", both(lambda a, b: hash(a) == hash(b))
    yield f"{location} < another", both(lambda a, b: a < b)
    yield f"{location} bool and len", both(lambda a, _: [bool(a), len(a) if hasattr(kind, "__len__") else None])
    yield f"{location} copy", both(_copies)
    yield f"{location} shared", both(shared_attributes)
    yield f"{location} pickle", both(lambda a, _: _comes_back(a))
    if is_defined_in(kind.__str__, {kind.__module__.split(".")[0]}):
        yield f"{location} str", both(lambda a, _: str(a))
    if hasattr(kind, "__iter__") and not hasattr(kind, "model_fields"):
        yield f"{location} iter", both(lambda a, _: list(iter(a))[:10])
    if hasattr(kind, "__aenter__"):
        yield f"{location} async with", both(lambda a, _: _entered(a))
    if hasattr(kind, "__enter__"):
        yield f"{location} with", both(lambda a, _: _entered_plainly(a))


def _copies(a: Any, _: Any) -> Json:
    return [describe(copy.copy(a)) == describe(a), describe(copy.deepcopy(a)) == describe(a)]


async def _entered(instance: Any) -> Any:
    async with instance as entered:
        return ["itself" if entered is instance else entered, dict(attributes(instance))]


def _entered_plainly(instance: Any) -> Any:
    with instance as entered:
        return ["itself" if entered is instance else entered, dict(attributes(instance))]
