"""Units of a run: what is read of them, and what stands for those that were not observed again."""

from __future__ import annotations

import json

import pytest

from market_data_meta.judging.observed_units import ObservedUnit, read_units, with_untouched

KEY: dict[str, object] = {"area": "functions", "unit": "small.make", "read": []}
LINE = {"area": "functions", "id": "small.make[1]", "value": 1}
END = {
    "end": 2,
    "places": [],
    "functions": ["small/m.py:make", "small/m.py:Queue.put", "small/m.py:Queue.get"],
    "ran_before": [],
}


def lines(*rows: object) -> str:
    """What a run has written."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def test_a_unit_has_its_lines_and_the_functions_that_ran() -> None:
    others = {**LINE, "id": "small.other[1]"}
    units = read_units(lines(others, LINE, KEY | {"lines": 1, "ran": [1]}, END | {"ran_before": [0]}))
    assert units.units == (ObservedUnit(KEY, (json.dumps(LINE),), frozenset({"small/m.py:Queue.put"})),)
    assert units.ran_before == {"small/m.py:make"}
    assert units.untouched_by({"small/m.py:Queue.get"}) == units.units
    assert units.untouched_by({"small/m.py:Queue.put"}) == ()
    assert units.untouched_by({"small/m.py:nobody_knows"}) == ()
    assert units.untouched_by({"small/m.py:make"}) == ()


def test_units_of_one_name_are_none_that_could_be_left_out() -> None:
    unit = KEY | {"lines": 1, "ran": [0]}
    assert read_units(lines(LINE, unit, LINE, unit, END)).units == ()


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (LINE, KEY | {"lines": 1, "ran": [7]}, END),
        (LINE, KEY | {"lines": "1", "ran": [0]}, END),
        (LINE, KEY | {"ran": [0]}, END),
        (LINE, KEY | {"lines": 1, "ran": None}, END),
        (LINE, KEY | {"lines": 1, "ran": [0]}, []),
    ],
    ids=["nothing", "a function that is none", "a number as a text", "no number", "no functions", "no end"],
)
def test_lines_that_no_probe_writes_are_no_units(rows: tuple[object, ...]) -> None:
    assert read_units(lines(*rows)).units == ()


def test_what_was_left_out_is_what_was_seen_before() -> None:
    unit = ObservedUnit(KEY, (json.dumps(LINE), json.dumps({**LINE, "id": "small.make[2]"})), frozenset())
    own = {**LINE, "id": "small.other[1]", "value": '"unit"'}
    whole = with_untouched(lines(own, KEY, {"end": 2, "places": ["small"]}), [unit])
    assert whole == lines(own, *map(json.loads, unit.lines), {"end": 3, "places": ["small"]})


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ((KEY | {"unit": "small.other"}, {"end": 1, "places": []}), "left out what it was to observe"),
        ((KEY | {"read": ["SIZE"]}, {"end": 1, "places": []}), "left out what it was to observe"),
        ((KEY, {"end": 2, "places": []}), "not written its last line"),
        ((), "not written its last line"),
    ],
    ids=["another unit", "made for something else", "lines that are missing", "nothing"],
)
def test_a_run_that_leaves_out_more_is_no_evidence(rows: tuple[object, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        with_untouched(lines(*rows), [ObservedUnit(KEY, (json.dumps(LINE),), frozenset())])
