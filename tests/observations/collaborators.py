"""Doubles that a package is handed to work with: they record in turn what the package hands to them."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sys
import typing
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from functools import partial
from typing import Any

from describing import Json, describe
from hints import hints_of, required_of
from virtual_time import CLOCK

QUICK = 5
"""Calls of one double that is awaited that take no time."""
SLOW_SECONDS = 5.0
"""Virtual seconds that a slow double takes when it is awaited."""
PATIENT = 100
"""Calls of one double that take no time though nobody awaits it."""


class Handed:
    """What doubles were handed since it was last taken, in order."""

    def __init__(self) -> None:
        self.calls: list[Json] = []
        self._counts: dict[str, int] = {}
        self.mood = "well"
        self.attempts = 0

    def note(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
        """Remember a call: described at once, because what was handed over may change later."""
        self._counts[name] = self._counts.get(name, 0) + 1
        self.remember(name, args, kwargs)
        if self.mood != "well" and (seconds := self.suffer()):
            return seconds
        # Who is asked again and again takes a second each time: a loop around it is no endless one then.
        if self._counts[name] > PATIENT:
            CLOCK.advance(1.0)
        return 0.0 if self._counts[name] < QUICK else 1.0

    def remember(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Remember a call of what is no double, and is never unwell."""
        if len(self.calls) < 60:
            shown = [name, [describe(arg) for arg in args]]
            self.calls.append(
                [*shown, {key: describe(value) for key, value in sorted(kwargs.items())}] if kwargs else shown
            )

    def count(self, name: str) -> int:
        """How often a double has been called by this name since what was handed was last taken."""
        return self._counts.get(name, 0)

    def suffer(self) -> float:
        """Raise, or say how many seconds the double takes, as the mood of all doubles is."""
        self.attempts += 1
        if self.mood == "raises" or (self.mood == "raises once" and self.attempts == 1):
            raise RuntimeError("the double raises")
        if self.mood == "times out":
            raise TimeoutError("timed out")
        if self.mood == "disconnects once" and self.attempts == 1:
            raise ConnectionError("connection reset")
        if self.mood == "loses its server once" and self.attempts == 1:
            raise _lost_server()
        return SLOW_SECONDS if self.mood == "slow" else 0.0

    @contextlib.contextmanager
    def being(self, mood: str) -> Iterator[None]:
        """Let the doubles be so for a while: raising or gone, once or always, or slow."""
        before, self.mood, self.attempts = self.mood, mood, 0
        try:
            yield
        finally:
            self.mood = before

    def take(self) -> list[Json]:
        """The calls so far, which are then forgotten."""
        self._counts.clear()
        calls, self.calls = self.calls, []
        return calls


def _lost_server() -> Exception:
    """What the client of a database raises then, where there is one."""
    client = sys.modules.get("psycopg")
    return client.OperationalError("server closed the connection") if client else ConnectionError("connection reset")


HANDED = Handed()


class Answer:
    """What a double returns where nobody says what it should: it can be awaited, entered and iterated, and is empty."""

    def __init__(self, name: str = "answer") -> None:
        self._name = name

    def __await__(self) -> Generator[Any, None, Any]:
        # One step of the loop: a server that is asked lets others run meanwhile.
        yield
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Method(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Answer:
        HANDED.note(self._name, args, kwargs)
        return Answer(f"{self._name}()")

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    async def __aenter__(self) -> typing.Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __aiter__(self) -> AsyncIterator[Any]:
        return _nothing()

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True


async def _nothing() -> AsyncIterator[Any]:
    nothing: tuple[Any, ...] = ()
    for item in nothing:
        yield item


class Method:
    """A method of a double: it records its calls and returns what its ``answer`` makes, or an ``Answer``."""

    def __init__(self, name: str, answer: Callable[[], Any] | None = None, *, is_async: bool = False) -> None:
        self._name, self._answer, self._is_async = name, answer, is_async

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        pause = HANDED.note(self._name, args, kwargs)
        result = self._answer() if self._answer else Answer(f"{self._name}()")
        if not self._is_async:
            return result

        async def answer() -> Any:
            await asyncio.sleep(pause)
            return result

        return answer()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Method(f"{self._name}.{name}")

    def __enter__(self) -> Any:
        return Answer(self._name)

    def __exit__(self, *_: object) -> None:
        return None


def double_of(kind: type, sample: Callable[..., Any]) -> Any:
    """A double with what a protocol or an abstract class asks for; ``sample`` makes the values.

    What a method returns hangs on how often it was called: the second answer is later in a series than the first.
    """
    members: dict[str, Any] = {"__module__": "doubles", "__init__": lambda self: None}
    for name, owner in _offered(kind).items():
        if name.startswith("_") and name not in ("__aenter__", "__aexit__"):
            continue
        part = inspect.getattr_static(owner, name)
        function = getattr(part, "__func__", part)
        if isinstance(part, property):
            members[name] = property(partial(_property, part.fget, sample))
        elif inspect.isfunction(function) and not name.startswith("__"):
            members[name] = _recorded(kind.__name__, name, function, sample)
    for name, annotation in getattr(kind, "__annotations__", {}).items():
        if not name.startswith("_") and name not in members and not hasattr(kind, name):
            members[name] = sample(annotation)
    try:
        abstract = bool(getattr(kind, "__abstractmethods__", ())) and not getattr(kind, "_is_protocol", False)
        double = type(f"{kind.__name__}Double", (kind,) if abstract else (), members)()
    except TypeError:
        return Answer(kind.__name__)
    if abstract:
        # What it has before anything is derived from it, such as a name, others may go by.
        with contextlib.suppress(Exception):
            kind.__init__(double, **{parameter.name: sample(annotation) for parameter, annotation in required_of(kind)})
    return double


def _offered(kind: type) -> dict[str, type]:
    """The names of an abstract class, and those that only what derives from it has, each with its owner."""
    owners: dict[str, type] = dict.fromkeys(dir(kind), kind)
    derived: type
    for derived in sorted(kind.__subclasses__(), key=lambda each: (each.__module__, each.__qualname__)):
        if derived.__module__ != "doubles":
            owners = {**{name: owner for name, owner in _offered(derived).items() if name not in owners}, **owners}
    return owners


def _property(getter: Any, sample: Callable[..., Any], _double: Any) -> Any:
    return sample(_returns(getter))


def _returns(function: Any) -> Any:
    return hints_of(function).get("return", Any)


def _recorded(owner: str, name: str, function: Any, sample: Callable[..., Any]) -> Any:
    returns, called = _returns(function), f"{owner}.{name}"

    if inspect.isasyncgenfunction(function) or "AsyncIterator" in str(returns) or "AsyncIterable" in str(returns):
        item = (typing.get_args(returns) or (Any,))[0]

        async def items(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            await asyncio.sleep(HANDED.note(called, args, kwargs))
            yield sample(item)

        return items
    if inspect.iscoroutinefunction(function):

        async def coroutine(self: Any, *args: Any, **kwargs: Any) -> Any:
            pause, number = HANDED.note(called, args, kwargs), HANDED.count(called) - 1
            await asyncio.sleep(pause)
            return sample(returns, number=number)

        return coroutine

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        HANDED.note(called, args, kwargs)
        return sample(returns, number=HANDED.count(called) - 1)

    return method
