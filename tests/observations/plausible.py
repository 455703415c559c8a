"""What a value is likely to be, by its name alone: where nothing says its type, its name is what a reader goes by."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import re
from typing import Any

from collaborators import Method
from compared_words import WORDS

MOMENT = dt.datetime(2024, 3, 1, 14, 30, 15, 250_000, tzinfo=dt.UTC)
PRICE = 101.4567
"""More decimals than a price is rounded to."""
_OF_A_BAR = (101.0, 102.25, 100.5, PRICE)
"""Where it opens, its highest and lowest, and where it closes: four prices, so that one is not taken for another."""
_VALUES: tuple[tuple[str, Any], ...] = (
    (r"^(is|has|can|use)_|enabled|active|success|^ok$|exists|running|connected", True),
    (r"metadata|payload|details|^config|^json|params|headers|labels|^data$|fields", {"a": 1, "b": "x, y"}),
    (r"(_at|_ts|_time|timestamp)$|^ts$|^time$|bucket|^date", MOMENT),
    *zip(
        (r"^o(pen)?(_price)?$", r"^h(igh)?(_price)?$", r"^l(ow)?(_price)?$", r"^c(lose)?(_price)?$"),
        _OF_A_BAR,
        strict=True,
    ),
    (
        (
            r"price|^open|^high|^low|^close|value|score|^bid$|^ask$|vwap|avg|mean|std|ratio|pct|strength|seconds|elapsed"
            r"|interval|timeout|rate|delay|factor|scale|confidence|latency|duration"
        ),
        PRICE,
    ),
    (
        r"size|volume|^v$|count|^id$|rows|num|^n$|total|sum|^max|^min|\?column\?|lag|capacity|depth|limit|_ms$|port|attempts",
        3,
    ),
    (
        (
            r"symbol|name|source|provider|vendor|kind|type|key|_id$|stream|topic|status|url|text|message|reason|version|level"
            r"|group|channel|mode|host|path|tenant|query|sql|table|column|format|timeframe"
        ),
        "abc",
    ),
)
_DOES = re.compile(
    r"^(set|get|add|apply|close|create|delete|emit|fetch|load|on|publish|put|read|register|remove|run|save|send|start|stop"
    r"|update|write)_"
)
"""What a thing does, and is not: ``set_budget_scale`` is no number."""
_METHODS = ("model_dump", "dict", "to_dict", "_asdict", "asdict", "copy", "model_copy")


def plausible(name: str) -> Any:
    """A value that a thing of this name may have, or None where the name says nothing."""
    for pattern, value in _VALUES:
        if re.search(pattern, name, re.IGNORECASE):
            return dict(value) if isinstance(value, dict) else value
    return None


class Row(dict[str, Any]):
    """Something of which nothing is known: asked like a mapping or an object, it answers by the name asked for.

    Where the packages compare what is asked for with words, it answers with one of these.
    """

    turn = 0
    """Which of the words it is: what one row is, another is not."""
    writes_times = False
    """Whether its times are texts, in UTC with a Z."""

    def __init__(self, **values: Any) -> None:
        super().__init__(
            {"id": "abc", "symbol": "AAPL", "ts": "2024-03-01T14:30:15Z", "price": PRICE, "size": 3} | values
        )

    def changed(self, **values: Any) -> Row:
        """The same row with some other values."""
        row = Row(**self | values)
        row.turn, row.writes_times = self.turn, self.writes_times
        return row

    def __missing__(self, name: str) -> Any:
        value = self._answer(name)
        if value is None:
            raise KeyError(name)
        return value

    def _answer(self, name: str) -> Any:
        words = WORDS.with_name(name)
        if words:
            return words[self.turn % len(words)]
        value = plausible(name)
        # Times are written in many a row.
        if isinstance(value, dt.datetime) and self.writes_times:
            return value.isoformat().replace("+00:00", "Z")
        return value.isoformat() if self.turn and isinstance(value, dt.datetime) else value

    def get(self, name: str, default: Any = None) -> Any:
        """What is asked for, also where it is only plausible."""
        if name in self:
            return self[name]
        value = self._answer(name)
        return default if value is None else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in _METHODS:
            return lambda *_, **__: dict(self)
        value = None if _DOES.match(name) else self._answer(name)
        return Method(name) if value is None else value


def another_row() -> Row:
    """A row that is not taken for the first. Its size is nothing, which is a value like any other."""
    row = Row(id="b", symbol="MSFT", price=99.125, size=0, ts="2024-03-01T14:31:00Z")
    row.turn = 1
    return row


class _Side(enum.Enum):
    """A choice that is no text of its own accord."""

    BUY = "buy"


def payload() -> Any:
    """A model that nobody knows, for what takes any model."""
    return _model({"symbol": (str, "AAPL"), "price": (float, PRICE), "size": (int, 3), "note": (str | None, None)})


def rich_payload() -> Any:
    """Such a model with values that JSON has no form of its own for, and with a time of its own."""
    fields: dict[str, Any] = {
        "ts": (float, MOMENT.timestamp()),
        "when": (dt.datetime, MOMENT),
        "side": (_Side, _Side.BUY),
        "tags": (set[str], {"a"}),
        "amount": (decimal.Decimal, decimal.Decimal("1.250")),
        "raw": (bytes, b"abc"),
        "day": (dt.date, MOMENT.date()),
    }
    return _model(fields)


def _model(fields: dict[str, Any]) -> Any:
    # Imported here: what is observed may have no models.
    import pydantic

    return pydantic.create_model("Payload", **fields)()
