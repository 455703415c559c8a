"""Values that the tests of the tool share."""

from __future__ import annotations

from pathlib import Path

from market_data_meta.releases.ledger import DeployedSet, Ledger, Release

ROOT = Path(__file__).parents[2]
SUITE = "5" * 64
VERSIONS = {"core": "1.4.61", "pipeline": "0.8.70", "store": "0.6.73"}


def release(version: str, content: str, *requires: str, yanked: bool = False) -> Release:
    """A published release; ``content`` is one hexadecimal digit, which its content id repeats."""
    name = f"{content}-{version}.whl"
    return Release(version, "2026-01-01T00:00:00Z", name, "d" * 64, 1, content * 64, ">=3.11", requires, yanked)


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
