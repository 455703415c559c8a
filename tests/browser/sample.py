"""A small matrix: two contents of each package, a broken and an unknown cell, and strings that attack pages."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from market_data_meta.contract import Clause, Contract, Package
from market_data_meta.models import parse_document
from market_data_meta.results.matrix import MatrixResult

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


def matrix() -> MatrixResult:
    """The matrix as it would be read from matrix.json."""
    return parse_document(MatrixResult, _matrix_data(), "matrix.json")


def _matrix_data() -> dict[str, Any]:
    cells = [_cell(positions) for positions in itertools.product((1, 0), repeat=3)]
    cells[-1] |= {"verdict": "incompatible", "reasons": ["area.first"], "counts": {"passed": 1, "failed": 1}}
    cells[-2] |= {"verdict": "unknown", "reasons": [HOSTILE], "counts": {}, "start": None, "interpreter": None}
    return {
        "format": 1,
        "suite": "5" * 64,
        "exit": 1,
        "packages": {
            name: [
                {
                    "content": str(position) * 64,
                    "label": " to ".join(dict.fromkeys((releases[0], releases[-1]))),
                    "releases": releases,
                    "uploaded": ["2026-01-01"] * len(releases),
                }
                for position, releases in enumerate(contents)
            ]
            for name, contents in RELEASES.items()
        },
        "cells": cells,
        "findings": [
            _finding("area.first", None, [len(cells) - 1]),
            _finding("area.second", f"Known. {HOSTILE}", list(range(len(cells)))),
        ],
        "history": {
            "area.first": {
                "core": _spans("core", "failed", "passed"),
                "pipeline": _spans("pipeline", "mixed", "unknown"),
            },
            "area.second": {"store": _spans("store", "failed")},
        },
        "promise": {"kept": 4, "over-promised": 1, "over-restricted": 4, "rightly excluded": 1, "undecided": 2},
        "supported": [
            {"package": "store", "version": version, "other": "core", "asks": asks, "works": ">=1.4.9"}
            for version, asks in (("0.6.72", None), ("0.6.73", "<2,>=1.4.61"))
        ],
        "refused": {"core": {"<2,>=1.4.61": RELEASES["core"][0]}},
        "rotten_waivers": [],
        "wide": [],
        "ran": 8,
    }


def _spans(package: str, *states: str) -> list[dict[str, Any]]:
    return [
        {"from": releases[0], "to": releases[-1], "state": state, "changed": number > 0}
        for number, (state, releases) in enumerate(zip(states, RELEASES[package], strict=False))
    ]


def _cell(positions: tuple[int, ...]) -> dict[str, Any]:
    position_of = dict(zip(RELEASES, positions, strict=True))
    return {
        "codes": position_of,
        "combination": {name: RELEASES[name][position][-1] for name, position in position_of.items()},
        "verdict": "compatible",
        "reasons": [],
        "counts": {"passed": 2, "waived": 1},
        "capabilities": {"talk": "limited"},
        "stands_for": len(RELEASES["core"][position_of["core"]]),
        "allowed": position_of["pipeline"],
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
