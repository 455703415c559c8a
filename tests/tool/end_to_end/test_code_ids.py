"""The code ids of the ledger, made anew from the published wheels."""

from __future__ import annotations

import sys

from market_data_meta.contract import Contract
from market_data_meta.releases.code_id import code_of_wheel
from market_data_meta.releases.contents import distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cache import default_cache
from market_data_meta.running.wheels import unpack_all


def test_the_same_contents_share_their_code_in_the_ledger_and_in_the_wheels(contract: Contract, ledger: Ledger) -> None:
    """The ids themselves may be put otherwise by another version of Python (see ``code_id``)."""
    contents = distinct_contents(contract, ledger)
    newest = [content.newest for column in contents.values() for content in column]
    by_distribution = {
        contract.packages[package].distribution: [content.newest for content in column]
        for package, column in contents.items()
    }
    sites = unpack_all(by_distribution, default_cache(), sys.executable).sites
    pairs = {(release.code, code_of_wheel(sites[release.sha256].parent / release.filename)) for release in newest}
    in_the_ledger, in_the_wheels = ({pair[number] for pair in pairs} for number in (0, 1))
    assert len(in_the_ledger) == len(in_the_wheels) == len(pairs)
