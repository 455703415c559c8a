"""At 80 columns every id and every name of a cell is whole, on one line: what is broken cannot be copied."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from examples import SUITE
from rich.console import Console

from market_data_meta.contract import Contract
from market_data_meta.judging.explanations import capability_list, clause_explanation, clause_list, error_list
from market_data_meta.judging.records import Record
from market_data_meta.judging.report_document import report_result
from market_data_meta.judging.verdicts import judge_records
from market_data_meta.releases.ledger import Ledger
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
from market_data_meta.results.matrix import MatrixCell, MatrixContent, MatrixResult, PromiseCounts
from market_data_meta.results.parts import WaiverProblem
from market_data_meta.results.proof import MutantResult, ProofResult, TrialResult, TrialScore

CELL = "py311-core1.4.61-pipeline0.8.70-store0.6.73-lowest"


def shown(render: Callable[[Console], None], width: int = 80) -> list[str]:
    """The lines that are printed on a terminal of that width."""
    output = io.StringIO()
    render(Console(file=output, width=width))
    return output.getvalue().splitlines()


def test_explain_lists_each_id_whole(contract: Contract) -> None:
    lines = shown(lambda console: show_clause_list(clause_list(contract, ()), console))
    assert [line.split()[0] for line in lines if not line.startswith(" ")][:-1] == list(contract.clauses)
    assert max(map(len, lines)) <= 80


def test_explain_shows_each_id_and_check_whole_in_any_width(contract: Contract) -> None:
    longest = max(contract.clauses, key=len)
    explanation = clause_explanation(contract, (), longest)
    lines = shown(lambda console: show_clause(explanation, console), width=50)
    assert [line.split()[-1] for line in lines if line.split()[:1] == ["check"]] == [explanation.check]


def test_explain_lists_each_capability_with_what_it_cannot_do_without(contract: Contract) -> None:
    lines = shown(lambda console: show_capability_list(capability_list(contract, ()), console))
    assert [line.split()[0] for line in lines if not line.startswith(" ")][:-1] == list(contract.capabilities)
    words = {word.strip(",;") for line in lines for word in line.split()}
    essential = {clause for capability in contract.capabilities.values() for clause in capability.essential}
    assert essential <= words


@pytest.mark.parametrize("name", ["redis", "install"])
def test_explain_shows_every_clause_of_a_capability_and_why_some_are_essential(contract: Contract, name: str) -> None:
    capability = contract.capabilities[name]
    lines = shown(lambda console: show_capability_list(capability_list(contract, (), name), console), width=60)
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
    report = judge_records(small, SUITE, [record], ())
    for width in (80, 100, 160):
        lines = shown(lambda console: show_report(report_result(small, report), console), width)
        assert lines[0].split()[:2] == ["✘", "broken"]
        table = lines[lines.index("") + 1 :]
        table = table[: table.index("")]
        assert any(CELL in line.split() for line in table), f"at {width} columns"


def test_matrix_shows_each_clause_whole() -> None:
    clause = "protocols.pipeline-no-accidental-conformance"
    cell = MatrixCell(
        codes={"core": 0},
        combination={"core": "1.0"},
        verdict="incompatible",
        reasons=(clause,),
        counts={},
        capabilities={},
        stands_for=333_000,
        allowed=1,
        start=None,
        interpreter=None,
    )
    matrix = MatrixResult(
        suite=SUITE,
        exit=1,
        packages={"core": (MatrixContent(content=SUITE, label="1.0", releases=("1.0",), uploaded=("2026-01-01",)),)},
        cells=(cell,),
        findings=(),
        history={},
        promise=PromiseCounts(
            kept=333_000, over_promised=333_000, over_restricted=333_000, rightly_excluded=333_000, undecided=333_000
        ),
        supported=(),
        refused={},
        rotten_waivers=(WaiverProblem(clause=clause, fingerprint="0" * 12, how="nothing fails as it says " * 3),),
        wide=(clause,),
        ran=0,
    )
    words = " ".join(shown(lambda console: show_matrix(matrix, console))).split()
    assert words.count(clause) + words.count(f"{clause}:") == 3
    assert "over-restricted" in words


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
