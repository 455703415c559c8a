"""May these releases go out together: only with evidence that they work, and only if they allow each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from examples import LEDGER, release

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN, CellVerdict, judge
from market_data_meta.judging.waivers import Waiver
from market_data_meta.matrix.deploy_answer import DeployDecision, deploy_decision, newest_deployable
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.ledger import Ledger

Make = Callable[..., MatrixVerdicts]
FAILED = {"area.first": "failed"}


def decision_about(contract: Contract, matrix: MatrixVerdicts, core: str, store: str) -> DeployDecision:
    return deploy_decision(
        contract, LEDGER, matrix, Combination((("core", core), ("pipeline", "0.1"), ("store", store)))
    )


def test_releases_that_work_and_allow_each_other_may_go_out(small: Contract, make_matrix: Make) -> None:
    decision = decision_about(small, make_matrix(), "1.2", "0.6")
    assert (decision.may_deploy, decision.exit, decision.cell_verdict.verdict, decision.broken_promises) == (
        True,
        0,
        COMPATIBLE,
        (),
    )


def test_the_run_of_a_content_decides_for_all_its_releases(small: Contract, make_matrix: Make) -> None:
    decision = decision_about(small, make_matrix({"1.2 0.1 0.6": FAILED}), "1.1", "0.6")
    assert (decision.exit, decision.stands_for) == (1, 2)
    assert decision.combination.as_dict()["core"] == "1.1"


def test_an_answer_needs_one_verdict_only(small: Contract, make_matrix: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, judged_cells = make_matrix(), list[str]()

    def recording_judge(contract: Contract, suite: str, record: Record, waivers: tuple[Waiver, ...]) -> CellVerdict:
        judged_cells.append(record.cell)
        return judge(contract, suite, record, waivers)

    monkeypatch.setattr("market_data_meta.matrix.verdicts.judge", recording_judge)
    assert decision_about(small, matrix, "1.2", "0.6").may_deploy
    assert judged_cells == ["core1.2-pipeline0.1-store0.6"]


def test_releases_that_work_but_forbid_each_other_may_not(small: Contract, make_matrix: Make) -> None:
    decision = decision_about(small, make_matrix(), "1.0", "0.5")
    assert (decision.may_deploy, decision.exit, decision.cell_verdict.verdict) == (False, 1, COMPATIBLE)
    assert len(decision.broken_promises) == 1


@pytest.mark.parametrize(
    ("outcomes", "verdict", "exit_code"),
    [(FAILED, INCOMPATIBLE, 1), (None, UNKNOWN, 3), ("no versions", UNINSTALLABLE, 3)],
)
def test_without_evidence_that_they_work_they_may_not(
    small: Contract, make_matrix: Make, outcomes: object, verdict: str, exit_code: int
) -> None:
    decision = decision_about(small, make_matrix({"1.2 0.1 0.6": outcomes}), "1.2", "0.6")
    assert (decision.may_deploy, decision.cell_verdict.verdict, decision.exit) == (False, verdict, exit_code)


def combination_with(
    contract: Contract, matrix: MatrixVerdicts, ledger: Ledger = LEDGER, **versions: str
) -> dict[str, str] | None:
    decision = newest_deployable(contract, ledger, matrix, versions)
    assert decision is None or decision.may_deploy
    return decision.combination.as_dict() if decision else None


def test_partners_are_the_newest_that_are_allowed(small: Contract, make_matrix: Make) -> None:
    """Core 1.3 works with store 0.6, which forbids it."""
    matrix = make_matrix()
    assert combination_with(small, matrix, store="0.6") == {"core": "1.2", "pipeline": "0.1", "store": "0.6"}
    assert combination_with(small, matrix, core="1.3") == {"core": "1.3", "pipeline": "0.1", "store": "0.5"}


def test_the_first_package_has_the_newest_release(small: Contract, make_matrix: Make) -> None:
    assert combination_with(small, make_matrix(), pipeline="0.1") == {"core": "1.3", "pipeline": "0.1", "store": "0.5"}


@pytest.mark.parametrize("outcomes", [FAILED, None, "no versions"])
def test_partners_without_evidence_are_passed_over(small: Contract, make_matrix: Make, outcomes: object) -> None:
    matrix = make_matrix({"1.3 0.1": outcomes, "1.2 0.1 0.6": outcomes})
    assert combination_with(small, matrix, pipeline="0.1") == {"core": "1.2", "pipeline": "0.1", "store": "0.5"}


def test_a_yanked_partner_is_passed_over(small: Contract, make_matrix: Make) -> None:
    store = (release("0.5", "e"), release("0.6", "f", yanked=True))
    ledger = replace(LEDGER, releases={**LEDGER.releases, "store": store})
    matrix = make_matrix(None, ledger)
    assert combination_with(small, matrix, ledger, core="1.2") == {"core": "1.2", "pipeline": "0.1", "store": "0.5"}
    assert combination_with(small, matrix, ledger, store="0.6") == {"core": "1.3", "pipeline": "0.1", "store": "0.6"}


def test_there_may_be_no_partners(small: Contract, make_matrix: Make) -> None:
    assert combination_with(small, make_matrix(), core="1.0") is None
    assert combination_with(small, make_matrix({"1.2 0.1 0.6": FAILED}), store="0.6") is None
