"""The rates at which gates catch independent breaks and leave harmless changes alone. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from market_data_meta.errors import Exit
from market_data_meta.prove.independent import IndependentTrial
from market_data_meta.results.independent import IndependentRate, IndependentResult, IndependentTrialResult


def independent_result(
    trials: Sequence[IndependentTrial], *, suite: str, as_of: str, written: int, start: float, seconds: float
) -> IndependentResult:
    """The rates of all trials, and the trials; ``written`` is how many changes there are.

    A missed break is a measure and no violation. A harmless change at which a gate fails is one.
    """
    breaks = [trial for trial in trials if not trial.change.harmless]
    harmless = [trial for trial in trials if trial.change.harmless]
    false_alarms = [trial for trial in harmless if trial.exit == Exit.VIOLATED]
    return IndependentResult(
        exit=1 if false_alarms else 0,
        suite=suite,
        as_of=as_of,
        start=start,
        seconds=round(seconds, 3),
        written=written,
        breaks=_rate(breaks),
        breaks_by_package=_by(breaks, lambda trial: trial.change.package),
        breaks_by_kind=_by(breaks, lambda trial: trial.change.kind),
        harmless=_rate(harmless),
        trials=tuple(map(trial_result, trials)),
    )


def _by(trials: Sequence[IndependentTrial], group: Callable[[IndependentTrial], str]) -> dict[str, IndependentRate]:
    names = sorted({group(trial) for trial in trials})
    return {name: _rate([trial for trial in trials if group(trial) == name]) for name in names}


def _rate(trials: Sequence[IndependentTrial]) -> IndependentRate:
    return IndependentRate(
        of=len(trials),
        failed=sum(trial.exit == Exit.VIOLATED for trial in trials),
        told=sum(trial.told for trial in trials),
        by_clauses=sum(bool(trial.clauses) for trial in trials),
        by_observations=sum(bool(trial.findings) for trial in trials),
        undecided=sum(trial.exit in (None, Exit.UNDECIDED) for trial in trials),
    )


def trial_result(trial: IndependentTrial) -> IndependentTrialResult:
    """One trial in the form that programs and renderers read."""
    code = trial.exit
    return IndependentTrialResult(
        harmless=trial.change.harmless,
        packages=tuple(part.package for part in trial.change.parts),
        kind=trial.change.kind,
        why=trial.change.why,
        exit=code if code in (0, 1, 3) else None,
        clauses=trial.clauses,
        findings=trial.findings[:20],
        fault=trial.fault,
    )
