"""Cells that cannot be installed on the interpreter are told so, and are no reason to leave out others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from made_index import MadeIndex, serving

from market_data_meta.contract import Contract
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.releases.index import refreshed_ledger
from market_data_meta.releases.index_settings import configured_indexes
from market_data_meta.running.cells import RunOptions, decide
from market_data_meta.running.warm_runner import RunRequest


def test_a_release_for_other_interpreters_keeps_nobody_from_being_run(
    small: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the code and the requirements of a release that can be installed, and is newer."""
    index = MadeIndex()
    for package in small.packages.values():
        index.add(package.distribution, "1.0")
    index.add("market-data-core", "1.1", requires_python=">=4")
    index.add("market-data-core", "1.2", code="x = 2")
    index.add(small.deploying_distribution, "1.0")
    default = configured_indexes()[-1].url
    with serving(index):
        # The first index that has a project counts: the made ones are found here, all libraries where they always are.
        monkeypatch.setenv("UV_INDEX", index.url)
        monkeypatch.setenv("UV_DEFAULT_INDEX", default)
        first = refreshed_ledger(small, None, lambda _: None)
        index.files["market-data-core"].pop("market_data_core-1.2-py3-none-any.whl")
        ledger = refreshed_ledger(small, first, lambda _: None)
        contents = distinct_contents(small, ledger)
        request = RunRequest(tuple(content_combinations(contents)))
        options = RunOptions(tmp_path, python=sys.executable, run=False)
        records = decide(small, ledger, contents, request, options, lambda _: None)
    reasons = {cell.combination.as_dict()["core"]: why for cell, why in records.uninstallable.items()}
    assert reasons == {"1.1": "core 1.1 needs Python >=4", "1.2": "core 1.2 is no longer on the index"}
    assert {cell.combination.as_dict()["core"] for cell in records.cells} == {"1.0", "1.1", "1.2"}
