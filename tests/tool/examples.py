"""Values that the tests of the tool share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from market_data_meta.candidates.candidate import Candidate, find_predecessor
from market_data_meta.judging.defects import Defect, ShownBy, ThirdParty
from market_data_meta.judging.records import Check
from market_data_meta.releases.ledger import DeployedSet, Ledger, Release

ROOT = Path(__file__).parents[2]
SUITE = "5" * 64
VERSIONS = {"core": "1.4.61", "pipeline": "0.8.70", "store": "0.6.73"}

PATIENCE = 900
"""Seconds after which a test takes what it waits for to hang: nothing takes so long on the busiest machine."""


def release(
    version: str, content: str, *requires: str, yanked: bool = False, python: str = ">=3.11", withdrawn: bool = False
) -> Release:
    """A published release; ``content`` is one hexadecimal digit, which its content id repeats."""
    name = f"{content}-{version}.whl"
    return Release(
        version, "2026-01-01T00:00:00Z", name, "d" * 64, 1, content * 64, python, requires, yanked, withdrawn
    )


def known_defect(
    *checks: Check,
    name: str = "it-is-wrong",
    package: str = "core",
    third_party: tuple[ThirdParty, ...] = (),
    **in_: str,
) -> Defect:
    """A known defect that these checks show, in the versions of packages that are named: all of core if none is."""
    shown = tuple(ShownBy(check.clause, (check.fingerprint,), third_party=third_party) for check in checks)
    return Defect("Something is wrong.", package, in_ or {"core": ">=1.0"}, "A cause.", shown, id=name)


LEDGER = Ledger(
    "2026-11-22",
    {
        "core": (release("1.0", "a"), release("1.1", "b"), release("1.2", "b"), release("1.3", "c")),
        "pipeline": (release("0.1", "d", "market-data-core>=1.1"),),
        "store": (release("0.5", "e"), release("0.6", "f", "market-data-core<1.3")),
    },
    DeployedSet("acme-orchestrator", "1.0", {"core": "1.1", "pipeline": "0.1", "store": "0.5"}),
)
"""Core has four releases of three contents; the other packages forbid 1.0 and 1.3.

There are six cells, of core 1.0, 1.2 and 1.3 with each store.
"""


def candidate(package: str, version: str, content: str, *requires: str) -> Candidate:
    """A candidate to follow a release of ``LEDGER``; ``content`` is one hexadecimal digit."""
    new_release = replace(release(version, content, *requires), sha256=content * 64)
    before = find_predecessor(LEDGER, package, version, itself=True)
    return Candidate(package, "x", new_release, before, Path("/candidate.whl"))
