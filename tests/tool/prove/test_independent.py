"""Independent changes are counted by what a gate says to them: a miss is a measure, a false alarm is a violation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from market_data_meta.prove.changes import Edit
from market_data_meta.prove.independent import (
    ChangedRelease,
    IndependentChange,
    IndependentTrial,
    changed_wheels,
    sample,
)
from market_data_meta.prove.independent_score import independent_result
from market_data_meta.results.independent import IndependentResult

PART = ChangedRelease("core", "1.4.61", (Edit("a.py", "x", "y"),))
BREAK = IndependentChange((PART,), "models", "It is gone.", "core.toml", harmless=False)
HARMLESS = replace(BREAK, why="It moved.", harmless=True)


def result_of(*trials: IndependentTrial) -> IndependentResult:
    return independent_result(trials, suite="s", as_of="d", written=9, start=0.0, seconds=1.0)


def test_breaks_are_counted_by_what_caught_them() -> None:
    """A break that clauses and observations both show counts for both, and once for the whole."""
    both = IndependentTrial(BREAK, 1, clauses=("dto.x",), findings=("changed a.B",))
    only_told = IndependentTrial(BREAK, 0, findings=("changed a.C",))
    missed = IndependentTrial(BREAK, 0)
    rate = result_of(both, only_told, missed).breaks
    assert (rate.of, rate.failed, rate.told, rate.by_clauses, rate.by_observations) == (3, 1, 2, 1, 2)


def test_a_gate_that_was_not_run_caught_nothing() -> None:
    """A gate without a result is undecided: neither a catch nor a miss that was seen."""
    rate = result_of(IndependentTrial(BREAK, None, fault="it hung")).breaks
    assert (rate.told, rate.undecided) == (0, 1)


def test_only_a_false_alarm_is_a_violation() -> None:
    """A missed break ends with 0, a gate that fails at a harmless change with 1."""
    assert result_of(IndependentTrial(BREAK, 0), IndependentTrial(HARMLESS, 0)).exit == 0
    assert result_of(IndependentTrial(HARMLESS, 1, findings=("changed a.B",))).exit == 1


def test_a_sample_is_always_the_same_part() -> None:
    """A sample of a number is a part of all changes, in their order, and does not depend on chance."""
    changes = [replace(BREAK, why=f"It is {number}.") for number in range(30)]
    chosen = sample(changes, 7)
    assert chosen == sample(changes, 7)
    assert len(chosen) == 7
    assert [change for change in changes if change in chosen] == chosen
    assert sample(changes, 0) == changes


@pytest.mark.parametrize(("version_before", "version_after"), [("1.4.61", "1.4.61.post1"), ("1.2.35", "1.2.35")])
def test_the_version_that_a_release_says_of_itself_moves_on_with_it(
    tmp_path: Path, version_before: str, version_after: str
) -> None:
    """Otherwise it would catch every change of that release. One that never agreed stays as it is."""
    app = 'app = App(version="{0}")\nhealth = Health(version = "{0}", of="{1}"), Health(version="{0}")\n'
    files = {
        "a.py": "x",
        "thing/app.py": app.format(version_before, version_before),
        "thing/__init__.py": f'__version__ = "{version_before}"\n',
        "thing-1.4.61.dist-info/METADATA": "Name: thing\nVersion: 1.4.61\n",
        "thing-1.4.61.dist-info/RECORD": "a.py,,\nthing/app.py,,\nthing/__init__.py,,\n",
    }
    for name, text in files.items():
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_text(text)
    wheel = changed_wheels(BREAK, {("core", "1.4.61"): tmp_path / "site"}, tmp_path / "made")["core"]
    with ZipFile(wheel) as archive:
        assert archive.read("thing/__init__.py").decode() == f'__version__ = "{version_after}"\n'
        assert archive.read("thing/app.py").decode() == app.format(version_after, version_before)
        assert archive.read("a.py") == b"y"
