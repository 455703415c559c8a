"""Calls on an instance whose collaborators fail for a while, very many calls, and an instance with secrets."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from call_cases import Case
from calling import run
from collaborators import HANDED
from constructing import Maker, cases_of
from describing import Described, Json, attributes, class_names, describe, state_of
from exhausting import exhausted
from lifecycles import beginning_and_end
from unit import NOTHING, Observation
from virtual_time import VirtualLoop

SECRET = "s3cr3t-v4lue"  # noqa: S105 - no secret: what is looked for in a text
_FAILURES = 8
"""More in a row than the usual limits."""
_PAUSES = (0.0, 0.0, 1.0, 60.0, 0.0)
"""Virtual seconds before each call after that, when nothing fails any more: at once, after any short or long rest."""
_OUTAGE, _RECOVERY = 3.0, 90.0
"""Virtual seconds: longer than the usual number of attempts takes, and than any documented rest."""
_SAYS = re.compile(r"^(health|status|stats|state|get_|is_|has_|size|qsize|count|metrics|describe|utili)")
_VERY_MANY = 1_100
"""More than the round numbers that bounds are given."""
_TAKES = re.compile(r"^(put|push|append|record|publish|emit|submit|enqueue|write|send|offer)")
_SECRETIVE = re.compile(r"url|uri|dsn|password|secret|token|api_?key|credential", re.IGNORECASE)
_IN_URL = re.compile(r"url|uri|dsn", re.IGNORECASE)

Methods = Mapping[str, list[Case]]


def observations(location: str, kind: type, maker: Maker, methods: Methods) -> Iterator[Observation]:
    """What is seen of a class whose methods are called with the first of these cases."""
    opener, _ = beginning_and_end(set(methods))
    for name, cases in methods.items():
        if opener and _TAKES.match(name):
            outage = functools.partial(_outage, maker, opener, name, methods)
            yield f"{location}.{name} while others are gone", functools.partial(run, outage)
        yield f"{location}.{name} while others fail", functools.partial(_while_failing, maker, name, cases[0])
        if _TAKES.match(name):
            often = functools.partial(_often, maker, name, cases[0])
            yield f"{location}.{name} very often", functools.partial(run, often)
    if secrets := _secrets(kind):
        yield f"{location} with secrets", functools.partial(run, functools.partial(_shown, kind, secrets, methods))


def _while_failing(maker: Maker, name: str, case: Case) -> Json:
    """Several calls while all doubles raise, and later ones while none does; nothing where none is handed anything."""
    handed: list[Json] = []

    async def work() -> Described:
        instance = maker.make()
        call = functools.partial(case.call, getattr(instance, name))
        outcomes = []
        with HANDED.being("raises"):
            outcomes += [await _outcome(call, handed) for _ in range(_FAILURES)]
        for seconds in _PAUSES:
            await asyncio.sleep(seconds)
            outcomes.append(await _outcome(call, handed))
        with HANDED.being("raises once"):
            outcomes += [await _outcome(call, handed) for _ in range(2)]
        return Described({"calls": outcomes, "state": state_of(instance)})

    seen = run(work)
    return seen if handed else NOTHING


async def _outage(maker: Maker, opener: str, name: str, methods: Methods) -> Described:
    """What an instance that has begun does with what it was given before its collaborators were gone for a while.

    What it says of itself without being given anything is looked at before they come back, and long after that.
    """
    instance = maker.make()
    await exhausted(getattr(instance, opener)())
    call = functools.partial(methods[name][0].call, getattr(instance, name))
    telling = [each for each, cases in methods.items() if _tells(each, cases[0])]
    refused: list[Json] = []
    with HANDED.being("times out"):
        calls = [await _outcome(call, refused) for _ in range(_FAILURES)]
        await _pass(_OUTAGE)
        then = {each: await _answer(getattr(instance, each)) for each in telling}
    HANDED.take()
    await _pass(_RECOVERY)
    handed = HANDED.take()
    after = {each: await _answer(getattr(instance, each)) for each in telling}
    return Described({"calls": calls, "then": then, "handed": handed, "after": after, "state": state_of(instance)})


async def _pass(seconds: float) -> None:
    """Let so much time pass, however often somebody looks at the clock meanwhile."""
    for _ in range(int(seconds)):
        _begin_anew()
        await asyncio.sleep(1.0)


def _tells(name: str, case: Case) -> bool:
    return not case.positional and not case.named and _SAYS.match(name) is not None


async def _outcome(call: Callable[[], Any], handed: list[Json]) -> Json:
    HANDED.take()
    _begin_anew()
    seen: Json = "returns"
    try:
        await asyncio.wait_for(exhausted(call()), 30.0)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        seen = class_names(type(error))[0]
    taken = HANDED.take()
    handed += taken
    return [seen, len(taken)]


def _begin_anew() -> None:
    """Let the loop take as many steps for this call as for the first."""
    if isinstance(loop := asyncio.get_running_loop(), VirtualLoop):
        loop.steps = loop.busy = 0


async def _often(maker: Maker, name: str, case: Case) -> Described:
    """How many of very many calls come back, how the next one ends, and how much the instance keeps."""
    instance = maker.make()
    kept: list[Json] = []
    count, ending = 0, "returns"
    while count < _VERY_MANY and ending == "returns":
        seen = await _outcome(functools.partial(case.call, getattr(instance, name)), kept)
        kept.clear()
        ending = str(seen[0]) if isinstance(seen, list) else ""
        count += ending == "returns"
    sizes = {key: len(value) for key, value in attributes(instance) if hasattr(value, "__len__")}
    return Described({"calls that returned": count, "ending": ending, "sizes": describe(sizes)})


def _secrets(kind: type) -> dict[str, str]:
    """What the constructor takes that holds a secret."""
    try:
        accepted = inspect.signature(kind).parameters
    except (TypeError, ValueError):
        return {}
    url = f"redis://user:{SECRET}@127.0.0.1:6379/0"
    return {name: url if _IN_URL.search(name) else SECRET for name in accepted if _SECRETIVE.search(name)}


async def _shown(kind: type, secrets: Mapping[str, str], methods: Methods) -> Described:
    """Where a secret that the constructor was given is shown: by the instance itself, or by what its methods answer."""
    positional, named = cases_of(kind)[0].arguments()
    instance = kind(*positional, **{**named, **secrets})
    seen: dict[str, Json] = {"repr": SECRET in repr(instance), "str": SECRET in str(instance)}
    for name, cases in methods.items():
        for case in cases:
            seen[f"{name}[{case.label}]"] = await _answer(functools.partial(case.call, getattr(instance, name)))
    return Described(seen)


async def _answer(call: Callable[[], Any]) -> Json:
    HANDED.take()
    _begin_anew()
    try:
        result = await asyncio.wait_for(exhausted(call()), 30.0)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        return {"raises": class_names(type(error))[0], "shows it": SECRET in f"{error!r}{error}"}
    return {"shows it": True} if SECRET in f"{result!r}{result}" else {"returns": describe(result)}
