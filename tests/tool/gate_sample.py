"""A gate made up for the tests of its renderers: one of everything that it can say, in the shape of gate.json."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from examples import SUITE

from market_data_meta.models import parse_document
from market_data_meta.results.gate import GateResult

HOSTILE = (
    "<script>alert(1)</script> | `x` ``y`` **b** [bold]z[/bold] @someone #1 https://evil.example www.evil.example"
    " \x1b[31m \x00 \u202e \ud800 ]]> %0A a,b:c ##[error]no\n::error::no\n::set-output name=x::y"
)
"""Text that wants to be HTML, Markdown, markup, a link, a call, a colour, a command to GitHub's runner, or bad XML."""
QUEUE = "market_data_store/coordinator/queue.py"
CELL = "core1.4.62-pipeline0.8.{}-store0.6.73"


def check(outcome: str, message: str | None = None, expected: object = None, got: object = None) -> dict[str, Any]:
    """A check, on one side of a comparison."""
    return {"outcome": outcome, "message": message, "expected": expected, "got": got, "raised": None}


def difference(kind: str, clause: str, **changes: Any) -> dict[str, Any]:
    """A difference of a must clause in one cell, with what is said of it in place of that."""
    return {
        "kind": kind,
        "clause": clause,
        "level": "must",
        "rule": f"The rule of {clause}.",
        "source": "docs/planning-assessment.md#chain: the parts make one chain.",
        "binds": ["core", "pipeline"],
        "now": check("failed", "what was looked at", 1, 2),
        "was": check("passed"),
        "cells": [CELL.format(70)],
        "guilty": ["core"],
        "repetitions": [{"now": "failed", "was": "passed"}] * (3 if kind == "regression" else 0),
        "reproduce": "./scripts/mdmeta gate --core dist/market_data_core-1.4.62-py3-none-any.whl pipeline==0.8.70",
        "cause": None,
    } | changes


def cell(name: str, verdict: str, **changes: Any) -> dict[str, Any]:
    """A cell of the gate."""
    return {
        "cell": name,
        "scope": "combination",
        "combination": {"core": "1.4.62", "pipeline": "0.8.70", "store": "0.6.73"},
        "verdict": verdict,
        "baseline": name.replace("1.4.62", "1.4.61"),
        "stands_for": 40,
        "forbidden": [],
        "reasons": [],
        "counts": {"passed": 80, "failed": 2},
    } | changes


def candidate(package: str, version: str, before: str | None, **changes: Any) -> dict[str, Any]:
    """A candidate built from a wheel."""
    return {
        "package": package,
        "source": f"dist/market_data_{package}-{version}-py3-none-any.whl",
        "version": version,
        "sha256": "d" * 64,
        "content": "a" * 64,
        "commit": None,
        "ref": None,
        "edited": False,
        "predecessor": {"version": before, "content": "b" * 64, "passed_over": ""} if before else None,
        "same_code_as": [],
        "not_looked_at": [],
        "version_is_taken": False,
    } | changes


def cause(kind: str, file: str, line: int | None, text: str, **changes: Any) -> dict[str, Any]:
    """A cause in Store, with what is said of it in place of that."""
    return {
        "kind": kind,
        "package": "store",
        "file": file,
        "line": line,
        "text": text,
        "before": [],
        "after": [],
        "stops_import": False,
    } | changes


def sign(key: str, kind: str = "changed", **changes: Any) -> dict[str, Any]:
    """One place at which the candidate is seen otherwise."""
    return {"id": key, "kind": kind, "level": "must", "path": [], "was": "1", "now": "2"} | changes


def finding(kind: str, symbol: str, **changes: Any) -> dict[str, Any]:
    """What was seen otherwise of a symbol of Store, with what is said of it in place of that."""
    return {
        "kind": kind,
        "level": "must",
        "package": "store",
        "symbol": symbol,
        "signs": [sign(symbol, kind)],
        "further": 0,
        "file": None,
        "line": None,
        "definition": None,
        "accepted": None,
        "changelog": [],
    } | changes


