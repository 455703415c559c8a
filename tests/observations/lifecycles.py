"""What has a beginning and an end, told by the names of its methods, and the ways that its life may go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

OPENERS = (
    "start",
    "open",
    "connect",
    "__aenter__",
    "__enter__",
    "initialize",
    "init",
    "setup",
    "begin",
    "run",
    "serve",
    "resume",
)
CLOSERS = (
    "stop",
    "close",
    "aclose",
    "disconnect",
    "shutdown",
    "__aexit__",
    "__exit__",
    "drain",
    "flush",
    "cleanup",
    "cancel",
    "pause",
)
"""Names of methods that begin and end something, the usual ones first."""
_HANDS_OVER = re.compile(r"write|send|publish|submit|put|add|push|enqueue|insert|upsert|append|store|save")
"""Names of methods that pass on what they are handed."""
WORKERS = 6
"""Methods that are called between the beginning and the end."""


@dataclass(frozen=True)
class Step:
    """One thing that is done with an instance: a method of it, a wait, or what befalls it."""

    kind: str
    """``call``, ``burst`` (several calls at once), ``wait`` or ``cancel``."""
    name: str = ""
    seconds: float = 0.0
    case: int = 0


@dataclass(frozen=True)
class Life:
    """What is done with one instance, in order, and how the doubles are meanwhile."""

    name: str
    steps: tuple[Step, ...]
    doubles: str = "well"
    servers: str = "well"


def beginning_and_end(names: set[str]) -> tuple[str | None, str | None]:
    """The methods that a class is begun and ended with."""
    opener = next((name for name in OPENERS if name in names), None)
    closer = next((name for name in CLOSERS if name in names), None)
    if closer == "__aexit__" or (closer == "__exit__" and opener == "__enter__"):
        opener = closer.replace("exit", "enter")
    return opener, closer


def lives(names: set[str], methods: list[str], closer_cases: int) -> Iterator[Life]:
    """The lives that a class with these methods may have; ``closer_cases`` are the ways to call what ends it."""
    opener, closer = beginning_and_end(names)
    begin = (Step("call", opener),) if opener else ()
    end = (Step("call", closer),) if closer else ()
    work = [name for name in methods if name not in OPENERS and name not in CLOSERS][:WORKERS]
    others = [name for name in methods if name in OPENERS + CLOSERS and name not in (opener, closer)]
    if begin:
        yield Life("begins", (*begin, Step("wait", seconds=2)))
        yield Life("begins twice", (*begin, *begin, Step("wait", seconds=2), *end))
        yield Life("begins and is cancelled", (*begin, Step("wait", seconds=2), Step("cancel"), *end))
    if end:
        yield Life("ends without a beginning", (*end, *end))
    if begin and end:
        yield Life("begins and ends", (*begin, *end))
        yield Life("ends twice", (*begin, Step("wait", seconds=2), *end, *end))
        yield Life("begins again", (*begin, *end, *begin, Step("wait", seconds=2), *end))
        for servers in ("refuses", "fails once", "closes", "silent"):
            yield Life(f"begins while the server {servers}", (*begin, Step("wait", seconds=5), *end), servers=servers)
    for name in others:
        yield Life(
            f"{name} in between", (*begin, Step("call", name), Step("wait", seconds=2), Step("call", name), *end)
        )
    for name in work:
        yield from _working(name, begin, end, closer_cases)
        for enters, leaves in (("__aenter__", "__aexit__"), ("__enter__", "__exit__")):
            if {enters, leaves} <= names:
                steps = (Step("call", enters), *_much(name))
                yield Life(f"{name} in a block", (*steps, Step("call", leaves)), doubles="slow")
                yield Life(f"{name} in a block that raises", (*steps, Step("call", leaves, case=1)), doubles="slow")


def _much(name: str) -> tuple[Step, ...]:
    """More calls at once than slow doubles can take, so that some are pending."""
    return Step("burst", name), Step("wait", seconds=1), Step("burst", name, case=1)


def _working(name: str, begin: tuple[Step, ...], end: tuple[Step, ...], closer_cases: int) -> Iterator[Life]:
    one, another = Step("call", name), Step("call", name, case=1)
    if begin:
        yield Life(f"{name} before the beginning", (one, *begin, Step("wait", seconds=3), *end))
    yield Life(f"{name} in between", (*begin, one, another, one, Step("wait", seconds=3), *end))
    steps = (*begin, one, another, Step("wait", seconds=10), one, Step("wait", seconds=10), *end)
    for doubles in ("raises once", "raises", "slow", "loses its server once"):
        yield Life(f"{name} in between, a double {doubles}", steps, doubles=doubles)
    if _HANDS_OVER.match(name):
        for servers in ("fails once", "refuses"):
            yield Life(f"{name} in between while the server {servers}", steps, servers=servers)
        yield Life(f"{name} in between, a double disconnects once", steps, doubles="disconnects once")
    if end:
        yield Life(f"much of {name} just before the end", (*begin, *_much(name), *end), doubles="slow")
        yield Life(f"{name} after the end", (*begin, *end, one))
        for number in range(closer_cases):
            closing = Step("call", end[0].name, case=number)
            yield Life(
                f"{name} just before the end{f' {number}' if number else ''}", (*begin, one, another, one, closing)
            )
