"""What is installed in an environment, as it is read from outside of it."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

from made_wheels import made_wheel

from market_data_meta.inside.mdm_json import to_json
from market_data_meta.inside.mdm_plan import Limits, Plan, PlannedPackage
from market_data_meta.running.wheels import extract
from market_data_meta.suite import INSIDE

OF_DEBIAN = """
import runpy, sys, sysconfig
sysconfig._INSTALL_SCHEMES["posix_prefix"]["purelib"] = "{base}/local/lib/dist-packages"
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs a program as Debian's Python does, which has other folders for itself than for an environment."""


def test_an_environment_of_debians_python_is_read(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    extract(made_wheel(tmp_path, "small", "1.0", {"small.py": "x = 1"}), tmp_path / "unpacked")
    for part in (tmp_path / "unpacked").iterdir():
        part.rename(site / part.name)
    plan = tmp_path / "plan.json"
    packages = {"small": PlannedPackage("small", ("small",), None)}
    plan.write_text(json.dumps(to_json(Plan(str(tmp_path), packages, {}, Limits(1.0, 1)))))
    python = tmp_path / "env" / "bin" / "python"
    command = [str(python), "-I", "-S", "-c", OF_DEBIAN, str(INSIDE / "mdm_attest.py"), str(plan)]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert answer["attestation"]["small"]["version"] == "1.0"
    assert sys.version_info[:3] == tuple(map(int, answer["interpreter"]["version"].split(".")))
