"""What all code of a process shares, and a library leaves alone: what of it has changed since it was last looked at."""

from __future__ import annotations

import asyncio
import builtins
import decimal
import gc
import locale
import logging
import os
import random
import re
import signal
import socket
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import describing
from describing import Json, describe, masked, type_name

State = dict[str, Json]
AS_BEFORE = "nothing"
"""What has changed where nothing has."""
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGALRM")
_EXPECTED_TO_STAY = (asyncio, decimal, gc, locale, logging, os, random, signal, socket, sys, threading, time, warnings)
_configured: list[Json] = []
_seeded: list[Json] = []


class HostHandler(logging.Handler):
    """The log handler of the application that uses a library."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep nothing."""


def be_a_host() -> None:
    """Set this process up as an application does before it uses a library."""
    logging.getLogger().addHandler(HostHandler())
    real = logging.basicConfig

    def basic_config(*args: Any, **kwargs: Any) -> None:
        _configured.append(sorted(kwargs))
        real(*args, **kwargs)

    logging.basicConfig = basic_config
    real_seed = random.seed

    def seed(*args: Any, **kwargs: Any) -> None:
        _seeded.append(bool(args or kwargs))
        real_seed(*args, **kwargs)

    random.seed = seed


def quick_state() -> State:
    """What is looked at around each call: it takes some microseconds."""
    root, manager = logging.root, logging.root.manager
    return {
        "environment": dict(os.environ),
        "working folder": os.getcwd(),  # noqa: PTH109 - as text, a thousand times
        "root logger": [root.level, [type_name(type(handler)) for handler in root.handlers], root.disabled],
        "logging is off up to": manager.disable,
        "logging set up": len(_configured),
        "random numbers": len(_seeded),
        "signal handlers": [signal.getsignal(getattr(signal, name)) for name in _SIGNALS],
        "hooks": [sys.excepthook, sys.unraisablehook, sys.displayhook, threading.excepthook, sys.gettrace()],
        "warnings": list(warnings.filters),
        "decimal": _decimal_context(),
        "recursion limit": sys.getrecursionlimit(),
        "time zone": time.tzname,
        "socket timeout": socket.getdefaulttimeout(),
        "garbage collection": [gc.isenabled(), gc.get_threshold()],
    }


def full_state() -> State:
    """What is looked at around an import, and around the life of an app."""
    return quick_state() | {
        "locale": locale.setlocale(locale.LC_ALL),
        "event loop policy": type_name(type(asyncio.get_event_loop_policy())),
        "encodings": [sys.getdefaultencoding(), sys.getfilesystemencoding(), locale.getpreferredencoding(False)],
        "streams": [getattr(stream, "encoding", None) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "sys.path": list(sys.path),
        "importers": [type_name(each if isinstance(each, type) else type(each)) for each in sys.meta_path],
        "threads": sorted(re.sub(r"\d+", "#", thread.name) for thread in threading.enumerate()),
        "open files": _open_files(),
        "child processes": _children(),
        "files": _files(),
        "umask": _umask(),
        "switch interval": sys.getswitchinterval(),
        "loggers": _loggers(),
        "built-in names": sorted(vars(builtins)),
        "replaced": sorted(_replaced()),
    }


def _decimal_context() -> Json:
    """How decimals are reckoned. The flags are left out: each sum that is not exact sets some."""
    context = decimal.getcontext()
    traps = sorted(kind.__name__ for kind, is_set in context.traps.items() if is_set)
    return [context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp, traps]


def changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> Json:
    """What has changed, by name, with what it is now."""
    found = []
    for name, value in after.items():
        if value != before[name]:
            told = _TELL.get(name, _whole)(before[name], value)
            if told is not None:
                found.append([name, told])
    return found or AS_BEFORE


def _whole(_: Json, now: Json) -> Json:
    return describe(now)


def _members(was: Mapping[str, Json], now: Mapping[str, Json]) -> Json:
    """Which members are new or other, and which are gone."""
    told = {name: describe(value) for name, value in now.items() if was.get(name) != value}
    return told | {name: "gone" for name in was if name not in now} or None


def _gained(was: list[Json], now: list[Json]) -> Json:
    """What a list has more, in its order, and what it has no more."""
    more = [describe(item) for item in now if item not in was]
    return {"more": more, "gone": [describe(item) for item in was if item not in now]}


def _filters(was: list[Any], now: list[Any]) -> Json:
    def shown(item: tuple[Any, ...]) -> Json:
        action, message, category, module, line = item
        return [action, *(getattr(part, "pattern", part) for part in (message, module)), category.__name__, line]

    return _gained([shown(item) for item in was], [shown(item) for item in now])


def _callables(was: list[Any], now: list[Any]) -> Json:
    return [describe(part) if part is not before else AS_BEFORE for before, part in zip(was, now, strict=True)]


_TELL: dict[str, Callable[[Any, Any], Json]] = {
    "environment": _members,
    "loggers": _members,
    "sys.path": _gained,
    "threads": _gained,
    "open files": _gained,
    "files": _gained,
    "importers": _gained,
    "built-in names": _gained,
    "replaced": _gained,
    "warnings": _filters,
    "signal handlers": _callables,
    "hooks": _callables,
    "random numbers": lambda was, now: ["seeded" if fixed else "shuffled" for fixed in _seeded[was:now]],
    "logging set up": lambda was, now: _configured[was:now],
}


def _open_files() -> list[str]:
    found = []
    for link in Path("/proc/self/fd").glob("*"):
        try:
            target = masked(str(link.readlink()))
        except OSError:
            continue
        if not target.startswith(("/proc/", "/dev/null")):
            found.append(re.sub(r"\d+", "#", target))
    return sorted(found)


def _children() -> int:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    return len(children.read_text().split()) if children.exists() else 0


def _files() -> list[str]:
    home = Path(os.environ["HOME"])
    return sorted({file.relative_to(home).as_posix() for file in home.rglob("*") if file.is_file()})


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _loggers() -> State:
    """The loggers of the packages that do not leave everything to the application."""
    found: State = {}
    for name, logger in logging.root.manager.loggerDict.items():
        if name.split(".")[0] in describing.PACKAGES and isinstance(logger, logging.Logger):
            handlers = [
                type_name(type(handler)) for handler in logger.handlers if type(handler) is not logging.NullHandler
            ]
            if handlers or logger.level or logger.disabled or not logger.propagate:
                found[name] = [logger.level, handlers, logger.disabled, logger.propagate]
    return found


def _replaced() -> Iterable[str]:
    """What the packages have put into the standard library in place of its own."""
    for module in _EXPECTED_TO_STAY:
        for name, value in vars(module).items():
            owner = getattr(value, "__module__", None)
            if isinstance(value, types.FunctionType | type) and str(owner).split(".")[0] in describing.PACKAGES:
                yield f"{module.__name__}.{name}"
