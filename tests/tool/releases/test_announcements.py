"""A release that a repository announces: which one it is, and reading the index until it is there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from examples import LEDGER, release

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.releases.announcements import ATTEMPTS, announced_release, read_until_published
from market_data_meta.releases.ledger import Ledger


@pytest.mark.parametrize(
    "origin",
    ["market-data-core", "market_data_core", "mjdevaccount/market-data-core", "mjdevaccount/Market_Data_Core", "core"],
)
@pytest.mark.parametrize("version", ["1.4.62", "v1.4.62", "V1.4.62", " 1.4.62"])
def test_an_announcement_names_a_package_and_a_version(contract: Contract, origin: str, version: str) -> None:
    """The repositories write names with dashes or underscores, and versions with a v or without."""
    assert announced_release(origin, version, contract) == ("core", "1.4.62")


@pytest.mark.parametrize("version", ["", "v", "vv1.4.62", "latest", "1.4.62; rm"])
def test_a_version_that_is_none_is_refused_with_what_to_send(contract: Contract, version: str) -> None:
    """An empty one has made a repository pin a release that has no number."""
    with pytest.raises(MetaError, match=f"market-data-core announces a release, and its version is '{version}'") as e:
        announced_release("market-data-core", version, contract)
    assert e.value.exit == Exit.BAD_INPUT
    assert '"version": "1.2.3"' in e.value.hint


@pytest.mark.parametrize("origin", ["", "market-data-nothing", "mjdevaccount/", "--core"])
def test_an_origin_that_is_no_package_is_refused(contract: Contract, origin: str) -> None:
    with pytest.raises(MetaError, match="is not a package under contract"):
        announced_release(origin, "1.0", contract)


@pytest.mark.parametrize("origin", ["market-data-orchestrator", "mjdevaccount/market_data_orchestrator"])
def test_what_deploys_is_no_package_and_no_error(contract: Contract, origin: str) -> None:
    """Its release changes what is deployed, whatever its version is."""
    assert announced_release(origin, "0.9", contract) is None


def _ledger(*versions: str) -> Ledger:
    return replace(LEDGER, releases={**LEDGER.releases, "core": tuple(release(v, "a") for v in versions)})


def test_the_index_is_read_again_until_it_has_the_release() -> None:
    ledgers, pauses = [_ledger("1.0"), _ledger("1.0"), _ledger("1.0", "1.1")], list[float]()
    ledger = read_until_published(lambda: ledgers.pop(0), "core", "1.1.0", pauses.append)
    assert [each.version for each in ledger.releases["core"]] == ["1.0", "1.1"]
    assert len(pauses) == 2


def test_a_release_that_never_comes_is_undecided_and_named() -> None:
    """What was announced and not uploaded says nothing of the packages."""
    pauses: list[float] = []
    with pytest.raises(MetaError, match=r"core 1\.1 is announced, and the package index does not have it after") as e:
        read_until_published(lambda: _ledger("1.0"), "core", "1.1", pauses.append)
    assert e.value.exit == Exit.UNDECIDED
    assert len(pauses) == ATTEMPTS - 1
