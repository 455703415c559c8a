"""What holds items for others: one that tells what is put into it, and one from which two items can be taken."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from functools import partial
from typing import Any

from collaborators import HANDED
from hints import required_of
from lifecycles import CLOSERS
from plain_samples import Sample
from plausible import Row, another_row

_PUTS = re.compile(r"^(put|push|enqueue|offer)$")
_TAKES = re.compile(r"^(get|pop|take|dequeue)$")


def filled(kind: type, plainest: Sample, samples: Callable[..., list[Sample]]) -> list[Sample]:
    """The two of a class that items are put into and taken from, one by one; nothing of any other class."""
    methods = {name for name in dir(kind) if inspect.isfunction(getattr(kind, name))}
    putting = next((name for name in sorted(methods) if _PUTS.match(name)), None)
    if putting is None or not any(_TAKES.match(name) for name in methods):
        return []
    required = required_of(getattr(kind, putting))
    if len(required) != 1:
        return []
    parameter, annotation = required[0]
    of_anything = isinstance(annotation, typing.TypeVar) or annotation in (Any, object, inspect.Parameter.empty)
    items = (
        (Row, another_row) if of_anything else tuple(sample.make for sample in samples(annotation, parameter.name)[:2])
    )
    closing = next((name for name in CLOSERS if name in methods), None)
    return [
        Sample(f"{kind.__name__} that tells", partial(_telling, plainest.make, putting)),
        Sample(f"{kind.__name__} with items", partial(_with_items, plainest.make, putting, items, closing)),
    ]


def _telling(make: Callable[[], Any], putting: str) -> Any:
    """An instance of a class derived from its own, which notes what is put into it."""
    instance = make()
    kind = type(instance)
    original = getattr(kind, putting)

    def put(self: Any, *given: Any, **named: Any) -> Any:
        HANDED.note(f"{kind.__name__}.{putting}", given, named)
        return original(self, *given, **named)

    try:
        instance.__class__ = type(
            kind.__name__, (kind,), {"__module__": kind.__module__, "__slots__": (), putting: put}
        )
    except TypeError:
        return instance
    return instance


def _with_items(
    make: Callable[[], Any], putting: str, items: tuple[Callable[[], Any], ...], closing: str | None
) -> Any:
    instance = make()
    for item in items:
        _done(getattr(instance, putting)(item()))
    if closing:
        _done(getattr(instance, closing)())
    return instance


def _done(result: Any) -> None:
    """Do at once what waits for nobody."""
    if inspect.iscoroutine(result):
        try:
            result.send(None)
        except StopIteration:
            return
        result.close()
