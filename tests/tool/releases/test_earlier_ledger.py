"""The ledger as of an earlier time: what was out then, and what of then is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from examples import LEDGER, release

from market_data_meta.errors import ErrorCode, Exit, MetaError
from market_data_meta.releases.combinations import deployed_set, parse_pins
from market_data_meta.releases.earlier_ledger import ledger_at, moment_of
from market_data_meta.releases.ledger import Ledger

READ = "2026-11-22T10:00:00Z"


def ledger_of(core: tuple[tuple[str, str], ...], other: str = "2026-01-01T00:00:00Z") -> Ledger:
    """A ledger with these releases of core, version and upload, and one release of each other package."""
    cores = tuple(replace(release(version, "a"), uploaded=time) for version, time in core)
    others = {name: (replace(release("0.1", "b"), uploaded=other),) for name in ("pipeline", "store")}
    return replace(LEDGER, as_of=READ, releases={"core": cores, **others})


CORES = (("1.1", "2026-01-02T12:00:00Z"), ("1.2", "2026-01-03T00:00:00Z"), ("1.0.1", "2026-01-04T00:00:00Z"))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02", "2026-01-02T23:59:59Z"),
        ("2026-01-02T12:00Z", "2026-01-02T12:00:00Z"),
        ("2026-01-02T12:00", "2026-01-02T12:00:00Z"),
        ("2026-01-02T12:00+02:00", "2026-01-02T10:00:00Z"),
    ],
)
def test_a_day_means_all_of_it_and_a_time_is_in_utc(text: str, moment: str) -> None:
    assert moment_of(text) == moment


@pytest.mark.parametrize("text", ["noon", "2026-02-30", "", "2026-01-02T25:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moment_of(text)


@pytest.mark.parametrize(
    ("moment", "versions", "newest"),
    [
        ("2026-01-02T12:00:00Z", ["1.1"], "1.1"),
        ("2026-01-02T23:59:59Z", ["1.1"], "1.1"),
        ("2026-01-03T00:00:00Z", ["1.1", "1.2"], "1.2"),
        ("2026-05-05T00:00:00Z", ["1.1", "1.2", "1.0.1"], "1.2"),
    ],
)
def test_only_what_was_uploaded_by_then_was_out(moment: str, versions: list[str], newest: str) -> None:
    then = ledger_at(ledger_of(CORES), moment)
    assert [release.version for release in then.releases["core"]] == versions
    assert (then.newest("core").version, then.as_of) == (newest, moment)


def test_what_was_deployed_is_known_of_the_day_of_the_ledger_alone() -> None:
    ledger = ledger_of(CORES)
    then = ledger_at(ledger, "2026-05-05T00:00:00Z")
    assert deployed_set(then.releases, then) is None
    with pytest.raises(MetaError, match="deployed") as error:
        parse_pins(["core==deployed"], ["core"], then)
    assert error.value.why == "the ledger has what is deployed as of 2026-11-22 alone"
    assert ledger_at(ledger, READ) is ledger_at(ledger, moment_of("2026-11-22")) is ledger


@pytest.mark.parametrize("moment", ["2026-11-23T00:00:00Z", "2027-01-01T00:00:00Z"])
def test_nothing_is_known_of_what_came_after_the_ledger_was_read(moment: str) -> None:
    with pytest.raises(MetaError) as error:
        ledger_at(ledger_of(CORES), moment)
    assert (error.value.code, error.value.exit) == (ErrorCode.OTHER_DATE, Exit.BAD_INPUT)


def test_before_its_first_release_a_package_is_in_no_set() -> None:
    with pytest.raises(MetaError, match="no release of core was out at 2026-01-02 11:59 UTC") as error:
        ledger_at(ledger_of(CORES), "2026-01-02T11:59:59Z")
    assert "1.1, was uploaded at 2026-01-02 12:00 UTC" in error.value.why


def test_a_release_of_unknown_upload_leaves_open_what_was_out() -> None:
    with pytest.raises(MetaError, match=r"whether core 1\.3 was out") as error:
        ledger_at(ledger_of((*CORES, ("1.3", ""))), "2026-05-05T00:00:00Z")
    assert (error.value.code, error.value.exit) == (ErrorCode.NO_UPLOAD_TIME, Exit.UNDECIDED)