def observations(*findings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What was observed, with these findings."""
    return {
        "cell": CELL.format(70),
        "baseline": CELL.format(70).replace("1.4.62", "1.4.61"),
        "fault": None,
        "findings": list(findings),
        "added": [],
        "compared": 4321,
        "unstable": [],
        "unobserved": [],
        "accepts_nothing": [],
        "untouched": 0,
        "ran": 2,
        "seconds": 8.5,
    } | changes


def gate_of(data: Mapping[str, Any]) -> GateResult:
    """The gate that is made up as data."""
    return parse_document(GateResult, data, "gate.json")


def worse() -> dict[str, Any]:
    """Two candidates that break three clauses, leave three things undecided, and mend one.

    One difference did not repeat.
    """
    cells = [CELL.format(number) for number in (70, 69, 30, 19, 16, 3)]
    return {
        "format": 2,
        "exit": 1,
        "suite": SUITE,
        "as_of": "2026-11-22T00:00:00Z",
        "strict": False,
        "reach": "allowed",
        "candidates": [
            candidate("core", "1.4.62", "1.4.61"),
            candidate("store", "0.6.74", "0.6.73", source="git+https://git.example/store@main", commit="c0ffee" * 6),
        ],
        "brings_along": [{"name": "evil-dep", "version": "1.0", "origin": "https://index.example/simple"}],
        "cells": [
            *(cell(name, "regressed", reasons=["chain.hard-pauses"]) for name in cells[:4]),
            cell(cells[4], "unknown", reasons=["bus.delivers: it took more than 60 s"]),
            cell(cells[5], "uninstallable", reasons=["no versions"]),
            cell("core1.4.62", "held", scope="release", stands_for=0),
        ],
        "causes": [],
        "differences": [
            difference(
                "regression",
                "chain.hard-pauses",
                rule="A hard event gives an adjustment of scale 0.0 with the default policy.",
                source="docs/planning-assessment.md#policy: ok 1.0, soft 0.5, hard 0.0.",
                now=check("failed", "scale after a hard event", 0.0, 0.25),
                cells=cells[:4],
            ),
            difference(
                "regression",
                "surface.names",
                rule="The documented names can be imported.",
                now=check("failed", "names that cannot be imported", [], ["RateAdjustment", "FeedbackEvent"]),
                was=check("failed", "names that cannot be imported", [], ["FeedbackBus"]),
                guilty=["core", "store"],
            ),
            difference(
                "regression",
                "metrics.labels",
                level="should",
                now=check("not-applicable", "there is no metric of that name"),
                cells=cells[:2],
            ),
            difference("undecided", "bus.delivers", now=check("error", "it took more than 60 s"), cells=[cells[4]]),
            difference(
                "spurious",
                "queue.hysteresis",
                guilty=[],
                repetitions=[{"now": outcome, "was": "passed"} for outcome in ("passed", "passed", "passed")],
            ),
            difference("repair", "enums.labels", now=check("passed"), was=check("failed", "labels", ["a"], [])),
        ],
        "capabilities": [
            {"name": "pause", "title": "Pause a provider", "before": "limited", "after": "broken", "cells": cells[:4]},
            {"name": "types", "title": "Share types", "before": "limited", "after": "works", "cells": cells[:1]},
        ],
        "known": [
            {"clause": f"openapi.known-{n}", "level": "must", "rule": "A known rule.", "cells": cells} for n in range(3)
        ],
        "undecided": [
            {"cell": CELL.format(17), "why": "the process was killed: it used more than 1 GiB", "guilty": []},
        ],
        "uninstallable": [
            {"cell": cells[5], "why": "core 1.4.62 requires pydantic>=3, pipeline 0.8.3 pydantic<3", "before": False},
            {"cell": CELL.format(2), "why": "pipeline 0.8.2 requires Python 3.14", "before": True},
        ],
        "observations": observations(),
        "allowed": {"now": 240, "before": 1034},
        "evidence": {"checks": 1204, "ran": 6, "start": 1.0, "seconds": 12.34, "interpreter": "3.11.7"},
    }


def not_importable() -> dict[str, Any]:
    """A candidate of Store with a syntax error, which most clauses fail by; one differs for a reason of its own."""
    data = worse()
    wheel = "dist/market_data_store-0.6.74-py3-none-any.whl"
    told = check("failed", "the check's call", "no exception", "SyntaxError: expected ':' (queue.py, line 41)")
    told["raised"] = {"kind": "SyntaxError", "text": "expected ':'", "file": QUEUE, "line": 41}
    shared = {
        "guilty": ["store"],
        "cells": [row["cell"] for row in data["cells"][:6]],
        "reproduce": f"./scripts/mdmeta gate --store {wheel} core==1.4.61 pipeline==0.8.70",
    }
    failing = [difference("regression", f"area.clause-{n}", now=told, cause=0, **shared) for n in range(174)]
    own = check("failed", "second definitions", [], ["market_data_store/coordinator/feedback.py: class FeedbackEvent"])
    return data | {
        "candidates": [candidate("store", "0.6.74", "0.6.73", source=wheel)],
        "brings_along": [],
        "causes": [cause("syntax", QUEUE, 41, "expected ':'", after=["if capacity > 0"], stops_import=True)],
        "differences": [*failing, difference("regression", "definitions.telemetry", now=own, **shared)],
        "capabilities": [
            {"name": f"c{n}", "title": f"Do what capability {n} is about", "before": "works", "after": "broken"}
            | {"cells": shared["cells"]}
            for n in range(8)
        ],
        "undecided": [],
        "uninstallable": [],
        "observations": observations(),
        "cells": [*data["cells"][:4], cell(CELL.format(16), "regressed"), cell("store0.6.74", "regressed")],
        "allowed": {"now": 67, "before": 67},
    }


def renamed_field() -> dict[str, Any]:
    """A candidate of Core that has renamed a field, by which nearly everything fails."""
    data = not_importable()
    field = "queue_{}: int = Field(..., ge=0, description='How many items wait')"
    text = "FeedbackEvent.queue_size is gone, FeedbackEvent.queue_length is new"
    place = cause("definition", "market_data_core/telemetry/backpressure.py", 37, text, package="core")
    place |= {"before": [field.format("size")], "after": [field.format("length")]}
    repairs = [difference("repair", f"enums.repaired-{n}", now=check("passed")) for n in range(2)]
    failing = [row | {"guilty": ["core"]} for row in data["differences"]]
    return data | {
        "candidates": [candidate("core", "1.4.62", "1.4.61")],
        "causes": [place],
        "differences": [*failing, *repairs],
    }


def same() -> dict[str, Any]:
    """A candidate with the code of two releases, which changes nothing."""
    data = worse()
    return data | {
        "exit": 0,
        "candidates": [candidate("core", "1.4.62", "1.4.61", same_code_as=["1.4.60", "1.4.61"])],
        "cells": [cell(CELL.format(70), "held")],
        "causes": [],
        "differences": [],
        "capabilities": [],
        "undecided": [],
        "uninstallable": [],
        "observations": observations(),
        "allowed": {"now": 1034, "before": 1034},
    }


def differing() -> dict[str, Any]:
    """A candidate that breaks no clause, and of which three things differ from the release before; one is meant."""
    return same() | {
        "exit": 1,
        "candidates": [candidate("store", "0.6.74", "0.6.73")],
        "observations": observations(
            finding(
                "changed",
                "http:GET /health",
                signs=[sign("http:GET /health[alone]", path=["body", "service"], was='"store"', now='"datastore"')],
                further=4,
                file="src/datastore/app.py",
                line=37,
                definition="health",
                changelog=["The service has its new name in /health."],
            ),
            finding("narrowed", "functions:market_data_core.events.parse", level="should", package="core"),
            finding("removed", "cli:mds replay", accepted="nobody has used it since 0.6.2"),
            added=["api:market_data_store.added"],
            unstable=["lives:market_data_store.Pool"],
            unobserved=["lives:market_data_store.Hangs"],
            accepts_nothing=["http:GET /heath it is meant"],
        ),
    }


def undecided() -> dict[str, Any]:
    """A gate in which nothing could be installed, before or now: no evidence at all."""
    data = same()
    why = {"cell": CELL.format(70), "why": "no versions", "before": True}
    return data | {
        "exit": 3,
        "observations": None,
        "cells": [cell(CELL.format(70), "uninstallable")],
        "known": [],
        "uninstallable": [why],
    }


def hostile(data: dict[str, Any] | None = None) -> dict[str, Any]:
    """The first gate, or another, with hostile text wherever the shape lets a text be."""

    def poisoned(value: object, key: str) -> object:
        if isinstance(value, dict):
            return {name: poisoned(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [poisoned(item, key) for item in value]
        fixed = (
            "now",
            "was",
            "kind",
            "level",
            "outcome",
            "scope",
            "verdict",
            "before",
            "after",
            "reach",
            "sha256",
            "content",
        )
        return HOSTILE + value if isinstance(value, str) and key not in fixed else value

    result = poisoned(deepcopy(data or worse()), "")
    assert isinstance(result, dict)
    return result


def hostile_differing() -> dict[str, Any]:
    """The gate whose observations differ, with hostile text in all of them; what is shown as it is stays a name."""
    return hostile(differing())
