"""The gate's flags, as they are given on a command line or sent over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from examples import ROOT
from github import workflow

from market_data_meta.cli import cli
from market_data_meta.commands import gate
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.gate.partners import ALL, ALLOWED, PINNED, QUICK


@pytest.fixture
def reach_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call the gate and tell what it would have run the candidate with; nothing is run."""

    def reach(*words: str, **variables: str) -> str:
        chosen: list[str] = []

        def stop(*arguments: Any) -> None:
            chosen.append(arguments[4])
            raise MetaError(ErrorCode.NO_CANDIDATE, "enough is known")

        monkeypatch.setattr(gate, "GateRun", stop)
        command = ["--root", str(ROOT), "gate", "--core", "1.4.61", *words]
        result = CliRunner(env=variables).invoke(cli, command)
        return chosen[0] if chosen else f"{result.exception} {result.output}"

    return reach


def over_the_wire(sent: object, payload: object) -> str:
    """What GitHub makes of ``${{ inputs.quick || github.event.client_payload.quick }}``."""
    value = sent or payload
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("sent", "payload", "reach"),
    [
        (True, None, QUICK),
        (False, None, ALLOWED),
        ("true", None, QUICK),
        ("", True, QUICK),
        ("", "true", QUICK),
        ("", False, ALLOWED),
        ("", "false", ALLOWED),
        ("", "False", ALLOWED),
        ("", "no", ALLOWED),
        ("", 0, ALLOWED),
        ("", 1, QUICK),
        ("", None, ALLOWED),
        ("", "", ALLOWED),
    ],
)
def test_a_flag_over_the_wire_means_what_it_says(reach_of: Any, sent: object, payload: object, reach: str) -> None:
    """Programs send a flag as a boolean or as a text: ``"false"`` is no, and what is not sent is no."""
    steps = workflow(".github/workflows/gate.yml")["jobs"]["gate"]["steps"]
    (command,) = [step for step in steps if "mdmeta gate" in step.get("run", "")]
    assert command["env"]["MDMETA_QUICK"] == "${{ inputs.quick || github.event.client_payload.quick }}"
    assert "quick" not in command["run"].lower()
    assert reach_of(MDMETA_QUICK=over_the_wire(sent, payload)) == reach


@pytest.mark.parametrize("value", ["maybe", "Object", "2", "--all"])
def test_a_flag_that_is_neither_yes_nor_no_is_refused_by_name(reach_of: Any, value: str) -> None:
    said = reach_of(MDMETA_QUICK=value)
    assert "--quick" in said
    assert repr(value) in said


@pytest.mark.parametrize(
    ("words", "reach"),
    [
        ((), ALLOWED),
        (("--quick",), QUICK),
        (("--all",), ALL),
        (("store==0.6.73",), PINNED),
        (("--quick", "store==0.6.73"), "nothing to choose"),
        (("--all", "--quick"), "--all asks for every combination and --quick for few"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(reach_of: Any, words: tuple[str, ...], reach: str) -> None:
    assert reach in reach_of(*words)


@pytest.mark.parametrize(
    ("origin", "version", "message"),
    [
        ("market-data-store", "v0.6.72", QUICK),
        ("mjdevaccount/market_data_pipeline", "0.8.70", QUICK),
        ("market-data-store", "v9.9", "store 9.9 is not in the ledger"),
        ("market-data-store", "", "its version is ''"),
        ("market-data-core", "1.4.60", "core is both a candidate and announced"),
        ("market_data_orchestrator", "0.9.95", "its release changes what is deployed"),
    ],
)
def test_an_announced_release_is_a_candidate(reach_of: Any, origin: str, version: str, message: str) -> None:
    """A repository sends its name and a version when it has published: that release is gated as it is on the index."""
    assert message in reach_of("--quick", f"--released={origin}", version)
