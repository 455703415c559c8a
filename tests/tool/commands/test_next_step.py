"""The one line at the end that says what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from examples import SUITE, known_defect
from gate_sample import gate_of, same, worse

from market_data_meta.commands.common import finish
from market_data_meta.commands.gate import next_step
from market_data_meta.contract import Contract
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Record
from market_data_meta.judging.report_document import report_result
from market_data_meta.judging.verdicts import judge_records


@pytest.mark.parametrize(
    ("outcome", "is_known", "command"),
    [
        ("failed", False, "./scripts/mdmeta explain area.second"),
        ("failed", True, "./scripts/mdmeta explain it-is-wrong"),
        ("passed", False, "./scripts/mdmeta matrix"),
    ],
)
def test_a_run_ends_with_what_to_do_next(
    small: Contract,
    make_record: Callable[..., Record],
    capfd: pytest.CaptureFixture[str],
    outcome: str,
    command: str,
    *,
    is_known: bool,
) -> None:
    """Explain a new failure, else a known one, else go on to the matrix; JSON is left alone."""
    versions = {"core": "1.2.9", "pipeline": "0.8.1", "store": "0.6.0"}
    installed = {n: {"version": v, "content": "c" * 64, "direct_url": None} for n, v in versions.items()}
    record = make_record({"area.second": outcome}, combination=versions, attestation=installed)
    known = KnownDefects((known_defect(record.checks["area.second"], core="==1.2.9"),) if is_known else ())
    report = report_result(small, judge_records(small, SUITE, [record], known), known)
    with pytest.raises(SystemExit):
        finish(report, as_json=False, verbose=False)
    assert capfd.readouterr().err.splitlines()[-1].startswith(f"next: {command}  #")
    with pytest.raises(SystemExit):
        finish(report, as_json=True, verbose=False)
    assert capfd.readouterr().err == ""


def test_a_gate_ends_with_what_to_do_next(tmp_path: Path) -> None:
    """Explain the first clause that got worse, look at all where nothing is decided, else ask what works."""
    assert next_step(gate_of(worse()), tmp_path)[0].startswith("./scripts/mdmeta explain ")
    undecided = gate_of(same() | {"exit": 3})
    assert next_step(undecided, tmp_path)[0] == f"./scripts/mdmeta report --gate {tmp_path}/gate.json --verbose"
    assert next_step(gate_of(same()), tmp_path)[0] == "./scripts/mdmeta can-i-deploy newest"
    earlier = next_step(gate_of(same()), tmp_path, " --as-of 2025-10-22T12:00:00Z")
    assert earlier[0] == "./scripts/mdmeta can-i-deploy newest --as-of 2025-10-22T12:00:00Z"
