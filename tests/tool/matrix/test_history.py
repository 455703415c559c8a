"""The history of a clause: in which releases it changed, compared with the same partners."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner
from examples import LEDGER, ROOT, release

from market_data_meta.commands import history as command
from market_data_meta.commands.common import Checkout
from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.matrix.history import ClauseHistory, OutcomeChange, ReleaseSpan, clause_history
from market_data_meta.matrix.verdicts import MatrixVerdicts

Make = Callable[..., MatrixVerdicts]
FAILED = {"area.first": "failed"}
ABSENT = {"area.first": "not-applicable"}
ERROR = {"area.first": "error"}


@pytest.fixture
def history_with(small: Contract, make_matrix: Make) -> Callable[..., ClauseHistory]:
    """The history of area.first, which binds core and store, in a made-up matrix."""

    def build(*cells: object, clause: str = "area.first") -> ClauseHistory:
        return clause_history(small, make_matrix(*cells), clause)

    return build


def states(spans: tuple[ReleaseSpan, ...]) -> list[tuple[str, str, bool]]:
    return [(span.label, span.state, span.change is not None) for span in spans]


def test_a_clause_that_holds_everywhere_never_changed(history_with: Callable[..., ClauseHistory]) -> None:
    history = history_with()
    assert states(history.packages["core"]) == [
        ("1.0", "passed", False),
        ("1.1 to 1.2", "passed", False),
        ("1.3", "passed", False),
    ]
    assert history.has_evidence
    assert history.changes == ()


def test_only_the_packages_that_a_clause_binds_have_a_history(history_with: Callable[..., ClauseHistory]) -> None:
    assert list(history_with().packages) == ["core", "store"]


def test_a_change_names_the_first_release_of_the_new_content(history_with: Callable[..., ClauseHistory]) -> None:
    history = history_with({"1.2 0.1": FAILED})
    assert history.changes[:2] == (
        ("core", OutcomeChange("1.1", "1.0", "passed", "failed", "a defect")),
        ("core", OutcomeChange("1.3", "1.2", "failed", "passed", None)),
    )
    assert [row.got for row in history.packages["core"]] == [None, "a defect", None]


def test_a_clause_that_depends_on_partners_is_mixed_with_a_count_by_outcome(
    history_with: Callable[..., ClauseHistory],
) -> None:
    core, store = history_with({"1.2 0.1 0.6": FAILED}).packages.values()
    assert states(core) == [("1.0", "passed", False), ("1.1 to 1.2", "mixed", True), ("1.3", "passed", True)]
    assert core[1].partners == {"failed": 1, "passed": 1}
    assert states(store) == [("0.5", "passed", False), ("0.6", "mixed", True)]


def test_releases_are_compared_partner_by_partner(history_with: Callable[..., ClauseHistory]) -> None:
    """What fails with other partners than before has changed, though it depends on partners as before."""
    same = history_with({"1.0 0.1 0.6": FAILED, "1.2 0.1 0.6": FAILED, "1.3 0.1 0.6": FAILED})
    assert states(same.packages["core"]) == [
        ("1.0", "mixed", False),
        ("1.1 to 1.2", "mixed", False),
        ("1.3", "mixed", False),
    ]
    moved = history_with({"1.0 0.1 0.6": FAILED, "1.2 0.1 0.5": FAILED, "1.3 0.1 0.5": FAILED})
    assert states(moved.packages["core"]) == [
        ("1.0", "mixed", False),
        ("1.1 to 1.2", "mixed", True),
        ("1.3", "mixed", False),
    ]


def test_a_clause_that_begins_to_apply_has_changed(history_with: Callable[..., ClauseHistory]) -> None:
    history = history_with({"1.0 0.1": ABSENT})
    assert history.changes[0] == ("core", OutcomeChange("1.1", "1.0", "not-applicable", "passed", None))


def test_a_release_whose_check_could_not_run_is_an_error(history_with: Callable[..., ClauseHistory]) -> None:
    core = history_with({"1.3 0.1": ERROR}).packages["core"]
    assert states(core)[1:] == [("1.1 to 1.2", "passed", False), ("1.3", "error", True)]
    assert history_with({"1.3 0.1 0.6": ERROR}).packages["core"][2].state == "error"


@pytest.mark.parametrize("outcomes", [None, {"area.first": "missing"}, {"controls.must-fail": "passed"}])
def test_a_release_without_evidence_is_unknown(
    history_with: Callable[..., ClauseHistory], outcomes: dict[str, str] | None
) -> None:
    core = history_with({"1.3 0.1": outcomes}).packages["core"]
    assert states(core)[2] == ("1.3", "unknown", False)
    assert core[2].partners == {"unknown": 2}


def test_a_record_of_another_suite_is_no_evidence(small: Contract, make_matrix: Make) -> None:
    matrix = dataclasses.replace(make_matrix(), suite_digest="6" * 64)
    assert not clause_history(small, matrix, "area.first").has_evidence


def test_a_release_with_an_unknown_partner_is_unknown(history_with: Callable[..., ClauseHistory]) -> None:
    core = history_with({"1.3 0.1 0.6": None}).packages["core"]
    assert core[2].state == "unknown"
    assert core[2].partners == {"passed": 1, "unknown": 1}


def test_a_change_across_unknown_releases_says_since_when(history_with: Callable[..., ClauseHistory]) -> None:
    history = history_with({"1.2 0.1": None, "1.3 0.1": FAILED})
    assert states(history.packages["core"]) == [
        ("1.0", "passed", False),
        ("1.1 to 1.2", "unknown", False),
        ("1.3", "failed", True),
    ]
    assert history.changes[0] == ("core", OutcomeChange("1.3", "1.0", "passed", "failed", "a defect"))


def test_partners_that_cannot_be_installed_do_not_change_the_state(history_with: Callable[..., ClauseHistory]) -> None:
    core = history_with({"1.3 0.1 0.6": "no versions", "1.0 0.1": "no versions"}).packages["core"]
    assert states(core) == [("1.0", "uninstallable", False), ("1.1 to 1.2", "passed", False), ("1.3", "passed", False)]
    assert core[2].partners == {"passed": 1, "uninstallable": 1}


def test_a_content_that_comes_back_has_two_spans(small: Contract, make_matrix: Make) -> None:
    core = (release("1.0", "a"), release("1.1", "b"), release("1.2", "a"))
    ledger = dataclasses.replace(LEDGER, releases={**LEDGER.releases, "core": core})
    history = clause_history(small, make_matrix({"1.1 0.1": FAILED}, ledger), "area.first")
    assert states(history.packages["core"]) == [
        ("1.0", "passed", False),
        ("1.1", "failed", True),
        ("1.2", "passed", True),
    ]


def test_a_matrix_without_runs_has_no_evidence(history_with: Callable[..., ClauseHistory]) -> None:
    assert not history_with(dict.fromkeys(("1.0 0.1", "1.2 0.1", "1.3 0.1"))).has_evidence
    assert not history_with(clause="area.alone").has_evidence


@pytest.fixture
def run(small: Contract, monkeypatch: pytest.MonkeyPatch) -> Callable[..., click.testing.Result]:
    """Run ``mdmeta history`` on a matrix that is there already."""

    def invoke(matrix: MatrixVerdicts, *arguments: str) -> click.testing.Result:
        checkout = Checkout(ROOT)
        checkout.__dict__ |= {"contract": small, "ledger": LEDGER}
        monkeypatch.setattr(command, "known_matrix", lambda *_: matrix)
        return CliRunner().invoke(command.history_command, arguments, obj=checkout)

    return invoke


def test_the_command_marks_changes_and_shows_what_the_check_got(
    run: Callable[..., click.testing.Result], make_matrix: Make
) -> None:
    result = run(make_matrix({"1.2 0.1": None, "1.3 0.1": FAILED}), "area.first")
    assert result.exit_code == 0, result.output
    assert "  1.0         holds with all partners\n" in result.stdout
    assert "  1.1 to 1.2  unknown\n" in result.stdout
    assert "* 1.3         fails with all partners\n" in result.stdout
    assert "changed after 1.0, at the latest in 1.3" in result.stdout
    assert 'got "a defect"' in result.stdout


def test_at_80_columns_each_line_of_the_command_is_whole(
    run: Callable[..., click.testing.Result], make_matrix: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = run(make_matrix({"1.2 0.1": None, "1.3 0.1": FAILED}), "area.first")
    monkeypatch.setenv("COLUMNS", "200")
    assert result.stdout == run(make_matrix({"1.2 0.1": None, "1.3 0.1": FAILED}), "area.first").stdout


def test_the_command_prints_json(run: Callable[..., click.testing.Result], make_matrix: Make) -> None:
    result = run(make_matrix({"1.3 0.1": FAILED}), "area.first", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["packages"]["core"][1:] == [
        {
            "from": "1.1",
            "to": "1.2",
            "state": "passed",
            "partners": {"passed": 2},
            "changed": False,
            "since": None,
            "got": None,
        },
        {
            "from": "1.3",
            "to": "1.3",
            "state": "failed",
            "partners": {"failed": 2},
            "changed": True,
            "since": "1.2",
            "got": "a defect",
        },
    ]


@pytest.mark.parametrize(
    ("clause", "code", "status", "hint"),
    [
        ("area.frist", "unknown-clause", Exit.BAD_INPUT, "did you mean area.first"),
        ("area.alone", "no-evidence", Exit.UNDECIDED, "mdmeta explain area.alone"),
        ("area.first", "no-evidence", Exit.UNDECIDED, "mdmeta matrix"),
    ],
)
def test_a_question_without_an_answer_is_an_error(
    run: Callable[..., click.testing.Result], make_matrix: Make, clause: str, code: str, status: Exit, hint: str
) -> None:
    error = run(make_matrix(dict.fromkeys(("1.0 0.1", "1.2 0.1", "1.3 0.1"))), clause).exception
    assert isinstance(error, MetaError)
    assert (error.code, error.exit) == (code, status)
    assert hint in error.hint
