"""May these releases go out together: only with evidence, and only if they let each other in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from examples import LEDGER, release

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import COMPATIBLE, INCOMPATIBLE, UNINSTALLABLE, UNKNOWN, CellVerdict, judge
from market_data_meta.judging.waivers import Waiver
from market_data_meta.matrix.deploy_answer import DeployDecision, answer, partners
from market_data_meta.matrix.verdicts import Matrix
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.ledger import Ledger

Make = Callable[..., Matrix]
FAILED = {"area.first": "failed"}


def asked(contract: Contract, matrix: Matrix, core: str, store: str) -> DeployDecision:
    return answer(contract, LEDGER, matrix, Combination((("core", core), ("pipeline", "0.1"), ("store", store))))


def test_releases_that_work_and_let_each_other_in_may_go_out(small: Contract, make_matrix: Make) -> None:
    said = asked(small, make_matrix(), "1.2", "0.6")
    assert (said.yes, said.exit, said.judged.verdict, said.forbidden) == (True, 0, COMPATIBLE, ())


def test_a_release_is_answered_for_by_the_run_of_its_code(small: Contract, make_matrix: Make) -> None:
    said = asked(small, make_matrix({"1.2 0.1 0.6": FAILED}), "1.1", "0.6")
    assert (said.exit, said.stands_for) == (1, 2)
    assert said.combination.as_dict()["core"] == "1.1"


def test_one_answer_takes_one_verdict(small: Contract, make_matrix: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, judged = make_matrix(), list[str]()

    def counted(contract: Contract, suite: str, record: Record, waivers: tuple[Waiver, ...]) -> CellVerdict:
        judged.append(record.cell)
        return judge(contract, suite, record, waivers)

    monkeypatch.setattr("market_data_meta.matrix.verdicts.judge", counted)
    assert asked(small, matrix, "1.2", "0.6").yes
    assert judged == ["core1.2-pipeline0.1-store0.6"]


def test_releases_that_work_but_forbid_each_other_may_not(small: Contract, make_matrix: Make) -> None:
    said = asked(small, make_matrix(), "1.0", "0.5")
    assert (said.yes, said.exit, said.judged.verdict) == (False, 1, COMPATIBLE)
    assert len(said.forbidden) == 1


@pytest.mark.parametrize(
    ("what", "verdict", "code"),
    [(FAILED, INCOMPATIBLE, 1), (None, UNKNOWN, 3), ("no versions", UNINSTALLABLE, 3)],
)
def test_without_evidence_that_they_work_they_may_not(
    small: Contract, make_matrix: Make, what: object, verdict: str, code: int
) -> None:
    said = asked(small, make_matrix({"1.2 0.1 0.6": what}), "1.2", "0.6")
    assert (said.yes, said.judged.verdict, said.exit) == (False, verdict, code)


def found(contract: Contract, matrix: Matrix, ledger: Ledger = LEDGER, **given: str) -> dict[str, str] | None:
    said = partners(contract, ledger, matrix, given)
    assert said is None or said.yes
    return said.combination.as_dict() if said else None


def test_partners_are_the_newest_that_are_allowed(small: Contract, make_matrix: Make) -> None:
    """Core 1.3 works with store 0.6, which forbids it."""
    matrix = make_matrix()
    assert found(small, matrix, store="0.6") == {"core": "1.2", "pipeline": "0.1", "store": "0.6"}
    assert found(small, matrix, core="1.3") == {"core": "1.3", "pipeline": "0.1", "store": "0.5"}


def test_the_package_that_comes_first_is_kept_newest(small: Contract, make_matrix: Make) -> None:
    assert found(small, make_matrix(), pipeline="0.1") == {"core": "1.3", "pipeline": "0.1", "store": "0.5"}


@pytest.mark.parametrize("what", [FAILED, None, "no versions"])
def test_partners_without_evidence_are_passed_over(small: Contract, make_matrix: Make, what: object) -> None:
    matrix = make_matrix({"1.3 0.1": what, "1.2 0.1 0.6": what})
    assert found(small, matrix, pipeline="0.1") == {"core": "1.2", "pipeline": "0.1", "store": "0.5"}


def test_a_yanked_partner_is_passed_over(small: Contract, make_matrix: Make) -> None:
    store = (release("0.5", "e"), release("0.6", "f", yanked=True))
    ledger = replace(LEDGER, releases={**LEDGER.releases, "store": store})
    matrix = make_matrix(None, ledger)
    assert found(small, matrix, ledger, core="1.2") == {"core": "1.2", "pipeline": "0.1", "store": "0.5"}
    assert found(small, matrix, ledger, store="0.6") == {"core": "1.3", "pipeline": "0.1", "store": "0.6"}


def test_there_may_be_no_partners(small: Contract, make_matrix: Make) -> None:
    assert found(small, make_matrix(), core="1.0") is None
    assert found(small, make_matrix({"1.2 0.1 0.6": FAILED}), store="0.6") is None
