"""What is to be seen of a value, as JSON: the same for the same behaviour, wherever and whenever it is looked at."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
import os
import pathlib
import re
import time
import types
import uuid
from typing import Any

Json = Any
"""What ``json.dumps`` can write: a name for readers."""

DEPTH = 6
"""How far into a value is looked: deeper than any documented payload."""
ITEMS = 40
"""Items of a list that are shown; its length is always."""
NOW_SECONDS = 900.0
"""What differs by less from the time of the run is taken for the time of the run."""
NOON_FRACTION = 0.25
"""Of what second it is by the virtual clock when an observation begins."""
_DAYS, _MINUTE, _MICROSECOND = 2 * 86_400.0, 60, 2e-6
"""Seconds: how far from now a moment is told in seconds, what is cut to a minute, and how exact moments are."""
PAST = (1e9, 1_709_303_415.25, -1.0, 1_000.0)
"""Moments that are handed over as samples: a difference to them is the current time as well."""
_NO_MOMENT = 1e7
"""A smaller number is no moment since 1970, nor the time since one that is handed over, in any unit."""
_STARTED, _SAMPLE = dt.datetime.now(dt.UTC), dt.datetime.fromtimestamp(PAST[1], dt.UTC)
"""When this process began by the real clock, and the moment that is handed over most."""
_GIVEN = re.compile(r"/given-\d+")
"""Folders that samples are made in: their numbers tell how many there were before."""
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_DATE = re.compile(r"(?<!\d)(20\d\d)([-/_]?)([01]\d)\2([0-3]\d)(?![\d:])")
_LONG_NUMBER = re.compile(r"\b1\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?\b")
_TIME_OF_DAY = re.compile(r"(?<![T\d:+-])(?<!\d{4}-\d\d-\d\d )([0-2]\d):([0-5]\d):([0-5]\d)(?:[.,]\d+)?(?![\d:])")
_OF_THE_PROCESS = re.compile(r"(?m)^((?:(?:python|process)_\S+)|(?:\w+_created(?:\{.*\})?)) \S+$")
_UNITS = {1: "s", 1_000: "ms", 1_000_000: "us", 1_000_000_000: "ns"}

AS_IT_WAS = "as it was"
"""What is told of an attribute or an answer that a call has not changed."""
FOLDERS: dict[str, str] = {}
"""Folders of this run, which have other names in the next, and what they are called instead."""


@dataclasses.dataclass(frozen=True)
class Described:
    """What has been described already and is shown as it is."""

    json: Json


def state_of(instance: object) -> dict[str, Json]:
    """The public attributes of an instance."""
    return {name: describe(value) for name, value in attributes(instance)}


def changed_state(before: dict[str, Json], after: dict[str, Json]) -> dict[str, Json]:
    """The later state, in which what is the same is said to be: so one that changes differs from a new one."""
    return {name: value if before.get(name) != value else AS_IT_WAS for name, value in after.items()}


def describe(value: object, depth: int = 0, seen: tuple[int, ...] = ()) -> Json:
    """The value as JSON: types by bare name, addresses and the current time replaced by what they are."""
    simple = _simple(value)
    if simple is not _COMPOUND:
        return simple
    if depth >= DEPTH:
        return {"type": type_name(type(value)), "deeper": True}
    if id(value) in seen:
        return {"cycle": type_name(type(value))}
    try:
        return _compound(value, depth + 1, (*seen, id(value)))
    except Exception as error:
        return {"type": type_name(type(value)), "looking at it raises": type_name(type(error))}


_COMPOUND = object()


def _simple(value: object) -> Json:  # noqa: C901 - one line for each kind of value
    if isinstance(value, Described):
        return value.json
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return {"enum": f"{type(value).__name__}.{value.name}", "value": _simple(value.value)}
    if isinstance(value, str):
        # Metrics that are added change none of the others.
        is_exposition = value.startswith("# HELP ")
        return {"exposition": dict.fromkeys(text(value).splitlines(), True)} if is_exposition else text(value)
    if isinstance(value, int):
        return _number(value) or (value if abs(value) < 1 << 53 else {"int": str(value)})
    if isinstance(value, float):
        return _number(value) or {"float": repr(value) if math.isfinite(value) else str(value)}
    if isinstance(value, bytes | bytearray):
        try:
            return {type(value).__name__: text(bytes(value).decode())}
        except UnicodeDecodeError:
            return {type(value).__name__: bytes(value).hex()}
    if isinstance(value, dt.datetime):
        return {"datetime": _moment(value)}
    if isinstance(value, dt.timedelta):
        return {"timedelta": repr(value.total_seconds())}
    if isinstance(value, dt.date | dt.time | dt.tzinfo | decimal.Decimal | complex | re.Pattern | range):
        return {type(value).__name__: str(value)}
    if isinstance(value, uuid.UUID):
        return {"uuid": value.version}
    if isinstance(value, pathlib.PurePath):
        return {"path": text(str(value))}
    if isinstance(value, type):
        return {"class": type_name(value)}
    if isinstance(value, types.ModuleType):
        return {"module": value.__name__}
    if isinstance(value, BaseException):
        return {"exception": class_names(type(value))}
    if callable(value) and hasattr(value, "__qualname__"):
        name = str(getattr(value, "__name__", ""))
        return {"function": "<private>" if name.startswith(("_", "<")) else name}
    return _COMPOUND


def _compound(value: Any, depth: int, seen: tuple[int, ...]) -> Json:  # noqa: C901 - one line for each kind of value
    def inner(part: object) -> Json:
        return describe(part, depth, seen)

    fields = field_names(value)
    if fields is not None:
        shown = {name: inner(getattr(value, name)) for name in fields}
        extra = getattr(value, "__pydantic_extra__", None) or {}
        return {"type": type_name(type(value)), "fields": shown | {name: inner(part) for name, part in extra.items()}}
    if isinstance(value, collections.abc.Mapping):
        if all(type(key) is str for key in value):
            return {type_name(type(value)): {key: inner(value[key]) for key in value}}
        pairs = [[inner(key), inner(part)] for key, part in value.items()]
        return {type_name(type(value)): sorted(pairs, key=json.dumps)[:ITEMS], "length": len(pairs)}
    if isinstance(value, set | frozenset):
        return {type_name(type(value)): sorted(map(inner, value), key=json.dumps)[:ITEMS], "length": len(value)}
    if isinstance(value, list):
        return [inner(part) for part in value[:ITEMS]] + ([{"length": len(value)}] if len(value) > ITEMS else [])
    if isinstance(value, tuple | collections.deque):
        return {type_name(type(value)): [inner(part) for part in list(value)[:ITEMS]], "length": len(value)}
    if isinstance(value, asyncio.Queue):
        return {"type": type_name(type(value)), "size": value.qsize(), "maxsize": value.maxsize}
    if isinstance(value, asyncio.Event):
        return {"type": "Event", "set": value.is_set()}
    if isinstance(value, asyncio.Future):
        return {"type": type_name(type(value)), "done": value.done(), "cancelled": value.cancelled()}
    if hasattr(value, "collect") and hasattr(value, "_labelnames"):
        return {"metric": type_name(type(value)), "samples": _metric_samples(value)}
    return {"type": type_name(type(value)), "attributes": {name: inner(part) for name, part in attributes(value)}}


def _metric_samples(metric: Any) -> Json:
    return [
        [sample.name, dict(sorted(sample.labels.items())), _number(sample.value) or repr(sample.value)]
        for family in metric.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]


def field_names(value: Any) -> list[str] | None:
    """The fields of a model, a dataclass or a named tuple; None of anything else."""
    kind = type(value)
    if hasattr(kind, "model_fields"):
        return [*kind.model_fields, *kind.model_computed_fields]
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value) if not field.name.startswith("_")]
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return list(kind._fields)
    return None


PACKAGES: set[str] = set()
"""The top-level packages whose objects are looked into: of a library's own object only its type is told."""


