"""What differs in the source of two releases, read in the sandbox by the interpreter of the cells."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.inside.mdm_functions import ChangedFunctions
from market_data_meta.inside.mdm_json import from_json
from market_data_meta.inside.mdm_source import SourceChanges
from market_data_meta.releases.ledger import Release
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.isolated import clean_environment
from market_data_meta.running.sandbox import run_in_sandbox

SECONDS = 60.0
"""CPU time: a package takes less than one second."""


def read_source_changes(
    contract: Contract, package: str, before: Release, after: Release, options: RunOptions, scratch: Path
) -> SourceChanges:
    """The changes from one release of a package to another; none where the source of one of them cannot be had.

    They only explain what was found: what is said without them says as much, in more blocks.
    """
    # Imported here: it loads the client of the index.
    from market_data_meta.running.wheels import unpack_all

    distribution = contract.packages[package].distribution
    unpacked = unpack_all({distribution: (before, after)}, options.cache, options.interpreter)
    if unpacked.faults:
        return SourceChanges()
    sites = unpacked.sites[before.sha256], unpacked.sites[after.sha256]
    answer = _answer("mdm_source.py", sites, options.interpreter, scratch)
    return from_json(SourceChanges, answer) if answer else SourceChanges()


def read_changed_functions(sites: tuple[Path, Path], interpreter: str) -> ChangedFunctions:
    """The functions that differ in two unpacked releases of a package, where nothing else does."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = _answer("mdm_functions.py", sites, interpreter, Path(scratch))
    return from_json(ChangedFunctions, answer) if answer else ChangedFunctions(other="a file that cannot be read")


def _answer(script: str, sites: tuple[Path, Path], interpreter: str, scratch: Path) -> Any:
    """What a script of those that run in the sandbox writes of two releases; None where it does not come to its end."""
    with tempfile.TemporaryDirectory(dir=scratch) as home:
        answer = Path(home) / "answer.json"
        ending = run_in_sandbox(
            [interpreter, "-I", "-S", "-W", "ignore", str(suite.INSIDE / script), *map(str, sites), str(answer)],
            Path(home) / "log",
            home=home,
            variables=clean_environment(home, Path(home)),
            writable=[],
            readable=[*sites, suite.INSIDE],
            network=False,
            seconds=SECONDS,
        )
        return None if ending.cause else json.loads(answer.read_text(encoding="utf-8"))
