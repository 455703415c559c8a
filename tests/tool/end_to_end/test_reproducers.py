"""The scripts in contracts/reproducers: each shows its defect on the release that it names, by the command it names."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
from examples import PATIENCE, ROOT
from uv import find_uv_bin

from market_data_meta.contract import Contract

FOLDER = ROOT / "contracts/reproducers"
SCRIPTS = sorted(FOLDER.glob("*.py"))
EXIT_CODES = {"# ": 1, "# without it: ": 0}
"""How a comment with a command begins, and the exit code of that command."""


def commands(script: Path) -> dict[int, str]:
    """The commands that the comments at the top of ``script`` name, by their exit code."""
    found = re.findall(r"^(# |# without it: )(uv run .*)$", script.read_text(), re.MULTILINE)
    return {EXIT_CODES[beginning]: command for beginning, command in found}


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        pytest.param(command, exit_code, id=f"{script.stem}-{exit_code}")
        for script in SCRIPTS
        for exit_code, command in commands(script).items()
    ],
)
def test_a_command_tells_whether_the_defect_is_there(command: str, exit_code: int) -> None:
    """A script's command ends with 1 where the defect is there and with 0 where it is not, and prints one line."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    _, *arguments = shlex.split(command)
    run = subprocess.run(
        [find_uv_bin(), *arguments],
        cwd=FOLDER,
        env=environment | {"UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (run.returncode, len(run.stdout.splitlines())) == (exit_code, 1), run.stdout + run.stderr


def test_each_defect_that_breaks_a_capability_has_a_script(contract: Contract) -> None:
    """Each script is named after a defect, and each defect that an essential clause shows has one."""
    defects = tomllib.loads((ROOT / "contracts/defects.toml").read_text())["defects"]
    essential = {clause for capability in contract.capabilities.values() for clause in capability.essential}
    breaking = {
        name for name, defect in defects.items() if essential & {shown["clause"] for shown in defect["shown_by"]}
    }
    scripts = {script.stem for script in SCRIPTS}
    assert breaking <= scripts <= defects.keys()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_is_short_and_names_its_command(script: Path) -> None:
    """A script has 10 to 25 lines, the first of which is the command that runs it."""
    lines = script.read_text().splitlines()
    assert 10 <= len(lines) <= 25
    assert lines[0] == f"# {commands(script)[1]}"
    assert all(command.endswith(f" {script.name}") for command in commands(script).values())