def is_of_packages(kind: Any) -> bool:
    """Whether a class or a function is defined in the packages."""
    return kind.__module__.split(".")[0] in PACKAGES


def attributes(value: object) -> list[tuple[str, object]]:
    """The public attributes and properties of an object of the packages, by name; none of a library's object."""
    kind = type(value)
    if not is_of_packages(kind):
        return []
    names = {name for name in getattr(value, "__dict__", {}) if not name.startswith("_")}
    for base in kind.__mro__:
        if is_of_packages(base):
            names |= {
                name
                for name, part in vars(base).items()
                if not name.startswith("_") and isinstance(part, property | types.MemberDescriptorType)
            }
    shown: list[tuple[str, object]] = []
    for name in sorted(names):
        try:
            part = getattr(value, name)
        except Exception as error:
            shown.append((name, error))
            continue
        if not callable(part) or isinstance(part, type):
            shown.append((name, part))
    return shown


def type_name(kind: type) -> str:
    """The bare name of a type: where it is defined may change without anybody noticing."""
    return "<private>" if kind.__name__.startswith("_") else kind.__name__


def class_names(kind: type[BaseException]) -> list[str]:
    """The names of an exception and of its bases, from itself upwards, without ``object`` and private ones."""
    return [type_name(base) for base in kind.__mro__ if base not in (object, BaseException)]


def text(value: str) -> Json:
    """A text as JSON: what it holds where it is JSON itself, without what differs from run to run."""
    if value[:1] in ("{", "[") and len(value) > 2:
        try:
            return {"json": describe(json.loads(value))}
        except ValueError:
            pass
    return masked(value)


def masked(value: str) -> str:
    """The text without addresses, identifiers made at random, folders of this run and the current time."""
    for folder, name in FOLDERS.items():
        value = value.replace(folder, name)
    value = _GIVEN.sub("/given", value)
    value = _OF_THE_PROCESS.sub(r"\1 <of the process>", value)
    value = _ADDRESS.sub("<address>", value)
    value = _UUID.sub("<random>", value)
    value = _ISO.sub(lambda match: _iso(match.group()), value)
    value = _DATE.sub(_date, value)
    value = _TIME_OF_DAY.sub(_time_of_day, value)
    return _LONG_NUMBER.sub(lambda match: str(_number(float(match.group())) or match.group()), value)


