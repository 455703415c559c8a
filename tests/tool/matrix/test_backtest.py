"""The backtest: what each release did on the day of its upload, and whether a required gate would have stopped it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from examples import LEDGER, release

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.matrix.backtest import backtest_result
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.render.backtest.words import summary_sentences
from market_data_meta.results.backtest import BacktestMending, BacktestRelease, BacktestResult

Make = Callable[..., MatrixVerdicts]
Backtest = Callable[..., BacktestResult]
FAILED = {"area.first": "failed"}


def upload(hour: int, version: str, content: str, *requires: str, yanked: bool = False) -> Release:
    """A release uploaded so many hours into 2026-01-01."""
    time = f"2026-01-0{1 + hour // 24}T{hour % 24:02}:00:00Z"
    return dataclasses.replace(release(version, content, *requires, yanked=yanked), uploaded=time)


def ledger_of(*stores: Release, core: tuple[Release, ...] = ()) -> Ledger:
    """Core 1.0 and pipeline 0.1 of the first hour, further releases of core, and these releases of store."""
    releases = {"core": (upload(0, "1.0", "a"), *core), "pipeline": (upload(0, "0.1", "d"),), "store": stores}
    return dataclasses.replace(LEDGER, as_of="2026-01-09T00:00:00Z", releases=releases)


@pytest.fixture
def backtest(small: Contract, make_matrix: Make) -> Backtest:
    """The backtest of a ledger and the outcomes of its cells."""

    def build(ledger: Ledger, outcomes: object = None) -> BacktestResult:
        return backtest_result(small, ledger, make_matrix(outcomes, ledger=ledger))

    return build


def of(result: BacktestResult, name: str) -> BacktestRelease:
    return next(one for one in result.releases if one.name == name)


def test_a_release_that_nothing_met_which_was_out_is_stopped_until_something_does(backtest: Backtest) -> None:
    """Store asked for a Core that was published hours later."""
    stores = (upload(1, "0.5", "e"), upload(2, "0.6", "e", "market-data-core>=1.1"))
    result = backtest(ledger_of(*stores, core=(upload(8, "1.1", "a"),)))
    bad = of(result, "store 0.6")
    assert bad.not_installable == ("store 0.6 requires market-data-core>=1.1; the newest published is 1.0",)
    assert (bad.gate, bad.partners) == ("stopped", None)
    assert (bad.made_installable, bad.hours_to_mend) == (BacktestMending(release="core 1.1", hours=6), 6)
    assert [one.name for one in result.bad] == ["store 0.6"]


def test_a_newer_release_that_can_be_installed_ends_it_too(backtest: Backtest) -> None:
    stores = (
        upload(1, "0.5", "e"),
        upload(2, "0.6", "e", "market-data-core>=9"),
        upload(3, "0.7", "e", "market-data-core>=8"),
        upload(5, "0.8", "e"),
    )
    result = backtest(ledger_of(*stores))
    assert of(result, "store 0.6").made_installable == BacktestMending(release="store 0.8", hours=3)
    assert of(result, "store 0.8").gate == "passed"
    never = backtest(ledger_of(*stores[:3]))
    assert (of(never, "store 0.7").made_installable, of(never, "store 0.7").hours_to_mend) == (None, None)


def test_what_got_worse_beside_the_newest_partners_is_told_with_how_long_it_lasted(backtest: Backtest) -> None:
    stores = (upload(1, "0.5", "e"), upload(2, "0.6", "f"), upload(26, "0.7", "b"))
    result = backtest(ledger_of(*stores), {"1.0 0.1 0.6": FAILED})
    bad = of(result, "store 0.6")
    (worse,) = bad.worse
    assert (worse.clause, worse.how, worse.level) == ("area.first", "broke", "must")
    assert worse.mended == BacktestMending(release="store 0.7", hours=24)
    assert (bad.gate, bad.why) == ("stopped", ("area.first is worse in 1 of 1 combinations of code",))
    assert (of(result, "store 0.7").mended, of(result, "store 0.7").gate) == (("area.first",), "passed")
    assert [(one.name, one.before, one.after) for one in bad.capabilities] == [("talk", "works", "broken")]


def test_what_only_a_run_of_the_release_alone_decides_is_compared_where_there_are_such_runs(
    small: Contract, make_matrix: Make, make_record: Callable[..., Record]
) -> None:
    """It is worse than its predecessor, until a newer release that was run alone too keeps the clause."""
    ledger = ledger_of(upload(1, "0.5", "e"), upload(2, "0.6", "f"), upload(26, "0.7", "b"))
    matrix = make_matrix(ledger=ledger)

    def alone(version: str, outcome: str) -> Record:
        return make_record(
            {"area.alone": outcome},
            cell=f"store{version}",
            combination={"store": version},
            expected={"store": {"content": "c" * 64, "sha256": "d" * 64}},
            attestation={"store": {"version": version, "content": "c" * 64, "direct_url": None}},
        )

    outcomes = {"0.5": "passed", "0.6": "failed", "0.7": "passed"}
    result = backtest_result(
        small, ledger, matrix, {("store", version): alone(version, outcome) for version, outcome in outcomes.items()}
    )
    bad = of(result, "store 0.6")
    (worse,) = bad.worse
    assert (worse.clause, worse.how) == ("area.alone", "broke")
    assert worse.mended == BacktestMending(release="store 0.7", hours=24)
    assert (bad.run_alone, bad.gate, bad.why) == (True, "stopped", ("area.alone is worse in the release alone",))
    assert of(result, "store 0.7").mended == ("area.alone",)
    last = "Of the 2 releases of other code than their predecessors 2 were run alone too."
    assert [*summary_sentences(result)][-1].endswith(last)
    without = backtest_result(small, ledger, matrix)
    assert [one.gate for one in without.releases if one.package == "store"][1:] == ["passed", "passed"]
    assert not of(without, "store 0.6").run_alone
    assert [*summary_sentences(without)][-1].endswith("What only a run of a release alone decides is not in it.")


def test_what_no_newer_release_mends_lasts_for_ever(backtest: Backtest) -> None:
    stores = (upload(1, "0.5", "e"), upload(2, "0.6", "f"), upload(26, "0.7", "b"))
    result = backtest(ledger_of(*stores), {"1.0 0.1 0.6": FAILED, "1.0 0.1 0.7": FAILED})
    assert of(result, "store 0.6").worse[0].mended is None
    assert of(result, "store 0.6").hours_to_mend is None
    assert not of(result, "store 0.7").is_bad


def test_only_partners_of_then_count(backtest: Backtest) -> None:
    """What fails with a Core that came later is no fault of the release on its day."""
    stores = (upload(1, "0.5", "e"), upload(2, "0.6", "f"))
    result = backtest(ledger_of(*stores, core=(upload(9, "1.1", "b"),)), {"1.1 0.1 0.6": FAILED})
    assert (of(result, "store 0.6").gate, of(result, "store 0.6").is_bad) == ("passed", False)
    assert of(result, "core 1.1").gate == "stopped"


def test_a_yanked_release_is_no_partner(backtest: Backtest) -> None:
    stores = (upload(1, "0.5", "e"), upload(4, "0.6", "f"))
    core = (upload(2, "1.1", "b", yanked=True),)
    result = backtest(ledger_of(*stores, core=core), {"1.1 0.1 0.6": FAILED})
    assert of(result, "store 0.6").partners == {"core": "1.0", "pipeline": "0.1", "store": "0.6"}


def test_a_gate_looks_at_all_partners_that_the_requirements_allow(backtest: Backtest) -> None:
    """It stops what holds beside the newest partners and no longer beside older ones."""
    stores = (upload(4, "0.5", "e"), upload(5, "0.6", "f"))
    ledger = ledger_of(*stores, core=(upload(1, "1.1", "b"),))
    result = of(backtest(ledger, {"1.0 0.1 0.6": FAILED}), "store 0.6")
    assert (result.gate, result.worse) == ("stopped", ())
    assert result.why == ("area.first is worse in 1 of 2 combinations of code",)


def test_what_no_run_decides_is_unknown(backtest: Backtest) -> None:
    stores = (upload(1, "0.5", "e"), upload(2, "0.6", "f"), upload(3, "0.7", "f"))
    result = backtest(ledger_of(*stores), {"1.0 0.1 0.7": None})
    assert (of(result, "store 0.6").gate, of(result, "store 0.6").is_bad) == ("unknown", False)
    assert of(result, "store 0.6").undecided[0].endswith("there is no record")
    assert (of(result, "store 0.7").gate, of(result, "store 0.7").same_code) == ("passed", True)


def test_a_first_release_and_one_without_partners_are_compared_with_nothing(backtest: Backtest) -> None:
    result = backtest(ledger_of(upload(5, "0.5", "e"), core=(upload(1, "1.1", "b"),)))
    assert of(result, "store 0.5").undecided[0].startswith("nothing of it was out before")
    assert of(result, "core 1.1").undecided == ("no release of store was out: there was nothing to run it with",)
    assert {one.gate for one in (of(result, "store 0.5"), of(result, "core 1.1"))} == {"unknown"}


def test_to_refuse_the_newest_partner_that_the_predecessor_took_is_stopped(backtest: Backtest) -> None:
    stores = (upload(2, "0.5", "e"), upload(3, "0.6", "e", "market-data-core<1.1"))
    result = of(backtest(ledger_of(*stores, core=(upload(1, "1.1", "a"),))), "store 0.6")
    assert result.lost == ("store 0.6 refuses core 1.1, which 0.5 takes",)
    assert (result.gate, result.is_bad) == ("stopped", True)


def test_of_each_day_it_is_told_for_how_long_the_newest_set_could_not_be_installed(backtest: Backtest) -> None:
    stores = (upload(1, "0.5", "e"), upload(20, "0.6", "e", "market-data-core>=1.1"))
    days = backtest(ledger_of(*stores, core=(upload(53, "1.1", "a"),))).days
    assert [(day.day[-2:], day.hours_not_installable, bool(day.forbidden)) for day in days] == [
        ("01", 4, True),
        ("02", 24, True),
        ("03", 5, False),
    ]
    assert (days[0].newest["store"], (days[0].installed or {})["store"]) == ("0.6", "0.5")
    assert days[2].states == {"works": 1}


def test_the_releases_of_a_package_are_a_part_of_it(backtest: Backtest) -> None:
    result = backtest(ledger_of(upload(1, "0.5", "e"), upload(2, "0.6", "e")))
    assert [one.name for one in result.about("store").releases] == ["store 0.5", "store 0.6"]
    assert [one.name for one in result.about("store", "0.6").releases] == ["store 0.6"]
