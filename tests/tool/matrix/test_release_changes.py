"""What changed with a release: which cells it is observed in, and what a small probe sees of two real releases."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from examples import LEDGER, ROOT, release
from own_cache import own_cache
from small_suite import small_suite

from market_data_meta.contract import Contract
from market_data_meta.contract_files import load_contract
from market_data_meta.matrix import release_changes
from market_data_meta.matrix.release_changes import ReleaseObserver
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions

PROBE = """
import asyncio, importlib, json, sys

plan = json.load(open(sys.argv[1]))
sys.path[:0] = plan["path"]
rows = []
for package in plan["observed"]:
    api = importlib.import_module(plan["packages"][package]["imports"][0] + ".runners.api")
    value = asyncio.run(api.health())
    rows.append({"area": "functions", "id": f"{api.__name__}.health[]", "value": {"returns": value["service"]}})
with open(sys.argv[2], "w") as out:
    out.writelines(json.dumps(row) + "\\n" for row in rows + [{"end": len(rows), "places": []}])
"""


def test_a_renamed_service_is_told_by_the_release_that_renamed_it(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two releases that the clauses do not tell apart are observed, once each way, and then known."""
    folder = small_suite(tmp_path / "observed", {})
    (folder / "tests" / "observations").mkdir()
    (folder / "tests" / "observations" / "observe.py").write_text(PROBE)
    shutil.copy(ROOT / "contracts" / "observation_rules.toml", folder / "contracts")
    contract = load_contract(folder)
    own_cache(tmp_path, monkeypatch)
    observer = ReleaseObserver(contract, ledger, RunOptions(default_cache()))
    known = ReleaseObserver(contract, ledger, RunOptions(default_cache(), run=False))
    before = known.observe("pipeline", "0.8.20")["pipeline 0.8.20"]
    assert (before.fault, before.findings) == ("it has not been observed yet", ())
    changes = observer.observe("pipeline", "0.8.20")
    (finding,) = changes["pipeline 0.8.20"].findings
    assert (finding.kind, finding.definition) == ("changed", "health")
    assert (finding.signs[0].was, finding.signs[0].now) == ('"market-data-pipeline"', '"market_data_pipeline"')
    assert changes["pipeline 0.8.20"].baseline == "core1.2.35-pipeline0.8.19-store0.6.24"
    # Known from now on: its files are not even compared again.
    monkeypatch.setattr(release_changes, "observe_pair", lambda *_, **__: pytest.fail("it is known"))
    assert known.observe("pipeline", "0.8.20") == changes
    # The same code under another version: there is nothing to observe.
    assert observer.observe("pipeline", "0.8.19") == {}


def upload(hour: int, version: str, content: str, *requires: str) -> Release:
    return replace(release(version, content, *requires), uploaded=f"2026-01-01T{hour:02}:00:00Z")


@pytest.mark.parametrize(
    ("requires", "cores"),
    [
        ("market-data-core", ["1.1"]),
        ("market-data-core<1.1", ["1.0", "1.1"]),
        ("market-data-core>=1.1", ["1.1"]),
    ],
)
def test_both_are_observed_beside_the_newest_partners_that_both_accept(
    small: Contract, requires: str, cores: list[str]
) -> None:
    """Where there are no such partners, it is those that the release accepts, and then the newest there were."""
    releases = {
        "core": (upload(0, "1.0", "a"), upload(1, "1.1", "b"), upload(9, "1.2", "c")),
        "pipeline": (upload(8, "0.1", "d"), upload(9, "0.2", "d")),
        "store": (upload(2, "0.5", "e", "market-data-core"), upload(3, "0.6", "f", requires), upload(4, "0.7", "f")),
    }
    ledger = replace(LEDGER, as_of="2026-01-09T00:00:00Z", releases=releases)
    (change,) = (one for one in ReleaseObserver(small, ledger, RunOptions(Path())).changes() if one.package == "store")
    assert (change.name, change.predecessor.version) == ("store 0.6", "0.5")
    labels = [(now.combination.as_dict(), was.combination.as_dict()) for now, was in change.cells]
    assert [now["core"] for now, _ in labels] == cores
    for now, was in labels:
        # Pipeline has no release yet: it is its first.
        assert now == was | {"store": "0.6"}
        assert (now["pipeline"], was["store"]) == ("0.1", "0.5")
