"""Arguments with which a call gets further: where the plainest are refused, what is given beside them shows nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import describing
from call_cases import Case
from calling import run
from exhausting import exhausted
from plain_samples import Sample
from values import Made

ROUNDS = 3
"""Arguments that are chosen one after the other."""

Call = Callable[[Case], Any]


@dataclass(frozen=True, order=True)
class Reached:
    """How far a call gets: to its end, to where it goes on or waits, or to the lines that an error passes through.

    Of the packages' lines the outermost come first. A later line of the same function is further.
    """

    returns: bool
    goes_on: bool = False
    lines: tuple[int, ...] = ()


def furthest(call: Call, cases: Sequence[Case]) -> Case | None:
    """The plainest call with those other arguments that bring it further; None where it returns, or none does."""
    if not cases or (reached := _reached(call, cases[0])).returns:
        return None
    best = cases[0]
    for _ in range(ROUNDS):
        further = _further(call, reached, beside(best, cases))
        if not further:
            break
        # Of those that get equally far the first: the plainest.
        reached, best = max(further, key=lambda each: each[0])
        if reached.returns:
            break
    return best if best is not cases[0] else None


def returns(call: Call, case: Case) -> bool:
    """Whether a call gets to its end."""
    return _reached(call, case).returns


def _further(call: Call, reached: Reached, cases: Iterable[Case]) -> list[tuple[Reached, Case]]:
    """The calls that get further than that, up to the first that returns."""
    found = []
    for case in cases:
        if (now := _reached(call, case)) > reached:
            found.append((now, case))
        if now.returns:
            break
    return found


def beside(best: Case, cases: Sequence[Case]) -> Iterator[Case]:
    """The calls that differ from this one in one more argument, or in one more part of an instance that is given."""
    plainest = cases[0]
    chosen = _chosen(best, plainest)
    for case in cases[1:]:
        more = _chosen(case, plainest)
        if len(more) == 1 and not chosen.keys() & more.keys():
            yield _with(best, more, plainest)
    for name, sample in best.named:
        if isinstance(made := sample.made, Made):
            for part in beside(made.case, made.cases()):
                yield _with(best, {name: replace(made, case=part).sample()}, plainest)


def _with(case: Case, more: dict[str, Sample], plainest: Case) -> Case:
    changed = replace(case, named=tuple((dict(case.named) | more).items()))
    label = ", ".join(f"{name}={sample.label}" for name, sample in _chosen(changed, plainest).items())
    return replace(changed, label=label)


def _chosen(case: Case, plainest: Case) -> dict[str, Sample]:
    plain = {name: sample.label for name, sample in plainest.named}
    return {name: sample for name, sample in case.named if sample.label != plain.get(name)}


def _reached(call: Call, case: Case) -> Reached:
    ends: list[Reached] = []

    async def work() -> None:
        try:
            await exhausted(call(case))
            ends.append(Reached(returns=True))
        except Exception as error:
            ends.append(Reached(returns=False, lines=_lines(error)))

    run(work)
    return ends[0] if ends else Reached(returns=False, goes_on=True)


def _lines(error: BaseException) -> tuple[int, ...]:
    # Who catches an error and raises another one in its place has got no further.
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    traceback, lines = error.__traceback__, []
    while traceback is not None:
        if str(traceback.tb_frame.f_globals.get("__name__")).split(".")[0] in describing.PACKAGES:
            lines.append(traceback.tb_lineno)
        traceback = traceback.tb_next
    return tuple(lines)
