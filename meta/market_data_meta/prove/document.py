"""The proof in the form that programs and renderers read."""

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
    """The complete proof: every trial, the counts by package and area, fragile breaks and silent clauses."""
    return ProofResult(
        exit=int(proof.exit),
        suite=proof.suite,
        as_of=proof.as_of,
        combination=proof.combination,
        start=proof.start,
        seconds=round(proof.seconds, 3),
        breaks=_score(proof.breaks, CAUGHT),
        harmless=_score(proof.harmless, SILENT),
        mutants=_mutants(proof.mutants),
        fragile=tuple(
            FragileBreak(clause=trial.worse[0], package=trial.change.package, why=trial.change.why)
            for trial in proof.breaks.trials
            if trial.fragile
        ),
        silent_clauses=proof.silent_clauses,
    )


def _mutants(score: MutantScore) -> MutantResult:
    verdicts = [trial.verdict for trial in score.trials]
    return MutantResult(
        possible=score.possible,
        of=len(verdicts),
        caught=verdicts.count(CAUGHT),
        explained=verdicts.count(EXPLAINED),
        survivors=tuple(_survivor(trial) for trial in score.trials if trial.verdict != CAUGHT),
        stale_reasons=score.stale_reasons,
    )


def _survivor(trial: MutantTrial) -> Survivor:
    mutant, mutation = trial.mutant, trial.mutant.mutation
    return Survivor(
        package=mutant.package,
        file=mutation.file,
        line=mutation.line,
        where=mutant.source_line,
        kind=mutation.kind,
        before=mutation.before,
        after=mutation.after,
        clauses=mutant.clauses,
        reason=trial.reason,
    )


def _score(score: Score, right_verdict: str) -> TrialScore:
    return TrialScore(
        right=score.counts.get(right_verdict, 0),
        of=len(score.trials),
        counts=score.counts,
        by_package=_shares(score.by("package")),
        by_area=_shares(score.by("area")),
        trials=tuple(_trial(trial) for trial in score.trials),
    )


def _shares(counts: dict[str, tuple[int, int]]) -> dict[str, Share]:
    return {name: Share(right=right, of=of) for name, (right, of) in counts.items()}


def _trial(trial: Trial) -> TrialResult:
    return TrialResult(
        verdict=trial.verdict,
        package=trial.change.package,
        file=trial.change.edits[0].file if trial.change.edits else "all",
        why=trial.change.why,
        clauses=trial.change.clauses,
        worse=trial.worse,
        said=trial.answer[:500],
        undecided=trial.undecided,
        fault=trial.fault,
    )
