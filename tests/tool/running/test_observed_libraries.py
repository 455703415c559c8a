"""The libraries that packages are observed with."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.environments import locked_versions
from market_data_meta.running.observed_libraries import with_extras
from market_data_meta.running.third_party import ThirdPartyLock

NARROW = ThirdPartyLock("certifi==2025.8.3\n", frozenset())


@pytest.mark.parametrize(
    ("extras", "expected"),
    [
        ({"bus": "idna"}, {"certifi", "idna"}),
        ({"dev": "idna"}, {"certifi"}),
        ({"a": "certifi<2020", "b": "idna"}, {"certifi", "idna"}),
        ({"a": "idna @ https://x.example/idna.zip"}, {"certifi"}),
        ({"a": "market-data-core"}, {"certifi"}),
    ],
    ids=["an extra", "for developers", "no room", "an address", "a package under contract"],
)
def test_the_extras_of_a_release_are_added_where_there_is_room(
    contract: Contract, ledger: Ledger, tmp_path: Path, extras: dict[str, str], expected: set[str]
) -> None:
    """Modules of a package that need what only an extra brings are observed too; nothing changes its version for it."""
    requires = tuple(f'{requirement} ; extra == "{extra}"' for extra, requirement in extras.items())
    release = replace(ledger.newest("core"), requires=requires)
    cell = ContentCombination((Content("core", release.content, (), (release,)),))
    bare = replace(contract, services={})
    lock = with_extras(bare, NARROW, cell, RunOptions(tmp_path, sys.executable), as_of=ledger.as_of)
    assert locked_versions(lock.lock).keys() == expected
    assert locked_versions(lock.lock)["certifi"] == "2025.8.3"
    assert "--hash=sha256:" in lock.lock or expected == {"certifi"}


def test_nothing_is_resolved_for_what_is_not_run(contract: Contract, ledger: Ledger, tmp_path: Path) -> None:
    """What is only read from the cache is unknown where the cache has no libraries for it."""
    cell = ContentCombination((Content("core", "", (), (ledger.newest("core"),)),))
    with pytest.raises(MetaError) as error:
        with_extras(
            contract,
            NARROW,
            cell,
            RunOptions(tmp_path, sys.executable, run=False),
            as_of=ledger.as_of,
        )
    assert (error.value.exit, list(tmp_path.iterdir())) == (Exit.UNDECIDED, [])