def _number(value: float) -> str | None:
    """How a number is called that is the current time in some unit, or None."""
    if isinstance(value, float) and 0 < abs(value) < 0.05 and (abs(value) < 1e-4 or len(f"{value:.12g}") > 8):
        # The time between two looks at the real clock: datetime's own defaults look at it.
        return "<an instant>"
    if abs(value) < _NO_MOMENT:
        return None
    nows = (time.time(), dt.datetime.now(dt.UTC).timestamp())
    for now in nows:
        if isinstance(value, float) and 2.5e9 < value < 5e10 and abs(value / now % 1 - 0.5) > 0.49999:
            return f"<{round(value / now)} times now in s>"
    for factor, unit in _UNITS.items():
        apart = _apart(value / factor - time.time())
        if apart or any(abs(value / factor - now) < NOW_SECONDS for now in nows):
            whole = "whole " if isinstance(value, int) else ""
            return f"<now{apart} in {whole}{unit}>"
        for past in PAST:
            if any(abs(abs(value) / factor - (now - past)) < NOW_SECONDS for now in nows):
                return f"<{'-' if value < 0 else ''}seconds since {past:g} in {unit}>"
    return None


def _time_of_day(match: re.Match[str]) -> str:
    hours, minutes, seconds = (int(part) for part in match.groups())
    of_day = hours * 3600 + minutes * 60 + seconds
    if any(0 <= of_day - _of_day(sample) <= _MINUTE for sample in (_SAMPLE, _SAMPLE.astimezone())):
        return match.group()
    apart = abs(of_day - _of_day(_virtual_now()))
    # A day has few seconds, so that what was handed over is often near the real time: only this process's life counts.
    real = dt.datetime.now(dt.UTC)
    life = (real - _STARTED).total_seconds() + 2 * _MINUTE
    is_real = any((_of_day(now) + _MINUTE - of_day) % 86_400 < life for now in (real, real.astimezone()))
    return "<time of day>" if is_real or min(apart, 86_400 - apart) < NOW_SECONDS else match.group()


def _of_day(moment: dt.datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _date(match: re.Match[str]) -> str:
    """A date without a time: each observation is made on a day of its own."""
    days = {now.date() for now in (_virtual_now(), dt.datetime.now(dt.UTC), dt.datetime.now())}  # noqa: DTZ005 - as above
    return "<today>" if "".join(match.group(1, 3, 4)) in {f"{day:%Y%m%d}" for day in days} else match.group()


def _iso(value: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return value
    described = _moment(moment)
    if not described.startswith("<now"):
        return value
    ending = "Z" if value.endswith("Z") else value[19:][-6:] if moment.tzinfo else ""
    fraction = " with fraction" if "." in value else ""
    apart_and_zone = described[4:-1]
    told = apart_and_zone.partition(" ")[0] if moment.tzinfo else apart_and_zone
    return f"<now{value[10]}{ending}{fraction}{told}>"


def _moment(value: dt.datetime) -> str:
    """A moment, or what kind of now it is: its zone, or which zone's time it shows without saying so."""
    real, virtual = dt.datetime.now(dt.UTC), _virtual_now()
    if value.tzinfo is not None:
        seconds = (value - virtual).total_seconds()
        if (apart := _apart(seconds)) or _is_near(seconds, (value - real).total_seconds()):
            return f"<now{apart} {value.utcoffset()} {value.tzinfo}>"
        return f"{value.isoformat()} {value.tzinfo}"
    seconds_from = {
        zone: [(value - now.astimezone(of_zone).replace(tzinfo=None)).total_seconds() for now in (virtual, real)]
        for zone, of_zone in (("utc", dt.UTC), ("local", None))
    }
    for zone, (from_virtual, from_real) in seconds_from.items():
        if _is_near(from_virtual, from_real):
            return f"<now{_apart(from_virtual)} {zone} without a zone>"
    apart = _apart(seconds_from["utc"][0])
    return f"<now{apart} utc without a zone>" if apart else value.isoformat()


def _virtual_now() -> dt.datetime:
    return dt.datetime.fromtimestamp(time.time(), dt.UTC)


def _apart(seconds: float) -> str:
    """How far from the virtual clock a moment is that was reckoned from it: ``-60s``; nothing where it is no way off.

    The clock begins at noon and a fraction of a second, so that what was cut to a second or an hour is known as well.
    """
    if not 0 < abs(seconds) < _DAYS:
        return ""
    for fraction in (0.0, NOON_FRACTION):
        whole = round(seconds + fraction)
        if whole and abs(seconds + fraction - whole) < _MICROSECOND:
            return f"{whole:+d}s"
    return ""


def _is_near(*seconds: float) -> bool:
    """Whether a moment is so many seconds from now, by the virtual clock or by the real one, that it is now."""
    return any(abs(each) < NOW_SECONDS for each in seconds)


def name_folder(folder: str, name: str) -> None:
    """Call a folder of this run by a name in whatever is described from now on."""
    FOLDERS[os.path.realpath(folder)] = name
    FOLDERS[folder] = name
