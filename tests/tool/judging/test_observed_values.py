"""The direction of a difference between two observed values."""

from __future__ import annotations

from typing import Any

import pytest

from market_data_meta.judging.observation_rules import ABSENT
from market_data_meta.judging.observed_values import value_differences


def kinds(was: object, now: object) -> dict[str, str]:
    """The kind of each difference, by its path."""
    return {"/".join(found.path): found.kind for found in value_differences("functions", was, now, ())}


VALUE = {"returns": 5}
ERROR = {"raises": ["ValueError", "Exception", "BaseException"]}
UNICODE_ERROR = {"raises": ["UnicodeError", "ValueError", "Exception", "BaseException"]}
UNKNOWN_PARAMETER = {"raises": ["TypeError", "Exception", "BaseException"]}


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        # What nobody can notice.
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {}),
        (ERROR, UNICODE_ERROR, {}),
        # What is new, and leaves all else as it was.
        ({"a": 1}, {"a": 1, "b": 2}, {"b": "added"}),
        (
            {"returns": {"fields": {"a": 1}}},
            {"returns": {"fields": {"a": 1, "b": None}}},
            {"returns/fields/b": "added"},
        ),
        (UNKNOWN_PARAMETER, VALUE, {"": "added"}),
        (ABSENT, 1, {"": "added"}),
        # What is not as it was.
        (1, ABSENT, {"": "removed"}),
        ({"a": 1}, {}, {"a": "changed"}),
        (5, 5.0, {"": "changed"}),
        (1, True, {"": "changed"}),
        (None, 0, {"": "changed"}),
        ([1, 2], [1, 2, 3], {"": "changed"}),
        ([1, 2], [2, 1], {"0": "changed", "1": "changed"}),
        (["a", {"b": 1}], ["a", {"b": 2}], {"1/b": "changed"}),
        (VALUE, ERROR, {"": "narrowed"}),
        (ERROR, VALUE, {"": "changed"}),
        (UNICODE_ERROR, ERROR, {"raises": "changed"}),
        (ERROR, UNKNOWN_PARAMETER, {"raises/0": "changed"}),
        # Only how it ended: what else can be seen follows from that.
        ({**VALUE, "state": {"a": 1}}, {**ERROR, "state": {}}, {"": "narrowed"}),
        ({**VALUE, "state": {"a": 1}}, {**VALUE, "state": {"a": 1, "b": 2}}, {"state/b": "added"}),
    ],
)
def test_a_difference_has_a_direction(was: Any, now: Any, expected: dict[str, str]) -> None:
    assert kinds(was, now) == expected
