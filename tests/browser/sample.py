"""A small made-up matrix: two codes of each package, one cell broken, one unknown, and strings that attack a page."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from market_data_meta.contract import Clause, Contract, Package

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><!-- \u2028 & $data " + "long_name" * 12
RELEASES = {
    "core": [["1.4.9", "1.4.10"], ["1.4.61"]],
    "pipeline": [["0.8.69"], ["0.8.70"]],
    "store": [["0.6.72"], ["0.6.73"]],
}


def contract() -> Contract:
    """One clause that is violated, one that is waived, one that always holds."""
    clauses = [
        Clause(f"The rule of {name}. {HOSTILE}", "must", "combination", tuple(RELEASES), HOSTILE, id=f"area.{name}")
        for name in ("first", "second", "third")
    ]
    packages = {name: Package(f"market-data-{name}", (f"market_data_{name}",), name=name) for name in RELEASES}
    return Contract(Path(), packages, "market-data-orchestrator", {clause.id: clause for clause in clauses})


def matrix() -> dict[str, Any]:
    """In the shape of matrix.json."""
    cells = [_cell(codes) for codes in itertools.product((1, 0), repeat=3)]
    cells[-1] |= {"verdict": "incompatible", "reasons": ["area.first"], "counts": {"passed": 1, "failed": 1}}
    cells[-2] |= {"verdict": "unknown", "reasons": [HOSTILE], "counts": {}, "start": None, "interpreter": None}
    return {
        "format": 1,
        "suite": "5" * 64,
        "exit": 1,
        "packages": {
            name: [
                {
                    "content": str(at) * 64,
                    "label": " to ".join(dict.fromkeys((some[0], some[-1]))),
                    "releases": some,
                    "uploaded": ["2026-01-01"] * len(some),
                }
                for at, some in enumerate(codes)
            ]
            for name, codes in RELEASES.items()
        },
        "cells": cells,
        "findings": [
            _finding("area.first", None, [len(cells) - 1]),
            _finding("area.second", f"Known. {HOSTILE}", list(range(len(cells)))),
        ],
        "history": {
            "area.first": {
                "core": _rows("core", "failed", "passed"),
                "pipeline": _rows("pipeline", "mixed", "unknown"),
            },
            "area.second": {"store": _rows("store", "failed")},
        },
        "promise": {"kept": 4, "over-promised": 1, "over-restricted": 4, "rightly excluded": 1, "undecided": 2},
        "supported": [
            {"package": "store", "version": version, "other": "core", "asks": asks, "works": ">=1.4.9"}
            for version, asks in (("0.6.72", None), ("0.6.73", "<2,>=1.4.61"))
        ],
        "refused": {"core": {"<2,>=1.4.61": [v for some in RELEASES["core"] for v in some if v != "1.4.61"]}},
        "rotten_waivers": [],
        "wide": [],
        "ran": 8,
    }


def _rows(package: str, *states: str) -> list[dict[str, Any]]:
    return [
        {"from": some[0], "to": some[-1], "state": state, "changed": number > 0}
        for number, (state, some) in enumerate(zip(states, RELEASES[package], strict=False))
    ]


def _cell(codes: tuple[int, ...]) -> dict[str, Any]:
    places = dict(zip(RELEASES, codes, strict=True))
    return {
        "codes": places,
        "combination": {name: RELEASES[name][at][-1] for name, at in places.items()},
        "verdict": "compatible",
        "reasons": [],
        "counts": {"passed": 2, "waived": 1},
        "stands_for": len(RELEASES["core"][places["core"]]),
        "allowed": places["pipeline"],
        "start": 1795435046.85,
        "interpreter": "3.11.7",
    }


def _finding(clause: str, waived: str | None, cells: list[int]) -> dict[str, Any]:
    return {
        "clause": clause,
        "level": "must",
        "outcome": "failed",
        "message": HOSTILE,
        "expected": ["a value"],
        "got": [HOSTILE] * 20,
        "fingerprint": "9a7036d31a54",
        "waived": waived,
        "reproduce": "./scripts/mdmeta run core1.4.10-pipeline0.8.69-store0.6.72",
        "cells": cells,
    }
