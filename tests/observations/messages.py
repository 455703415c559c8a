"""Who reads from a bus: what becomes of messages that are published there, right ones and wrong ones."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import describing
from call_cases import Case
from calling import run
from collaborators import HANDED
from constructing import Maker, maker_of, method_cases
from describing import Described, Json, class_names
from edge import EDGE
from exhausting import exhausted
from hints import hints_of
from plain_samples import Sample
from plausible import payload
from surface import PublicObject
from unit import NOTHING, Unit
from values import NoSampleError, samples

_ANSWERS = ("ack", "nack", "fail", "acknowledge", "reject")
"""Names of methods by which a reader tells its bus what has become of a message."""


def units(reader: PublicObject, opener: str | None) -> Iterator[Unit]:
    """A unit in which a reader is begun with ``opener``, apart from its lives: a bus may be joined for good."""
    if opener and _messages_of(reader.value):
        title = f"{reader.location}: {opener} hears"
        yield Unit("lives", title, lambda: [(title, functools.partial(_hears, reader.value, opener))])


def _hears(kind: type, name: str) -> Json:
    """What a reader does with each message; nothing where it has no bus, or cannot be made."""
    maker, messages = maker_of(kind), _messages_of(kind)
    opener = next(iter(method_cases(kind, name, getattr(kind, name), 1)), None)
    if maker is None or opener is None:
        return NOTHING
    seen = run(functools.partial(_heard, maker, opener, name, messages))
    return NOTHING if isinstance(seen, dict) and seen.get("returns", "") is None else seen


def _messages_of(kind: type) -> list[Sample]:
    """Samples of the models that the reader's module speaks of, beside those that only say how it is set up."""
    found: list[Sample] = []
    for value in vars(sys.modules[kind.__module__]).values():
        is_message = isinstance(value, type) and hasattr(value, "model_fields") and not _is_no_message(value)
        if is_message and describing.is_of_packages(value):
            with contextlib.suppress(NoSampleError):
                found += samples(value)
    return found


def _is_no_message(kind: Any) -> bool:
    """Whether it is an envelope, into which the bus itself puts a message, or settings."""
    return "payload" in kind.model_fields or any(base.__name__ == "BaseSettings" for base in kind.__mro__)


async def _heard(maker: Maker, opener: Case, name: str, messages: list[Sample]) -> Described | None:
    reader = maker.make()
    own = next((value for value in vars(reader).values() if _is_bus(value)), None)
    joined = None if own else _joined(type(reader))
    if not (own or joined):
        return None
    streams: list[str] = []
    with publishing_noted():
        if own:
            own.subscribe = functools.partial(_subscribed, streams, own.subscribe)
            for answer in _ANSWERS:
                if callable(method := getattr(own, answer, None)):
                    setattr(own, answer, functools.partial(_answered, answer, method))
        reading = asyncio.ensure_future(exhausted(opener.call(getattr(reader, name))))
        await asyncio.sleep(1.0)
        ways = [functools.partial(own.publish, stream) for stream in dict.fromkeys(streams)] if own else []
        ways += [joined.publish] if joined else []
        seen = [await _told(tell, each) for tell in ways for each in [*messages, Sample("of another kind", payload)]]
        error = reading.exception() if reading.done() and not reading.cancelled() else None
        reading.cancel()
        await asyncio.wait({reading}, timeout=1.0)
    return Described({"streams": streams, "heard": seen, "ended": class_names(type(error)) if error else []})


async def _told(tell: Callable[[Any], Any], message: Sample) -> Json:
    """What comes of a message, and of the same one again."""
    seen: list[Json] = []
    for _ in range(2):
        HANDED.take()
        EDGE.take()
        try:
            await exhausted(tell(message.make()))
        except Exception as error:
            seen.append({"raises": class_names(type(error))})
        await asyncio.sleep(1.0)
        seen.append([HANDED.take(), EDGE.take()])
    return [message.label, seen]


def _is_bus(value: Any) -> bool:
    """Whether messages can be read from it, and published."""
    subscribe = getattr(value, "subscribe", None)
    return inspect.isasyncgenfunction(subscribe) and inspect.iscoroutinefunction(getattr(value, "publish", None))


def _joined(kind: type) -> Any:
    """The bus that functions can be joined to, which a function of the reader's module gives; None where none does."""
    for value in vars(sys.modules[kind.__module__]).values():
        returns = hints_of(value).get("return") if inspect.isfunction(value) else None
        if isinstance(returns, type) and hasattr(returns, "subscribe") and hasattr(returns, "publish"):
            with contextlib.suppress(TypeError):
                return value()
    return None


@contextlib.contextmanager
def publishing_noted() -> Iterator[None]:
    """Note what is published on the buses of the packages meanwhile, whoever made them."""
    with contextlib.ExitStack() as patches:
        for kind in _kinds_of_buses():
            patches.enter_context(mock.patch.object(kind, "publish", _noted(kind)))
        yield


@functools.cache
def _kinds_of_buses() -> tuple[type, ...]:
    """The classes that publish by themselves, and to which one can subscribe."""
    modules = [module for name, module in sorted(sys.modules.items()) if name.split(".")[0] in describing.PACKAGES]
    kinds = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    return tuple(dict.fromkeys(kind for kind in kinds if _publishes(kind)))


def _publishes(kind: Any) -> bool:
    if not describing.is_of_packages(kind):
        return False
    publishes = inspect.iscoroutinefunction(vars(kind).get("publish")) and callable(getattr(kind, "subscribe", None))
    return publishes and not (getattr(kind, "_is_protocol", False) or inspect.isabstract(kind))


def _noted(kind: Any) -> Callable[..., Any]:
    """The method of a bus that publishes, and notes what it is handed."""
    publish = kind.publish

    @functools.wraps(publish)
    async def noted(self: Any, *args: Any, **named: Any) -> Any:
        lineage: tuple[type, ...] = type(self).__mro__
        # By a name that consumers know, whichever class of the lineage publishes.
        public = next((each for each in lineage if not each.__name__.startswith("_")), type(self))
        if next((each for each in lineage if "publish" in vars(each)), None) is kind:
            HANDED.remember(f"{public.__name__}.publish", args, named)
        return await publish(self, *args, **named)

    return noted


def _subscribed(streams: list[str], subscribe: Callable[..., Any], stream: str, *args: Any, **named: Any) -> Any:
    streams.append(stream)
    return subscribe(stream, *args, **named)


async def _answered(name: str, method: Callable[..., Any], stream: str, number: str, *args: Any) -> Any:
    """An answer to the bus: of the message's number, which the bus makes, only that it is there."""
    HANDED.note(name, (stream, bool(number), *args), {})
    return await method(stream, number, *args)
