"""A checkout whose suite is a part of the real one, for tests that need real checks, and not all of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from examples import ROOT


def small_suite(folder: Path, areas: Mapping[str, tuple[str, ...]]) -> Path:
    """A checkout in ``folder`` with the controls and some clauses of these areas: ``{"packaging": ("typed",)}``.

    Its packages, ledger, capabilities and known defects are the real ones.
    """
    contracts, checks = folder / "contracts", folder / "tests" / "conformance"
    ignored = shutil.ignore_patterns("__pycache__", "test_*.py")
    shutil.copytree(ROOT / "tests" / "conformance", checks, ignore=ignored)
    for name in ("recordings", "releases", "schemas"):
        shutil.copytree(ROOT / "contracts" / name, contracts / name)
    # The servers that checks of services start.
    (folder / "requirements").mkdir(exist_ok=True)
    shutil.copy(ROOT / "requirements" / "servers.txt", folder / "requirements")
    for name in ("capabilities", "defects"):
        shutil.copy(ROOT / "contracts" / f"{name}.toml", contracts)
    packages = tomlkit.parse((ROOT / "contracts" / "packages.toml").read_text())
    for table in packages["packages"].values():
        # It saves time where many checks use these modules.
        table.pop("preload", None)
    (contracts / "packages.toml").write_text(tomlkit.dumps(packages))
    (contracts / "clauses").mkdir()
    shutil.copy(ROOT / "contracts" / "clauses" / "controls.toml", contracts / "clauses")
    for area, slugs in areas.items():
        tables = tomlkit.parse((ROOT / "contracts" / "clauses" / f"{area}.toml").read_text())
        for slug in set(tables["clauses"]).difference(slugs):
            del tables["clauses"][slug]
        (contracts / "clauses" / f"{area}.toml").write_text(tomlkit.dumps(tables))
    for area in ("controls", *areas):
        shutil.copy(ROOT / "tests" / "conformance" / f"test_{area}.py", checks)
    return folder
