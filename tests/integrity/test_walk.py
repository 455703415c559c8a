"""The walk of contracts/README.md can be pasted: it writes a complete clause, and leaves no problem."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import market_data_meta
from market_data_meta.consistency import problems
from market_data_meta.contract_files import load_contract
from market_data_meta.prove.change_files import load_breaks

ROOT = Path(__file__).parents[2]
CLAUSE = "policy.own-copy"


@pytest.fixture
def walked_copy(tmp_path: Path) -> Path:
    """A copy of the contract and the suite after the walk was pasted, without the lines that run the packages."""
    for name in ("contracts", "tests/conformance", "tests/breaks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tox.ini", tmp_path)
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "mdmeta"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m market_data_meta --root {tmp_path} "$@"\n')
    script.chmod(0o755)
    *blocks, last_block = re.findall(r"```sh\n(.*?)```", (ROOT / "contracts" / "README.md").read_text(), re.DOTALL)
    assert last_block.startswith("git checkout")
    lines = "".join(blocks).splitlines(keepends=True)
    pasted_lines = [line for line in lines if not re.match(r"\./scripts/mdmeta (run|prove) ", line)]
    assert len(lines) - len(pasted_lines) == 3
    environment = os.environ | {"PYTHONPATH": str(Path(market_data_meta.__file__).parents[1])}
    shell = subprocess.run(
        ["sh", "-c", "".join(pasted_lines)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert shell.returncode == 0, shell.stdout + shell.stderr
    return tmp_path


def test_the_walk_leaves_a_complete_clause(walked_copy: Path) -> None:
    contract = load_contract(walked_copy)
    assert problems(contract.root) == []
    assert set(contract.clauses) - set(load_contract(ROOT).clauses) == {CLAUSE}
    assert [change for change in load_breaks(walked_copy) if CLAUSE in change.clauses]
    assert contract.clauses[CLAUSE].rule in (walked_copy / "tests" / "conformance" / "test_policy.py").read_text()
