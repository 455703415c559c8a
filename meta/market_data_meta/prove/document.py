"""A proof as JSON, in the shape of ``contracts/schemas/prove.schema.json``."""

from __future__ import annotations

from typing import Any

from market_data_meta.prove.score import CAUGHT, EXPLAINED, SILENT, MutantTrial, Proof, Score, Trial

FORMAT = 3


def proof_json(proof: Proof) -> dict[str, Any]:
    """The whole proof: each trial, the counts by package and area, and what is fragile or never fired."""
    return {
        "format": FORMAT,
        "exit": int(proof.exit),
        "suite": proof.suite,
        "as_of": proof.as_of,
        "combination": proof.combination,
        "start": proof.start,
        "seconds": round(proof.seconds, 3),
        "breaks": _score(proof.breaks, CAUGHT),
        "harmless": _score(proof.harmless, SILENT),
        "mutants": {
            "possible": proof.machine.possible,
            "of": len(proof.machine.noted),
            "caught": sum(one.verdict == CAUGHT for one in proof.machine.noted),
            "explained": sum(one.verdict == EXPLAINED for one in proof.machine.noted),
            "survivors": [_survivor(one) for one in proof.machine.noted if one.verdict != CAUGHT],
            "stale_reasons": list(proof.machine.stale),
        },
        "fragile": [
            {"clause": one.worse[0], "package": one.change.package, "why": one.change.why}
            for one in proof.breaks.trials
            if one.fragile
        ],
        "silent_clauses": list(proof.silent),
    }


def _survivor(one: MutantTrial) -> dict[str, Any]:
    mutant = one.placed.mutant
    return {
        "package": one.placed.package,
        "file": mutant.file,
        "line": mutant.line,
        "where": one.placed.where,
        "kind": mutant.kind,
        "before": mutant.before,
        "after": mutant.after,
        "clauses": list(one.placed.clauses),
        "reason": one.reason,
    }


def _score(score: Score, right: str) -> dict[str, Any]:
    return {
        "right": score.counts.get(right, 0),
        "of": len(score.trials),
        "counts": score.counts,
        "by_package": {name: {"right": good, "of": of} for name, (good, of) in score.by("package").items()},
        "by_area": {name: {"right": good, "of": of} for name, (good, of) in score.by("area").items()},
        "trials": [_trial(one) for one in score.trials],
    }


def _trial(one: Trial) -> dict[str, Any]:
    return {
        "verdict": one.verdict,
        "package": one.change.package,
        "file": one.change.edits[0].file if one.change.edits else "all",
        "why": one.change.why,
        "clauses": list(one.change.clauses),
        "worse": list(one.worse),
        "said": one.said[:500],
        "undecided": list(one.undecided),
        "fault": one.fault,
    }
