"""Observing for real: a small probe looks at changed builds of Pipeline and at the release before, in the sandbox."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from examples import ROOT
from own_cache import own_cache
from real_gates import Build, gate_on
from small_suite import small_suite

from market_data_meta.candidates.sources import read_candidate
from market_data_meta.contract import Contract
from market_data_meta.contract_files import load_contract
from market_data_meta.gate.observations import GateObservation, GateObserver
from market_data_meta.gate.partners import QUICK, gate_cells
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions

CONSUMER = "market_data_pipeline/orchestration/feedback/consumer.py"
PROBE = """
import importlib, json, os, sys

plan = json.load(open(sys.argv[1]))
sys.path[:0] = plan["path"]
rows = []
for package in plan["observed"]:
    name = plan["packages"][package]["imports"][0]
    module = importlib.import_module(name + ".orchestration.feedback.consumer")
    handler = module.FeedbackHandler(None, "p")
    place = f"{module.__name__}.FeedbackHandler"
    policy = {level.value: scale for level, scale in handler.policy.items()}
    rows.append({"area": "functions", "id": f"{place}[policy]", "value": policy})
    rows.append({"area": "functions", "id": f"{place}[hash]", "value": hash("a")})
    rows.append({"area": "process", "id": f"{place} caller", "value": "MDMETA_SECRET" in os.environ})
with open(sys.argv[2], "w") as out:
    out.writelines(json.dumps(row) + "\\n" for row in rows + [{"end": len(rows), "places": []}])
"""


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """A checkout with hardly a clause, and with a probe."""
    areas = {"policy": ("default-scales",), "packaging": ("metadata-valid",)}
    folder = small_suite(tmp_path_factory.mktemp("observed"), areas)
    (folder / "tests" / "observations").mkdir()
    (folder / "tests" / "observations" / "observe.py").write_text(PROBE)
    shutil.copy(ROOT / "contracts" / "observation_rules.toml", folder / "contracts")
    return load_contract(folder)


@pytest.fixture(autouse=True)
def _cache_of_these_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_cache(tmp_path, monkeypatch)
    monkeypatch.setenv("MDMETA_SECRET", "1")


def observe(contract: Contract, ledger: Ledger, wheel: str) -> GateObservation:
    """What is observed of a candidate, with the newest partners."""
    candidate = read_candidate(contract, ledger, "pipeline", wheel, Path(wheel).parent, lambda _: None)
    shutil.copytree(Path(wheel).parent, default_cache() / "wheels" / candidate.release.sha256[:16], dirs_exist_ok=True)
    cells = gate_cells(contract, ledger, (candidate,), QUICK)
    observation = GateObserver(contract, ledger, (candidate,), RunOptions(default_cache())).run(cells)
    assert observation
    return observation


def test_a_changed_value_is_a_difference_and_what_hangs_on_the_hash_seed_is_unstable(
    observed: Contract, ledger: Ledger, build: Build
) -> None:
    wheel = build("pipeline", {CONSUMER: ("BackpressureLevel.soft: 0.5,", "BackpressureLevel.soft: 0.6,")})
    observation = observe(observed, ledger, wheel)
    assert observation.fault == ""
    assert observation.pair
    comparison = observation.pair.comparison
    (difference,) = comparison.differences
    assert (difference.kind, difference.path, difference.was, difference.now) == ("changed", ("soft",), "0.5", "0.6")
    assert comparison.unstable == (f"functions:{CONSUMER[:-3].replace('/', '.')}.FeedbackHandler[hash]",)
    assert observation.pair.ran == 4
    # Everything is known when it is asked again, and nothing of a candidate is kept among the releases.
    again = observe(observed, ledger, wheel)
    assert again.pair
    assert again.pair.ran == 0
    assert len(list((default_cache() / "observations").glob("*.jsonl"))) == 2
    assert len(list((default_cache() / "candidates").glob("*/observations/*.jsonl"))) == 2


def test_a_candidate_without_a_difference_is_observed_once(observed: Contract, ledger: Ledger, build: Build) -> None:
    wheel = build("pipeline", {CONSUMER: ("# Normalize policy to use", "# Have the policy use")})
    observation = observe(observed, ledger, wheel)
    assert observation.pair
    assert (observation.pair.comparison.differences, observation.pair.ran) == ((), 3)


def test_a_run_without_its_end_is_no_evidence(observed: Contract, ledger: Ledger, build: Build) -> None:
    ends = "BackpressureLevel.hard: __import__('os')._exit(0),"
    observation = observe(observed, ledger, build("pipeline", {CONSUMER: ("BackpressureLevel.hard: 0.0,", ends)}))
    assert observation.pair is None
    assert observation.fault.endswith("could not be observed: it has written nothing")
    raises = "BackpressureLevel.hard: {}['hard'],"
    observation = observe(observed, ledger, build("pipeline", {CONSUMER: ("BackpressureLevel.hard: 0.0,", raises)}))
    assert "ended with status 1: KeyError: 'hard'" in observation.fault


def test_nothing_is_observed_in_a_checkout_without_probes(
    part: Contract, ledger: Ledger, build: Build, tmp_path: Path
) -> None:
    wheel = build("pipeline", {CONSUMER: ("# Normalize policy to use", "# Have a policy use")})
    candidate = read_candidate(part, ledger, "pipeline", wheel, tmp_path, lambda _: None)
    assert GateObserver(part, ledger, (candidate,), RunOptions(default_cache())).run(()) is None


def test_a_gate_fails_by_what_no_clause_is_about_unless_it_is_meant(
    observed: Contract, build: Build, tmp_path: Path
) -> None:
    gate = gate_on(observed, tmp_path / "results")
    wheel = build("pipeline", {CONSUMER: ("BackpressureLevel.ok: 1.0,", "BackpressureLevel.ok: 1,")})
    data = gate("--pipeline", wheel, "--quick")
    assert (data["exit"], data["differences"]) == (1, [])
    (finding,) = data["observations"]["findings"]
    symbol = f"functions:{CONSUMER[:-3].replace('/', '.')}.FeedbackHandler"
    assert (finding["kind"], finding["level"], finding["symbol"]) == ("changed", "must", symbol)
    assert (finding["file"], finding["definition"]) == (CONSUMER, "FeedbackHandler.__init__")
    assert finding["signs"] == [
        {"id": f"{symbol}[policy]", "kind": "changed", "level": "must", "path": ["ok"], "was": "1.0", "now": "1"}
    ]
    text = tmp_path / "text.md"
    text.write_text(f"It is about scales.\n\nChanges: {symbol} whole numbers are enough\n")
    accepted: dict[str, Any] = gate("--pipeline", wheel, "--quick", "--depends-on", str(text))
    assert (accepted["exit"], accepted["observations"]["fault"], accepted["undecided"]) == (0, None, [])
    assert accepted["observations"]["findings"][0]["accepted"] == "whole numbers are enough"
    assert gate("--pipeline", wheel, "--quick", "--no-observations")["observations"] is None
    assert json.loads((tmp_path / "results" / "gate.json").read_text())["exit"] == 0
