"""Changes lines of a pull request accept what differs, with a reason; all other text accepts nothing."""

from __future__ import annotations

import pytest

from market_data_meta.gate.meant_changes import accept_meant, meant_changes
from market_data_meta.judging.observation_findings import ObservedGroup
from market_data_meta.judging.observations import ObservedDifference


def group(symbol: str, *arguments: str) -> ObservedGroup:
    """A group of one symbol, seen with these arguments, or as a whole."""
    keys = [f"{symbol}[{argument}]" for argument in arguments] or [symbol]
    return ObservedGroup("store", symbol, "changed", "must", tuple(ObservedDifference(key, "changed") for key in keys))


def reason(text: str, *groups: ObservedGroup) -> list[str | None]:
    return [each.acceptance for each in accept_meant(groups, meant_changes(text))[0]]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Changes: http:GET /health the service has its new name", "the service has its new name"),
        ("changes:  HTTP:GET /health the service has its new name  ", "the service has its new name"),
        ("Changes: http:GET /* all of them", "all of them"),
        ("Changes: http:* all of them are *new*", "all of them are *new*"),
        # Another name, another area, and names that only begin like it.
        ("Changes: http:GET /healthz it is meant", None),
        ("Changes: http:GET /heal it is meant", None),
        ("Changes: cli:GET /health it is meant", None),
        ("Changes: http:POST /* it is meant", None),
        # Without a reason, and with a mark before the key.
        ("Changes: http:GET /health", None),
        ("Changes: http:GET /*", None),
        ("- Changes: http:GET /health it is meant", None),
        # Prose.
        ("Changes: the service has its new name", None),
        ("Changes: weather:GET /health it is meant", None),
        ("Changes:", None),
    ],
)
def test_a_line_accepts_a_symbol_with_a_reason(line: str, expected: str | None) -> None:
    assert reason(f"What it is about.\r\n\n{line}\nDepends-On: a/b#1", group("http:GET /health")) == [expected]


def test_a_line_may_accept_single_observations() -> None:
    """The group is accepted when every difference in it is."""
    parsed = group("functions:m.parse", "x=1", "x=2")
    one, two = (f"Changes: functions:m.parse[x={number}] reason {number}" for number in (1, 2))
    assert reason(one, parsed) == [None]
    assert reason(f"{one}\n{two}", parsed) == ["reason 1; reason 2"]


def test_a_line_that_accepts_nothing_is_named() -> None:
    text = "Changes: http:GET /x it is meant\nChanges: http:GET /health\nChanges: http:GET /health it is meant"
    _, unused = accept_meant([group("http:GET /health")], meant_changes(text))
    assert unused == ("http:GET /x it is meant", "http:GET /health")
