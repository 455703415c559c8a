"""Dates on the virtual clock: a package that asks ``datetime`` for the time is told what was waited for, too."""

from __future__ import annotations

import datetime as dt
import sys
import time
import types
from collections.abc import Collection
from typing import Any, NoReturn


class _Kind(type):
    """Each moment is an instance, whoever made it."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, dt.datetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, dt.datetime)

    def __getattr__(cls, name: str) -> Any:
        return getattr(dt.datetime, name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return dt.datetime(*args, **kwargs)  # noqa: DTZ001 - with the zone that it is called with

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is dt.datetime

    def __hash__(cls) -> int:
        return hash(dt.datetime)


class VirtualDatetime(metaclass=_Kind):
    """Stands for ``datetime.datetime``, and makes real ones."""

    real = dt.datetime

    def __init__(self) -> NoReturn:
        raise NotImplementedError

    @staticmethod
    def now(tz: dt.tzinfo | None = None) -> dt.datetime:
        """The virtual time, in a zone or in the local one without saying so."""
        return dt.datetime.fromtimestamp(time.time(), tz)

    today = now

    @staticmethod
    def utcnow() -> dt.datetime:
        """The virtual time of UTC without saying so."""
        return dt.datetime.fromtimestamp(time.time(), dt.UTC).replace(tzinfo=None)


def install(packages: Collection[str]) -> None:
    """Give the modules of the packages the virtual class, and the module ``datetime`` with it."""
    module = types.ModuleType("datetime")
    vars(module).update(vars(dt), datetime=VirtualDatetime)
    for name, each in list(sys.modules.items()):
        if name.split(".")[0] in packages:
            for attribute, value in list(vars(each).items()):
                if value is dt.datetime:
                    setattr(each, attribute, VirtualDatetime)
                elif value is dt:
                    setattr(each, attribute, module)
