"""Changes to releases: edits and variants, and how trials are judged and counted."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import pytest
from made_wheels import made_wheel

from market_data_meta.candidates.renumbering import renumber
from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_content import content_of_installed
from market_data_meta.judging.records import Record
from market_data_meta.prove.change_files import load_breaks
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.mutant_notes import load_mutant_notes
from market_data_meta.prove.mutations import Mutation
from market_data_meta.prove.score import (
    ALARM,
    CAUGHT,
    ERROR,
    MISSED,
    SILENT,
    Mutant,
    MutantScore,
    MutantTrial,
    Proof,
    Score,
    Trial,
    judge_trial,
)
from market_data_meta.prove.variant import file_digests, make_variant
from market_data_meta.running.wheels import extract

Make = Callable[..., Record]


def change(*clauses: str, **edit: Any) -> Change:
    edits = (Edit("thing/values.py", "x = 1", "x = 2"),) if not edit else (Edit(**edit),)
    return Change("core", edits, "Why.", clauses)


def test_an_edit_may_replace_a_text_in_several_places() -> None:
    assert Edit("f", "x", "y", 2).applied("x x") == "y y"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An unpacked wheel of two modules."""
    files = {"thing/__init__.py": "", "thing/values.py": "x = 1\n"}
    extract(made_wheel(tmp_path, "thing", "1.0", files), tmp_path / "site")
    return tmp_path / "site"


def test_a_variant_differs_in_the_changed_file_and_nothing_else(site: Path, tmp_path: Path) -> None:
    variant = make_variant(change("area.first"), site, file_digests(site), tmp_path / "variant")
    assert (variant.site / "thing" / "values.py").read_text() == "x = 2\n"
    assert (site / "thing" / "values.py").read_text() == "x = 1\n"
    assert (variant.site / "thing" / "__init__.py").stat().st_ino == (site / "thing" / "__init__.py").stat().st_ino


@pytest.mark.parametrize("edit", [{}, {"file": "thing/new.py", "before": "", "after": "y = 1\n"}])
def test_the_content_id_of_a_variant_is_that_of_its_installed_files(
    site: Path, tmp_path: Path, edit: dict[str, str]
) -> None:
    variant = make_variant(change("area.first", **edit), site, file_digests(site), tmp_path / "variant")
    installed = PathDistribution(next(variant.site.glob("*.dist-info")))
    assert content_of_installed(installed) == variant.content


def test_a_change_to_a_file_that_is_not_there_is_refused(site: Path, tmp_path: Path) -> None:
    with pytest.raises(MetaError, match="is to be edited, and is not there"):
        make_variant(
            change("c", file="thing/two.py", before="x", after="y"), site, file_digests(site), tmp_path / "variant"
        )


def test_a_release_under_another_version_number_has_the_same_content(site: Path, tmp_path: Path) -> None:
    folder = renumber(site, "1.0.post1", tmp_path / "other")
    installed = PathDistribution(next(folder.glob("*.dist-info")))
    assert (installed.version, installed.metadata["Name"]) == ("1.0.post1", "thing")
    original = PathDistribution(next(site.glob("*.dist-info")))
    assert content_of_installed(installed) == content_of_installed(original)
    assert original.version == "1.0"


@pytest.mark.parametrize(
    ("clauses", "now", "verdict"),
    [
        (("area.first",), {"area.first": "failed"}, CAUGHT),
        (("area.first",), {}, MISSED),
        (("area.first",), {"area.second": "failed"}, MISSED),
        (("area.first",), {"area.first": "error"}, MISSED),
        ((), {}, SILENT),
        ((), {"area.second": "failed"}, ALARM),
        ((), {"area.first": "error"}, ERROR),
        (("area.first",), {"controls.must-fail": "passed", "area.first": "failed"}, ERROR),
    ],
)
def test_each_trial_has_its_verdict(
    make_record: Make, clauses: tuple[str, ...], now: dict[str, str], verdict: str
) -> None:
    """An error catches no break: it says that the check could not run."""
    assert judge_trial(change(*clauses), make_record(now), make_record()).verdict == verdict


