"""Values to hand over where a parameter's type is plain: by its name, and by its type."""

from __future__ import annotations

import datetime as dt
import decimal
import re
import uuid
from typing import Any

from compared_words import WORDS
from plausible import MOMENT

_BY_NAME: tuple[tuple[str, tuple[Any, ...]], ...] = (
    (r"^symbols?$|ticker|instrument", ("AAPL", "AAPL240315C00190500", "AAPL240315P00190500", "", "brk.b/ü")),
    (
        r"redis.*(url|uri)|(url|uri).*redis",
        ("redis://127.0.0.1:6379/0", "rediss://user:secret@127.0.0.1:6379/1?ssl_cert_reqs=none"),
    ),
    (
        r"dsn|database.*(url|uri)|db_(url|uri)|conninfo",
        (
            "postgresql://user:secret@127.0.0.1:5432/db",
            "postgresql+asyncpg://u@h/d",
            "postgresql://u@h/d?sslmode=require&options=-c%20statement_timeout%3D5000",
        ),
    ),
    (r"url|uri|endpoint|address", ("http://127.0.0.1:8080/x", "https://user:secret@h.example:1/p?q=1#f", "")),
    (r"^host|bind", ("127.0.0.1", "::1", "")),
    (
        r"version_?(req|range|spec)|requirement|constraint|specifier",
        (">=1.1,<2.0", ">1.1,<=1.2.0", "~=1.1.2", "~=1.1", "^1.1", "1.2.0"),
    ),
    (r"version|^candidate$", ("1.2.0", "1.1", "2.0.0", "x")),
    (r"interval|freq|timeframe|resolution", ("1min", "1d", "5m", "1h", "1M", "x")),
    (r"^(time_?zone|tz)", ("UTC", "America/New_York", "No/Zone")),
    (r"^level$|log_?level", ("INFO", "debug", "ok", "soft", "hard", "x")),
    (r"date|start|end|since|until|^ts|time", ("2024-03-01T14:30:15Z", "2024-03-01T09:30:15-05:00", "2024-03-01", "x")),
    (r"env", ("dev", "production", "")),
    (
        r"schema|table|column|job|name|key|id$|topic|stream|channel|subject|track|vendor|provider|source|dataset",
        ("abc", "a-b:c d", "", "Ünï"),
    ),
    (r"secret|token|password", ("secret", "")),
    (r"json|payload|raw|body|^data$|_data$", ('{"a": 1, "b": [1.5, null]}', "not json", "")),
    (r"format|mode|kind|type", ("json", "csv", "x")),
)
PAUSES = (0.0, 0.7, 0.7, 3.0, 3.0, 35.0, 35.0)
"""Virtual seconds: two of each together are longer than a limit that each of them keeps within."""
FOREIGN = "Ünï cödé / 1"
"""A text that is not in ASCII, with a space and a slash."""
TEXTS = ("abc", "", FOREIGN, "1", "true", " padded ")
BY_TYPE: dict[Any, tuple[Any, ...]] = {
    bool: (True, False),
    int: (3, 0, -1, 1_000, 1),
    float: (2.5, 0.0, -1.0, 1e9, float("inf")),
    complex: (1j,),
    bytes: (b"abc", b"", b'{"a":1}', b"\xff\xfe"),
    bytearray: (bytearray(b"abc"),),
    decimal.Decimal: (decimal.Decimal("1.25"), decimal.Decimal(0), decimal.Decimal(-3)),
    dt.datetime: (MOMENT, MOMENT.replace(tzinfo=None), MOMENT.astimezone(dt.timezone(dt.timedelta(hours=-5)))),
    dt.date: (dt.date(2024, 3, 1), dt.date(1970, 1, 1)),
    dt.time: (dt.time(14, 30),),
    dt.timedelta: (dt.timedelta(seconds=90), dt.timedelta(0)),
    uuid.UUID: (uuid.UUID(int=7),),
    type(None): (None,),
}

_END = re.compile(r"^(end|until|to|stop|max|last)(_|$)|_(end|until)$", re.IGNORECASE)
"""What may be the later of two times."""
_LATER = {dt.datetime: dt.timedelta(hours=1), dt.date: dt.timedelta(days=1)}


_AGO = re.compile(
    r"^(start(ed)?|begin|began|since|then|ts|timestamp|t0)$|_(ts|at|timestamp)$|^(start|begin)_time$", re.IGNORECASE
)
"""Numbers that may well be a moment, from which is reckoned how long something has lasted."""
SECONDS_AGO = 2.5


def is_moment(name: str) -> bool:
    """Whether a number of this name is taken for a moment."""
    return _AGO.search(name) is not None


def of_type(kind: Any, name: str) -> tuple[Any, ...]:
    """The values of a type for a parameter of this name: what lies between a beginning and an end is not empty."""
    values = BY_TYPE[kind]
    later = _LATER.get(kind) if _END.search(name) else None
    return tuple(value + later for value in values) if later else values


def of_name(name: str) -> tuple[Any, ...]:
    """The texts for a parameter of this name; none where it says nothing.

    Words that the packages compare such a name with come first: with any other, most of what they do stays undone.
    """
    words = WORDS.with_name(name)
    for pattern, values in _BY_NAME:
        if name and re.search(pattern, name, re.IGNORECASE):
            # An hour later, where it is the end of what begins at the same time.
            later = tuple(str(each).replace("T14:", "T15:").replace("T09:", "T10:") for each in values)
            return (*words, *(later if _END.search(name) else values))[: max(3, len(values))]
    return words
