"""A proof as the result that programs and renderers read."""

from __future__ import annotations

from market_data_meta.prove.score import CAUGHT, EXPLAINED, SILENT, MutantScore, MutantTrial, Proof, Score, Trial
from market_data_meta.results.proof import (
    FragileBreak,
    MutantResult,
    ProofResult,
    Share,
    Survivor,
    TrialResult,
    TrialScore,
)


def proof_result(proof: Proof) -> ProofResult:
    """The whole proof: each trial, the counts by package and area, and what is fragile or never fired."""
    return ProofResult(
        exit=int(proof.exit),
        suite=proof.suite,
        as_of=proof.as_of,
        combination=proof.combination,
        start=proof.start,
        seconds=round(proof.seconds, 3),
        breaks=_score(proof.breaks, CAUGHT),
        harmless=_score(proof.harmless, SILENT),
        mutants=_mutants(proof.machine),
        fragile=tuple(
            FragileBreak(clause=trial.worse[0], package=trial.change.package, why=trial.change.why)
            for trial in proof.breaks.trials
            if trial.fragile
        ),
        silent_clauses=proof.silent,
    )


def _mutants(score: MutantScore) -> MutantResult:
    verdicts = [trial.verdict for trial in score.noted]
    return MutantResult(
        possible=score.possible,
        of=len(verdicts),
        caught=verdicts.count(CAUGHT),
        explained=verdicts.count(EXPLAINED),
        survivors=tuple(_survivor(trial) for trial in score.noted if trial.verdict != CAUGHT),
        stale_reasons=score.stale,
    )


def _survivor(trial: MutantTrial) -> Survivor:
    mutant = trial.placed.mutant
    return Survivor(
        package=trial.placed.package,
        file=mutant.file,
        line=mutant.line,
        where=trial.placed.where,
        kind=mutant.kind,
        before=mutant.before,
        after=mutant.after,
        clauses=trial.placed.clauses,
        reason=trial.reason,
    )


def _score(score: Score, right: str) -> TrialScore:
    return TrialScore(
        right=score.counts.get(right, 0),
        of=len(score.trials),
        counts=score.counts,
        by_package={name: Share(right=good, of=of) for name, (good, of) in score.by("package").items()},
        by_area={name: Share(right=good, of=of) for name, (good, of) in score.by("area").items()},
        trials=tuple(_trial(trial) for trial in score.trials),
    )


def _trial(trial: Trial) -> TrialResult:
    return TrialResult(
        verdict=trial.verdict,
        package=trial.change.package,
        file=trial.change.edits[0].file if trial.change.edits else "all",
        why=trial.change.why,
        clauses=trial.change.clauses,
        worse=trial.worse,
        said=trial.said[:500],
        undecided=trial.undecided,
        fault=trial.fault,
    )