def test_a_check_that_fails_without_the_break_does_not_catch_it(make_record: Make) -> None:
    failing = make_record({"area.first": "failed"})
    assert judge_trial(change("area.first"), failing, failing).verdict == MISSED


def test_a_run_that_died_proves_nothing(make_record: Make) -> None:
    dead = make_record(footer=None, death="the run was killed by SIGSEGV")
    assert judge_trial(change("area.first"), dead, make_record()).verdict == ERROR


def score(*trials: Trial) -> Score:
    return Score(trials)


def test_the_score_counts_by_package_and_area() -> None:
    counted = score(
        Trial(change("area.first"), ("area.first", "area.second")),
        Trial(change("area.second"), ("area.second",)),
        Trial(change("other.third"), ()),
    )
    assert counted.counts == {CAUGHT: 2, MISSED: 1}
    assert counted.by("package") == {"core": (2, 3)}
    assert counted.by("area") == {"area": (2, 2), "other": (0, 1)}
    assert [trial.fragile for trial in counted.trials] == [False, True, False]


def proof(breaks: tuple[str, ...], harmless: tuple[str, ...], mutants: MutantScore) -> Proof:
    trials = score(Trial(change("area.first"), breaks)), score(Trial(change(), harmless))
    return Proof("s", "2026-11-22", {}, *trials, mutants, (), 0.0, 0.0)


@pytest.mark.parametrize(
    ("breaks", "harmless", "status"),
    [
        (("area.first",), (), 0),
        ((), (), 1),
        (("area.first",), ("area.first",), 1),
    ],
)
def test_a_miss_or_a_false_alarm_violates_the_proof(
    breaks: tuple[str, ...], harmless: tuple[str, ...], status: int
) -> None:
    assert proof(breaks, harmless, MutantScore()).exit == status


def mutant_trial(*worse: str, reason: str = "") -> MutantTrial:
    mutation = Mutation("thing/values.py", 1, "constant", "1", "(2)", "x = (2)")
    return MutantTrial(Mutant("core", mutation, "x = 1", ("area.first",)), Trial(change(), worse), reason)


@pytest.mark.parametrize(
    ("mutants", "status"),
    [
        (MutantScore((mutant_trial("area.first"), mutant_trial(reason="It is the same.")), 2), 0),
        (MutantScore((mutant_trial("area.first"), mutant_trial()), 2), 1),
        (MutantScore((mutant_trial("area.first"),), 1, ("core | thing/values.py | x = 1 | constant | 1 | (2)",)), 1),
    ],
)
def test_a_survivor_without_a_reason_and_a_reason_without_a_survivor_violate_it(
    mutants: MutantScore, status: int
) -> None:
    assert proof(("area.first",), (), mutants).exit == status


def test_reasons_are_read_by_the_identity_of_their_mutants(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    file = tmp_path / "tests" / "mutants.toml"
    table = 'package = "core"\nfile = "f.py"\nwhere = "x = 1"\nkind = "constant"\nbefore = "1"\nafter = "(2)"\n'
    head = 'areas = ["chain"]\n[[passed_by]]\nfiles = ["g.py"]\nreason = "No."\n[[unnoticed]]\n'
    file.write_text(f'{head}{table}reason = "It is the same."\n')
    notes = load_mutant_notes(tmp_path)
    assert notes.areas == ("chain",)
    assert notes.passed_files == {"g.py"}
    assert notes.reasons == {("core", "f.py", "x = 1", "constant", "1", "(2)"): "It is the same."}
    file.write_text(f"{head}{table}")
    with pytest.raises(MetaError, match="reason"):
        load_mutant_notes(tmp_path)


def test_a_table_with_an_unknown_field_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "breaks"
    folder.mkdir(parents=True)
    (folder / "area.toml").write_text(
        '[[break]]\nclause = "a.b"\npackage = "core"\nfile = "f.py"\nbefore = "x"\nafter = "y"\nwhy = "W."\nodd = 1\n'
    )
    with pytest.raises(MetaError, match=r"area\.toml: break/0/odd is an unknown field"):
        load_breaks(tmp_path)
