"""Several calls on one instance: what it remembers, what passes with time, what others see of it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import checking
import failing
import filling
import series
import subscribers
from call_cases import Case
from calling import run
from collaborators import HANDED
from constructing import Maker, is_static, method_cases, methods_of
from describing import AS_IT_WAS, Described, Json, attributes, changed_state, class_names, describe, state_of
from exhausting import exhausted
from given_files import FOLDERS, move_away
from rooms import with_short_time
from unit import NOTHING, Observation

PAUSES = (0.0, 1.0, 60.0)
"""Virtual seconds between the calls: at once, after any short window, after any long one."""
_WITHIN = (0.0, 1.5, 1.5, 1.5)
"""Virtual seconds between the calls where something is kept for two: each comes within them, two together do not."""
_CHANGES = re.compile(
    r"^(register|add|set|put|push|append|record|update|insert|subscribe|create|publish|emit|submit|enqueue|write|store"
    r"|mark|trip|fail|acquire|consume|inc|dec|on_|remove|delete|reset|clear|unsubscribe|release|observe|load|bind|apply"
    r"|handle|ingest|send|mute|enable|disable|save|keep|remember|track|note|merge|extend|replace|evict|pause|resume)"
)
"""Names of methods after which others answer otherwise."""
_RUNS = re.compile(r"^(start|stop|run|close|open|connect|disconnect|shutdown|wait|serve|init|setup)")
"""Names of methods that begin or end something, whatever they answer."""
_AT_ONCE = 5
_OFTEN = 4
"""Fewer than the usual limits of failures, and more than half of them."""
_FIRSTS, _SECONDS, _WAYS = 8, 12, 3
_LONG = 65.0
"""Virtual seconds in which what rests for a minute after failures has rested."""
_LITTLE = 20.0
"""Virtual seconds after which there is time left for that, and for one more call."""
_MEANWHILE = 1.5
"""Virtual seconds after the first calls: what is told of how long something has lasted is not nothing then."""

Methods = dict[str, list[Case]]


def observations(location: str, kind: type, maker: Maker, imports: tuple[str, ...]) -> Iterator[Observation]:
    """The sequences of a class."""
    methods: Methods = {}
    for name, method in methods_of(kind, imports):
        if not is_static(kind, name) and name != "__call__" and (cases := method_cases(kind, name, method, 4)):
            methods[name] = cases
    for name, cases in methods.items():
        yield f"{location}.{name} again", functools.partial(run, functools.partial(_again, maker, name, cases))
        yield f"{location}.{name} many at once", functools.partial(_many, maker, name, cases[0])
        yield f"{location}.{name} after its files were moved", functools.partial(_after_move, maker, name, cases[0])
    changing = [name for name, cases in methods.items() if _changes(name, cases[0])][:_FIRSTS]
    for first in changing:
        yield f"{location}.{first} then", functools.partial(_then, maker, first, methods)
    reading = [name for name in methods if not _CHANGES.match(name) and not _RUNS.match(name)]
    plain = [name for name in reading if not methods[name][0].positional and not methods[name][0].named]
    for name in reading:
        leaves = functools.partial(_leaves, maker, name, methods, [other for other in plain if other != name])
        yield f"{location}.{name} leaves", functools.partial(run, leaves)
    for label, kept in with_short_time(kind):
        for first in ("", *changing[:_WAYS]):
            in_time = functools.partial(_in_time, kept, first, reading[:_WAYS], methods)
            yield f"{location}[made with {label}], {first or 'nothing'} first", functools.partial(run, in_time)
    yield from subscribers.observations(location, maker, methods)
    yield from failing.observations(location, kind, maker, methods)
    yield from filling.observations(location, kind, maker, methods)
    yield from series.observations(location, kind, maker, methods, outcome)
    yield from checking.observations(location, kind, maker, methods)
    if methods:
        yield f"{location} in a thread", functools.partial(run, functools.partial(_in_thread, maker, methods))
        yield f"{location} made outside of a loop", functools.partial(_outside, maker, methods)
        yield f"{location} collections", functools.partial(run, functools.partial(_collections, maker, methods))


def _changes(name: str, case: Case) -> bool:
    """Whether others may answer otherwise after it: ``connect(client)`` begins nothing, it adds one."""
    return bool(_CHANGES.match(name) or (_RUNS.match(name) and (case.positional or case.named)))


async def outcome(call: Callable[[], Any], seconds: float = 30.0) -> Json:
    """What comes of one call among several."""
    HANDED.take()
    try:
        seen: dict[str, Json] = {"returns": describe(await asyncio.wait_for(exhausted(call()), seconds))}
    except asyncio.CancelledError:
        raise
    except Exception as error:
        seen = {"raises": class_names(type(error))}
    if handed := HANDED.take():
        seen["handed"] = handed
    return seen


async def _in_time(maker: Maker, first: str, reading: list[str], methods: Methods) -> Described:
    """What is answered after each of several pauses, while what the first call has brought may still be kept."""
    instance = maker.make()
    if first:
        await outcome(functools.partial(methods[first][0].call, getattr(instance, first)))
    rounds: list[Json] = []
    for seconds in _WITHIN:
        await asyncio.sleep(seconds)
        calls = {name: functools.partial(methods[name][0].call, getattr(instance, name)) for name in reading}
        rounds.append({name: await outcome(call) for name, call in calls.items()})
    return Described(rounds)


async def _again(maker: Maker, name: str, cases: list[Case]) -> Described:
    instance, other = maker.make(), maker.make()
    untouched = describe(other)
    steps = []
    for number, seconds in enumerate((*PAUSES, 0.0)):
        await asyncio.sleep(seconds)
        case = cases[number % len(cases)]
        steps.append(await outcome(functools.partial(case.call, getattr(instance, name))))
    seen = {"calls": steps, "state": state_of(instance)}
    if describe(other) != untouched:
        seen["another instance"] = describe(other)
    return Described(seen)


def _many(maker: Maker, name: str, case: Case) -> Json:
    async def work() -> Described:
        instance = maker.make()
        call = getattr(instance, name)
        results = await asyncio.wait_for(
            asyncio.gather(*(exhausted(case.call(call)) for _ in range(_AT_ONCE)), return_exceptions=True), 60.0
        )
        return Described({"results": describe(results), "state": state_of(instance)})

    try:
        is_async = inspect.iscoroutinefunction(getattr(maker.make(), name))
    except Exception:
        return NOTHING
    return run(work) if is_async else NOTHING


def _after_move(maker: Maker, name: str, case: Case) -> Json:
    """A second call after somebody has moved away what the first one has written; nothing where that is no file."""
    moved: list[str] = []

    async def work() -> Described:
        first, instance = len(FOLDERS), maker.make()
        call = functools.partial(case.call, getattr(instance, name))
        await outcome(call)
        moved.extend(move_away(first))
        return Described(await outcome(call))

    seen = run(work)
    return seen if moved else NOTHING


def _then(maker: Maker, first: str, methods: Methods) -> Json:
    """Each other method after the first one: what it answers, on an instance of its own."""
    seen: dict[str, Json] = {}
    for second in list(methods)[:_SECONDS]:
        if second != first:
            seen[second] = run(functools.partial(_pair, maker, methods[first], first, methods[second], second))
    return seen or NOTHING


async def _pair(maker: Maker, cases: list[Case], first: str, other_cases: list[Case], second: str) -> Any:
    instance, case, began = maker.make(), cases[0], asyncio.get_running_loop().time()
    await outcome(functools.partial(case.call, getattr(instance, first)))
    other_call = getattr(instance, second)
    seen = await outcome(functools.partial(other_cases[0].call, other_call))
    await asyncio.sleep(_MEANWHILE)
    for number in range(_OFTEN):
        # Not always the same, as an order could not be seen then.
        await outcome(functools.partial(cases[number % len(cases)].call, getattr(instance, first)))
    again = [await outcome(functools.partial(other.call, other_call)) for other in other_cases[:_WAYS]]
    for _ in range(_OFTEN):
        last = await outcome(functools.partial(case.call, getattr(instance, first)))
    seen["after more of both"] = {"second": again, "last": last, "state": state_of(instance)}
    if asyncio.get_running_loop().time() - began < _LITTLE:
        await asyncio.sleep(_LONG)
        seen["long after"] = await outcome(functools.partial(other_cases[0].call, other_call))
        # What has rested after failures may be on trial then: one more is another thing than the first of several.
        await outcome(functools.partial(case.call, getattr(instance, first)))
        seen["after one more"] = await outcome(functools.partial(other_cases[0].call, other_call))
    return Described(seen)


async def _leaves(maker: Maker, name: str, methods: Methods, others: list[str]) -> Described:
    """What attributes and methods without arguments answer otherwise after a method that only seems to read."""
    used, untouched = maker.make(), maker.make()
    await outcome(functools.partial(methods[name][0].call, getattr(used, name)))
    state = changed_state(state_of(untouched), state_of(used))
    seen = {f".{attribute}": value for attribute, value in state.items()}
    for other in others:
        case = methods[other][0]
        answers = [await outcome(functools.partial(case.call, getattr(each, other))) for each in (untouched, used)]
        seen[other] = answers[1] if answers[0] != answers[1] else AS_IT_WAS
    return Described(seen)


async def _in_thread(maker: Maker, methods: Methods) -> Described:
    """Each method that needs no loop, from another thread than the one that made the instance."""
    seen: dict[str, Json] = {}
    for name, cases in methods.items():
        instance = maker.make()
        if not inspect.isroutine(call := getattr(instance, name)) or inspect.iscoroutinefunction(call):
            continue
        thread = threading.Thread(target=_into, args=(seen, name, functools.partial(cases[0].call, call)), daemon=True)
        thread.start()
        thread.join(2.0)
    return Described(seen)


def _into(seen: dict[str, Json], name: str, call: Callable[[], Any]) -> None:
    try:
        result = call()
        seen[name] = {"returns": "something to wait for" if inspect.isawaitable(result) else describe(result)}
        if inspect.iscoroutine(result):
            result.close()
    except Exception as error:
        seen[name] = {"raises": class_names(type(error))}


def _outside(maker: Maker, methods: Methods) -> Json:
    """Methods of an instance that was made before there was a loop."""
    seen: dict[str, Json] = {}
    for name, cases in list(methods.items())[:6]:
        try:
            asyncio.set_event_loop(None)
            instance = maker.make()
        except Exception as error:
            return {"raises": class_names(type(error))}
        if inspect.iscoroutinefunction(getattr(instance, name)):
            seen[name] = run(functools.partial(cases[0].call, getattr(instance, name)))
    return seen or NOTHING


def spoil(value: Any) -> bool:
    """Change a collection that was returned, as a careless caller would; whether it could be."""
    if isinstance(value, list):
        value.append("<added>")
    elif isinstance(value, dict):
        value["<added>"] = 1
    elif isinstance(value, set):
        value.add("<added>")
    else:
        return False
    return True


async def _result(call: Callable[[], Any]) -> Any:
    """What a call returns, or the error that it raises."""
    try:
        return await asyncio.wait_for(exhausted(call()), 10.0)
    except Exception as error:
        return error


async def _collections(maker: Maker, methods: Methods) -> Described:
    """Whether a change to a collection that a method returns, or an attribute gives, changes the instance."""
    seen: dict[str, Json] = {}
    for name, cases in methods.items():
        instance = maker.make()
        call = functools.partial(cases[0].call, getattr(instance, name))
        returned = await _result(call)
        before, text = state_of(instance), describe(returned)
        if spoil(returned):
            seen[name] = state_of(instance) != before or describe(await _result(call)) != text
    instance = maker.make()
    for name, value in attributes(instance):
        if isinstance(value, list | dict | set):
            spoil(value)
            seen[f".{name}"] = describe(getattr(instance, name)) != describe(getattr(maker.make(), name))
    return Described(seen)
