"""At 80 columns every id and every name of a cell is whole, on one line: what is broken cannot be copied."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Literal

import pytest
from examples import SUITE
from rich.console import Console

from market_data_meta.contract import Contract
from market_data_meta.judging.defect_document import defect_list
from market_data_meta.judging.defect_file import load_defects, reproducers
from market_data_meta.judging.defects import DefectChanges, KnownDefects
from market_data_meta.judging.explanations import capability_list, clause_explanation, clause_list, error_list
from market_data_meta.judging.records import Record
from market_data_meta.judging.report_document import report_result
from market_data_meta.judging.verdicts import judge_records
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.defects.terminal import show_defect, show_defects
from market_data_meta.render.explanation.terminal import (
    show_capability_list,
    show_clause,
    show_clause_list,
    show_error_list,
)
from market_data_meta.render.matrix.terminal import show_matrix
from market_data_meta.render.proof.terminal import show_proof
from market_data_meta.render.releases.terminal import show_contents, show_ledger
from market_data_meta.render.report.terminal import show_report
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.matrix import (
    BestSet,
    MatrixCapability,
    MatrixCell,
    MatrixContent,
    MatrixResult,
    MatrixSet,
    PromiseCounts,
)
from market_data_meta.results.parts import MendedDefectResult, StaleDefectResult
from market_data_meta.results.proof import MutantResult, ProofResult, TrialResult, TrialScore

NOTHING = KnownDefects()
CELL = "py311-core1.4.61-pipeline0.8.70-store0.6.73-lowest"


def shown(render: Callable[[Console], None], width: int = 80) -> list[str]:
    """The lines that are printed on a terminal of that width."""
    output = io.StringIO()
    render(Console(file=output, width=width))
    return output.getvalue().splitlines()


def test_explain_lists_each_id_whole(contract: Contract) -> None:
    lines = shown(lambda console: show_clause_list(clause_list(contract, NOTHING), console))
    assert [line.split()[0] for line in lines if not line.startswith(" ")][:-1] == list(contract.clauses)
    assert max(map(len, lines)) <= 80


def test_explain_shows_each_id_and_check_whole_in_any_width(contract: Contract) -> None:
    longest = max(contract.clauses, key=len)
    explanation = clause_explanation(contract, NOTHING, longest)
    lines = shown(lambda console: show_clause(explanation, console), width=50)
    assert [line.split()[-1] for line in lines if line.split()[:1] == ["check"]] == [explanation.check]


def test_explain_lists_each_capability_with_what_it_cannot_do_without(contract: Contract) -> None:
    lines = shown(lambda console: show_capability_list(capability_list(contract, NOTHING), console))
    assert [line.split()[0] for line in lines if not line.startswith(" ")][:-1] == list(contract.capabilities)
    words = {word.strip(",;") for line in lines for word in line.split()}
    essential = {clause for capability in contract.capabilities.values() for clause in capability.essential}
    assert essential <= words


@pytest.mark.parametrize("name", ["redis", "install"])
def test_explain_shows_every_clause_of_a_capability_and_why_some_are_essential(contract: Contract, name: str) -> None:
    capability = contract.capabilities[name]
    lines = shown(lambda console: show_capability_list(capability_list(contract, NOTHING, name), console), width=60)
    clauses = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in contract.clauses]
    assert clauses == [*capability.essential, *capability.others]
    assert " ".join(capability.why.split()) in " ".join(" ".join(lines).split())


def test_explain_lists_each_error_in_a_line_or_two() -> None:
    lines = shown(lambda console: show_error_list(error_list(), console))
    codes = [error.code for error in error_list().errors]
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == codes


@pytest.mark.parametrize("package", ["core", "pipeline", "store"])
def test_releases_shows_each_version_whole(ledger: Ledger, package: str) -> None:
    lines = shown(lambda console: show_contents(ledger, package, console))
    contents = list(dict.fromkeys(release.content[:12] for release in ledger.releases[package]))
    assert [line.split()[0] for line in lines if not line.startswith(" ")][1:-1] == contents
    assert max(map(len, lines)) <= 80
    assert ledger.newest(package).version in lines[-2].split()


def test_releases_shows_each_pin_whole(ledger: Ledger) -> None:
    words = " ".join(shown(lambda console: show_ledger(ledger, console))).split()
    assert {f"{package}=={version}" for package, version in ledger.deployed.pins.items()} <= set(words)


def test_run_shows_the_name_of_a_cell_whole(small: Contract, make_record: Callable[..., Record]) -> None:
    record = make_record({"area.first": "failed"}, cell=CELL, forced=["pipeline 0.8.70 requires more " * 3])
    report = judge_records(small, SUITE, [record], NOTHING)
    for width in (80, 100, 160):
        lines = shown(lambda console: show_report(report_result(small, report, NOTHING), console), width)
        assert lines[0].split()[:2] == ["✘", "broken"]
        table = lines[lines.index("") + 1 :]
        table = table[: table.index("")]
        assert any(CELL in line.split() for line in table), f"at {width} columns"


def test_matrix_shows_each_clause_and_defect_whole() -> None:
    clause = "protocols.pipeline-no-accidental-conformance"
    defect = "pipeline-settings-from-the-environment-ignored"
    cell = MatrixCell(
        codes={"core": 0},
        combination={"core": "1.0"},
        verdict="violates",
        reasons=(clause,),
        counts={},
        capabilities={"talk": "broken"},
        stands_for=333_000,
        allowed=1,
        start=None,
        interpreter=None,
    )
    broken = CapabilityState(
        name="talk", title="Let the packages talk", state="broken", reason="", failures=(), undecided=()
    )
    sets: tuple[Literal["newest", "deployed", "oldest"], ...] = ("newest", "deployed", "oldest")
    matrix = MatrixResult(
        suite=SUITE,
        as_of="2026-11-22",
        exit=1,
        capabilities=(
            MatrixCapability(
                name="talk", title="Let the packages talk", about="A.", why="W.", essential=(clause,), others=()
            ),
        ),
        sets=tuple(
            MatrixSet(
                name=name,
                combination={"core": "1.0", "pipeline": "0.8.70"},
                cell=0,
                verdict="violates",
                forbidden=(),
                capabilities=(broken,),
            )
            for name in sets
        ),
        best=(BestSet(capability="talk", state="unknown", combination=None, cell=None),),
        defects=(),
        packages={"core": (MatrixContent(content=SUITE, label="1.0", releases=("1.0",), uploaded=("2026-01-01",)),)},
        cells=(cell,),
        findings=(),
        history={},
        promises={"talk": PromiseCounts(allowed={"broken": 1}, forbidden={"broken": 332_999})},
        supported=(),
        refused={},
        mended=(MendedDefectResult(defect=defect, clause=clause, package="core", version="1.1"),),
        stale_defects=(StaleDefectResult(defect=defect, clause=clause, how="nothing fails as it says " * 3),),
        wide=(clause,),
        ran=0,
    )
    text = " ".join(" ".join(shown(lambda console: show_matrix(matrix, console))).split())
    assert text.count(clause) == 4
    assert text.count(defect) == 2
    assert text.startswith("newest deployed oldest best core 1.0 core 1.0 core 1.0 allowed")
    assert "Let the packages ✘ broken ✘ broken ✘ broken ? unknown talk" in text


def test_defects_lists_each_id_whole_and_each_meaning(contract: Contract) -> None:
    known = load_defects(contract.root)
    listed = defect_list(contract, known, {}, DefectChanges())
    lines = shown(lambda console: show_defects(listed, contract, console))
    assert [line for line in lines if not line.startswith(" ")][: len(known.defects)] == [
        defect.id for defect in listed.defects
    ]
    assert all(len(line) <= 80 for line in lines)
    text = " ".join(" ".join(lines).split())
    assert [defect.id for defect in known.defects if defect.means not in text] == []


def test_explain_shows_all_that_is_known_of_each_defect(contract: Contract) -> None:
    scripts = reproducers(contract.root)
    for defect in defect_list(contract, load_defects(contract.root), scripts, DefectChanges()).defects:
        lines = shown(lambda console, defect=defect: show_defect(defect, contract, console))  # type: ignore[misc]
        text = " ".join(" ".join(lines).split())
        assert lines[0] == defect.id
        assert all(" ".join(words.split()) in text for words in (defect.means, defect.workaround or ""))
        assert all(shown.clause in text for shown in defect.shown_by)
        assert (defect.reproducer is None) or defect.reproducer.splitlines()[-1].strip() in text


def test_prove_says_which_check_to_look_at_when_a_break_is_missed() -> None:
    trial = TrialResult(
        verdict="missed",
        package="core",
        file="a.py",
        why="So.",
        clauses=("chain.hard-pauses",),
        worse=(),
        said="",
        undecided=(),
        fault="",
    )
    none = TrialScore(right=0, of=0, counts={}, by_package={}, by_area={}, trials=())
    proof = ProofResult(
        exit=1,
        suite=SUITE,
        as_of="2026-01-01",
        combination={"core": "1.0"},
        start=0.0,
        seconds=0.0,
        breaks=none.model_copy(update={"of": 1, "trials": (trial,)}),
        harmless=none,
        mutants=MutantResult(possible=0, of=0, caught=0, explained=0, survivors=(), stale_reasons=()),
        fragile=(),
        silent_clauses=(),
    )
    text = " ".join(" ".join(shown(lambda console: show_proof(proof, console, verbose=False))).split())
    assert "look at test_hard_pauses in tests/conformance/test_chain.py, and the break in tests/breaks" in text
