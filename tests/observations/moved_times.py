"""Times within what was sent earlier, moved by whole days: who reads it later is to find what was sent just now."""

from __future__ import annotations

import datetime as dt
import re

_DAY = 86_400
_NUMBER = re.compile(rb"(?<![\d.])\d{10,19}(?=\.\d|\D|$)")
_DATE = re.compile(rb"\b\d{4}-\d\d-\d\d(?=[T ]\d)")
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
"""Of a second, in which a moment is written as a number."""


def moved(data: bytes, sent: float, days: int) -> bytes:
    """The data with each moment of the day around ``sent`` (seconds since the epoch) so many days later."""

    def number(found: re.Match[bytes]) -> bytes:
        value = int(found[0])
        unit = next((unit for unit in _UNITS if abs(value / unit - sent) < _DAY), 0)
        return b"%d" % (value + days * _DAY * unit)

    def date(found: re.Match[bytes]) -> bytes:
        try:
            day = dt.date.fromisoformat(found[0].decode())
        except ValueError:
            return found[0]
        apart = (day - dt.datetime.fromtimestamp(sent, dt.UTC).date()).days
        return (day + dt.timedelta(days=days)).isoformat().encode() if abs(apart) <= 1 else found[0]

    return _DATE.sub(date, _NUMBER.sub(number, data))
