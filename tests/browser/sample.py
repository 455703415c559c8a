"""A small matrix: two contents of each package, a broken and an unknown cell, and strings that attack pages."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

from market_data_meta.contract import Clause, Contract, Package
from market_data_meta.models import parse_document
from market_data_meta.results.backtest import BacktestResult
from market_data_meta.results.matrix import MatrixResult

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><!-- \u2028 & $data " + "long_name" * 12
RELEASES = {
    "core": [["1.4.9", "1.4.10"], ["1.4.61"]],
    "pipeline": [["0.8.69"], ["0.8.70"]],
    "store": [["0.6.72"], ["0.6.73"]],
}
CAPABILITIES = {"talk": ("area.first", "area.second"), "read": ("area.third", None), "write": ("area.fourth", None)}
"""The clause that each cannot do without, and another one."""
MANY_VERSIONS = ">=1.4.9," + ",".join(f"!=1.4.{number}" for number in range(11, 16))
SETS = {"newest": (1, 1, 1), "deployed": (1, 0, 1), "oldest": (0, 0, 0)}


def contract() -> Contract:
    """A clause that fails in a cell, one that fails everywhere, one that always holds, one that depends on store."""
    clauses = [
        Clause(f"The rule of {name}. {HOSTILE}", "must", "combination", tuple(RELEASES), HOSTILE, id=f"area.{name}")
        for name in ("first", "second", "third", "fourth")
    ]
    packages = {
        name: Package(
            f"market-data-{name}",
            (f"market_data_{name}",),
            repository=f"owner/market-data-{name}",
            name=name,
        )
        for name in RELEASES
    }
    return Contract(Path(), packages, "market-data-orchestrator", {clause.id: clause for clause in clauses})


def matrix() -> MatrixResult:
    """The matrix as it would be read from matrix.json."""
    return parse_document(MatrixResult, _matrix_data(), "matrix.json")


def backtest() -> BacktestResult:
    """Two days, and two releases: one that was bad on its day and one that installs what was there."""
    data: dict[str, Any] = {
        "suite": "5" * 64,
        "as_of": "2026-01-02T03:04:05Z",
        "libraries": "2026-01-02",
        "releases": [_past("1.4.10", ("core 1.4.10 requires what nothing is. " + HOSTILE,)), _past("1.4.61", ())],
        "days": [
            {
                "day": f"2026-01-0{number}",
                "releases": ["core 1.4.10"],
                "newest": {"core": "1.4.10"},
                "forbidden": [],
                "hours_not_installable": hours,
                "installed": {"core": "1.4.10"},
                "states": {"works": 2, "broken": 1},
            }
            for number, hours in ((1, 19), (2, 0))
        ],
    }
    return parse_document(BacktestResult, data, "backtest.json")


def _lowest() -> dict[str, Any]:
    """With the lowest libraries a clause that holds fails in two cells, and of a third nothing is known."""
    difference = {"clause": "area.third", "usual": "passed", "outcome": "failed", "why": HOSTILE, "cells": [0, 1]}
    return {
        "choice": "lowest",
        "as_of": "2026-01-02T03:04:05Z",
        "differences": [difference],
        "without_record": [{"reason": HOSTILE, "cells": [2]}],
        "ran": 3,
    }


def _past(version: str, not_installable: tuple[str, ...]) -> dict[str, Any]:
    empty = dict.fromkeys(("lost", "worse", "mended", "capabilities", "why", "undecided"), ())
    return empty | {
        "package": "core",
        "version": version,
        "uploaded": "2026-01-01T00:00:00Z",
        "predecessor": "1.4.9",
        "same_code": True,
        "partners": None,
        "not_installable": not_installable,
        "made_installable": None,
        "gate": "stopped" if not_installable else "passed",
        "observed": _observed() if not_installable else None,
    }


def _observed() -> dict[str, Any]:
    """A finding whose name and values attack pages."""
    sign = {"id": f"http:GET /health {HOSTILE}", "kind": "changed", "level": "must", "path": [HOSTILE]}
    finding = {
        "kind": "changed",
        "level": "must",
        "package": "core",
        "symbol": f"http:GET /health {HOSTILE}",
        "signs": [sign | {"was": HOSTILE, "now": None}],
        "further": 0,
        "file": None,
        "line": None,
        "definition": None,
        "accepted": None,
        "changelog": [],
    }
    return {
        "cell": "core1.4.10",
        "baseline": "core1.4.9",
        "fault": None,
        "findings": [finding],
        "added": [HOSTILE],
        "compared": 9,
        "unstable": [],
        "unobserved": [],
    }


def _matrix_data() -> dict[str, Any]:
    positions = list(itertools.product((1, 0), repeat=3))
    cells = [_cell(codes) for codes in positions]
    oldest, unknown = positions.index((0, 0, 0)), positions.index((0, 0, 1))
    cells[oldest]["capabilities"]["talk"] = "broken"
    cells[unknown] |= {"verdict": "unknown", "reasons": [HOSTILE], "counts": {}, "start": None, "interpreter": None}
    cells[unknown]["capabilities"] = dict.fromkeys(CAPABILITIES, "unknown")
    with_old_store = [number for number, (_, _, store) in enumerate(positions) if not store]
    everywhere = [number for number in range(len(cells)) if number != unknown]
    findings = [
        _finding("area.first", None, [oldest]),
        _finding("area.second", "second-is-late", everywhere),
        _finding("area.fourth", None, with_old_store),
        _finding("area.fourth", None, with_old_store)
        | {"sentence": "It fails in another way, too.", "fingerprint": "0" * 12},
    ]
    return {
        "format": 2,
        "suite": "5" * 64,
        "as_of": "2026-01-02T03:04:05Z",
        "exit": 1,
        "capabilities": [
            {
                "name": name,
                "title": f"To {name} {HOSTILE if name == 'read' else ''}".strip(),
                "about": f"What it is to {name}.",
                "why": "Nothing goes without it.",
                "essential": [essential],
                "others": [other] if other else [],
            }
            for name, (essential, other) in CAPABILITIES.items()
        ],
        "sets": [_set(name, codes, positions.index(codes), cells, findings) for name, codes in SETS.items()],
        "best": [_best(name, cells) for name in CAPABILITIES],
        "defects": [_defect(number) for number in range(7)],
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
        "findings": findings,
        "history": {
            "area.first": {
                "core": _spans("core", "failed", "passed"),
                "pipeline": _spans("pipeline", "mixed", "unknown"),
            },
            "area.second": {"store": _spans("store", "failed")},
        },
        "promises": {name: _promise(name, cells) for name in CAPABILITIES},
        "supported": [
            {
                "package": "store",
                "version": version,
                "other": "core",
                "asks": asks,
                "usable": {"talk": ">=1.4.9", "read": MANY_VERSIONS, "write": "none"},
            }
            for version, asks in (("0.6.72", None), ("0.6.73", "<2,>=1.4.61"))
        ],
        "refused": {"core": {"<2,>=1.4.61": RELEASES["core"][0]}},
        "mended": [
            {"defect": "defect-3", "clause": "area.fourth", "package": "store", "version": "0.6.73"},
        ],
        "stale_defects": [{"defect": "defect-4", "clause": "area.fourth", "how": HOSTILE}],
        "wide": [],
        "deployments": _deployments(),
        "third_party": [_lowest()],
        "ran": 8,
    }


def _cell(codes: tuple[int, ...]) -> dict[str, Any]:
    position_of = dict(zip(RELEASES, codes, strict=True))
    core, _, store = codes
    stands_for = len(RELEASES["core"][core])
    return {
        "codes": position_of,
        "combination": {name: RELEASES[name][position][-1] for name, position in position_of.items()},
        "verdict": "defective" if store else "violates",
        "reasons": [] if store else ["area.fourth"],
        "counts": {"passed": 3, "failed": 1},
        "capabilities": {"talk": "limited", "read": "works", "write": "works" if store else "broken"},
        "stands_for": stands_for,
        "allowed": stands_for if core or not store else 0,
        "start": 1795435046.85,
        "interpreter": "3.11.7",
    }


def _deployments() -> dict[str, Any]:
    """The store service writes with its new release only; the old pipeline takes nothing of what is sent."""
    pairs = list(itertools.product((1, 0), repeat=2))
    store = [
        {"codes": {"core": core, "store": own}, "capabilities": {"talk": "limited", "write": ("broken", "works")[own]}}
        for core, own in pairs
    ]
    pipeline = [
        {"codes": {"core": core, "pipeline": own}, "capabilities": {"talk": ("unknown", "works")[own]}}
        for core, own in pairs
    ]
    deliveries: list[dict[str, Any]] = [
        {"consumers": [0, 2], "taken": "all", "reason": ""},
        {"consumers": [1], "taken": "none", "reason": HOSTILE[:40]},
        {"consumers": [3], "taken": "unknown", "reason": "it was not run"},
    ]
    return {
        "services": [
            {"name": "store", "packages": ["core", "store"], "cells": store},
            {"name": "pipeline", "packages": ["core", "pipeline"], "cells": pipeline},
        ],
        "wires": [
            {
                "producer": "store",
                "consumer": "pipeline",
                "capabilities": ["talk"],
                "deliveries": [row | {"producers": list(range(len(store)))} for row in deliveries],
            }
        ],
    }


def _set(
    name: str, codes: tuple[int, ...], number: int, cells: list[dict[str, Any]], findings: list[dict[str, Any]]
) -> dict[str, Any]:
    cell = cells[number]
    failing = [finding for finding in findings if number in finding["cells"]]
    return {
        "name": name,
        "combination": {package: RELEASES[package][code][0] for package, code in zip(RELEASES, codes, strict=True)},
        "cell": number,
        "verdict": cell["verdict"],
        "forbidden": [HOSTILE] if name == "oldest" else [],
        "capabilities": [
            {
                "name": capability,
                "title": f"To {capability}",
                "state": cell["capabilities"][capability],
                "reason": "",
                "failures": [
                    {
                        "clause": clause,
                        "essential": clause == clauses[0],
                        "sentence": finding["sentence"],
                        "defect": finding["defect"],
                    }
                    for clause in clauses
                    for finding in failing
                    if finding["clause"] == clause
                ],
                "undecided": [],
            }
            for capability, clauses in CAPABILITIES.items()
        ],
    }


def _best(capability: str, cells: list[dict[str, Any]]) -> dict[str, Any]:
    order = ("works", "limited", "broken", "unknown")
    allowed = [number for number, cell in enumerate(cells) if cell["allowed"]]
    number = min(allowed, key=lambda number: order.index(cells[number]["capabilities"][capability]))
    state = cells[number]["capabilities"][capability]
    return {
        "capability": capability,
        "state": state,
        "combination": cells[number]["combination"],
        "cell": number,
    }


def _promise(capability: str, cells: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    allowed: Counter[str] = Counter()
    forbidden: Counter[str] = Counter()
    for cell in cells:
        state = cell["capabilities"][capability]
        allowed[state] += cell["allowed"]
        forbidden[state] += cell["stands_for"] - cell["allowed"]
    return {"allowed": dict(+allowed), "forbidden": dict(+forbidden)}


def _defect(number: int) -> dict[str, Any]:
    """The first one is shown by a finding, the last one is mended; every other one breaks what it concerns."""
    name = "second-is-late" if number == 0 else f"defect-{number}"
    clause, capability = ("area.second", "talk") if number == 0 else ("area.fourth", "write")
    return {
        "id": name,
        "means": f"What {name} means. {HOSTILE}",
        "package": "store",
        "versions": {"store": ">=0.6.72"},
        "mended_in": "0.6.73" if number == 6 else None,
        "cause": HOSTILE,
        "workaround": HOSTILE if number == 0 else None,
        "reported": ("https://example.org/1", "javascript:document.title='owned'", None)[number % 3],
        "shown_by": [
            {
                "clause": clause,
                "fingerprints": ["9a7036d31a54"],
                "versions": {"store": ">=0.6.72"},
                "third_party": [],
                "capability": capability,
                "essential": number % 2 == 1 or number == 6,
            }
        ],
        "reproducer": f"print('''{HOSTILE}''')\n" if number == 1 else None,
    }


def _spans(package: str, *states: str) -> list[dict[str, Any]]:
    return [
        {"from": releases[0], "to": releases[-1], "state": state, "changed": number > 0}
        for number, (state, releases) in enumerate(zip(states, RELEASES[package], strict=False))
    ]


def _finding(clause: str, defect: str | None, cells: list[int]) -> dict[str, Any]:
    return {
        "clause": clause,
        "level": "must",
        "outcome": "failed",
        "message": HOSTILE,
        "expected": ["a value"],
        "got": [HOSTILE] * 20,
        "fingerprint": "9a7036d31a54",
        "defect": defect,
        "sentence": f"What fails of {clause}. {HOSTILE}",
        "release": "",
        "reproduce": "./scripts/mdmeta run core1.4.10-pipeline0.8.69-store0.6.72",
        "cells": cells,
    }
