"""The walk of contracts/README.md can be pasted: it writes a whole clause, and leaves nothing to complain of."""

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
def pasted(tmp_path: Path) -> Path:
    """A copy of the contract and the suite in which the walk was pasted, but for the lines that run the packages."""
    for name in ("contracts", "tests/conformance", "tests/breaks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tox.ini", tmp_path)
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "mdmeta"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m market_data_meta --root {tmp_path} "$@"\n')
    script.chmod(0o755)
    *blocks, undo = re.findall(r"```sh\n(.*?)```", (ROOT / "contracts" / "README.md").read_text(), re.DOTALL)
    assert undo.startswith("git checkout")
    lines = "".join(blocks).splitlines(keepends=True)
    kept = [line for line in lines if not re.match(r"\./scripts/mdmeta (run|prove) ", line)]
    assert len(lines) - len(kept) == 3
    environment = os.environ | {"PYTHONPATH": str(Path(market_data_meta.__file__).parents[1])}
    done = subprocess.run(
        ["sh", "-c", "".join(kept)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return tmp_path


def test_the_walk_leaves_a_whole_clause(pasted: Path) -> None:
    contract = load_contract(pasted)
    assert problems(contract.root) == []
    assert set(contract.clauses) - set(load_contract(ROOT).clauses) == {CLAUSE}
    assert [change for change in load_breaks(pasted) if CLAUSE in change.clauses]
    assert contract.clauses[CLAUSE].rule in (pasted / "tests" / "conformance" / "test_policy.py").read_text()
