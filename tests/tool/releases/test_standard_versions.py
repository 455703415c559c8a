"""A version may have every form that the standard allows, wherever a version is written, read or compared."""

from __future__ import annotations

import pytest
from examples import release

from market_data_meta.candidates.candidate import find_predecessor
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.combinations import Cell, Combination, parse_cell
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.releases.ledger import DeployedSet, Ledger
from market_data_meta.releases.pins import pinned_cells
from market_data_meta.releases.requested_versions import PublishedVersions, parse_requests

IN_ORDER = (
    "0.9",
    "1.0.dev1",
    "1.0a1.dev2",
    "1.0a1",
    "1.0b2",
    "1.0rc1",
    "1.0",
    "1.0+ubuntu.1",
    "1.0.post1.dev1",
    "1.0.post1",
    "1.0.1",
    "1.9",
    "1.10",
    "2026.11.2",
    "1!0.1",
)
SPELLINGS = {
    "v1.0": "1.0",
    "1.0.0": "1.0",
    "1.0-1": "1.0.post1",
    "1.0-rc.1": "1.0rc1",
    "1.0C1": "1.0rc1",
    "1.0+Ubuntu-1": "1.0+ubuntu.1",
}


@pytest.fixture
def ledger() -> Ledger:
    """A ledger with a release of core in every form."""
    cores = tuple(release(version, f"{number:x}") for number, version in enumerate(IN_ORDER))
    others = {"pipeline": (release("0.1", "d"),), "store": (release("0.5", "e"),)}
    return Ledger("2026-11-22", {"core": cores, **others}, DeployedSet("acme", "1.0", {}))


@pytest.mark.parametrize("version", IN_ORDER)
def test_a_version_is_read_as_it_is_written(small: Contract, ledger: Ledger, version: str) -> None:
    combination = Combination((("core", version), ("pipeline", "0.1"), ("store", "0.5")))
    for cell in (Cell(combination), Cell(combination, "lowest", "3.12"), Cell(Combination((("core", version),)))):
        assert parse_cell([cell.name], small.packages, ledger) == cell
        assert parse_cell(str(cell.combination).split(), small.packages, ledger).combination == cell.combination
    published = PublishedVersions({"core": IN_ORDER}, "the ledger", "")
    for word in (f"core=={version}", f"core{version}", f"core==={version}"):
        requests, _ = parse_requests([word], small.packages)
        assert published.chosen(requests["core"]) == version


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_spelling_of_a_version_is_the_same_version(small: Contract, ledger: Ledger, spelling: str) -> None:
    assert parse_cell([f"core=={spelling}"], small.packages, ledger).combination.as_dict() == {
        "core": SPELLINGS[spelling]
    }
    requests, _ = parse_requests([f"core=={spelling}"], small.packages)
    assert PublishedVersions({"core": IN_ORDER}, "the ledger", "").chosen(requests["core"]) == SPELLINGS[spelling]


@pytest.mark.parametrize(
    "name", ["core", "market-data-core", "Market_Data_Core", "market.data.core", "market--data__core"]
)
def test_a_name_is_the_same_in_every_spelling(small: Contract, ledger: Ledger, name: str) -> None:
    assert parse_cell([f"{name}==1.9"], small.packages, ledger).combination.as_dict() == {"core": "1.9"}
    assert parse_requests([f"{name}>=1.9"], small.packages)[0].keys() == {"core"}


@pytest.mark.parametrize("version", ["", "1.x", "1..0", "latest", "1.0-", "1.0+", "!1", "1,0", "1.0 2.0", "é"])
def test_what_is_no_version_is_refused(small: Contract, ledger: Ledger, version: str) -> None:
    for word in (f"core=={version}", f"core=={version} store==0.5"):
        with pytest.raises(MetaError) as raised:
            parse_cell([word], small.packages, ledger)
        assert raised.value.code in (ErrorCode.BAD_VERSION, ErrorCode.BAD_PIN)
        with pytest.raises(MetaError) as raised:
            parse_requests([word], small.packages)
        assert raised.value.code in (ErrorCode.BAD_VERSION, ErrorCode.BAD_PIN)


def test_the_order_of_versions_is_the_standards(small: Contract, ledger: Ledger) -> None:
    assert ledger.newest("core").version == "1!0.1"
    before = find_predecessor(ledger, "core", "1.0.post1", itself=False)
    assert before is not None
    assert before.version == "1.0+ubuntu.1"
    with pytest.raises(MetaError, match=r"nearest: 1\.10, 2026\.11\.2"):
        ledger.release("core", "2.0")
    newest = content_combinations(distinct_contents(small, ledger))[0]
    assert newest.combination.as_dict()["core"] == "1!0.1"


def test_cells_are_pinned_whatever_form_the_versions_have(small: Contract, ledger: Ledger) -> None:
    for pinned in pinned_cells(small, ledger):
        assert parse_cell([pinned.cell.name], small.packages, ledger) == pinned.cell
