"""What a producer has put on a wire and the archive lacks: it is given to consumers in place of the archive.

Consumers are run on the archive of recordings, by themselves. So what nobody has sent before would meet none of them
until it is released, if it were not given to them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from market_data_meta.inside.mdm_plain import LONGEST_TEXT
from market_data_meta.judging.deployments import IS_ARCHIVED, TAKES_RECORDINGS
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.repeated_checks import repeats, unsteady
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.decisions import repeated_checks
from market_data_meta.running.isolated import REPETITIONS
from market_data_meta.running.warm_runner import RunRequest

Decide = Callable[[RunRequest], CellRecords]


@dataclass(frozen=True)
class ConsumersAnswer:
    """What each consumer makes of some recordings, and how many runs that has taken."""

    checks: Mapping[ContentCombination, Check]
    run_count: int


def new_recordings(record: Record) -> Mapping[str, Any]:
    """The recordings that a producer has made and the archive lacks: each its stream and its entries, by name."""
    check = record.checks.get(IS_ARCHIVED)
    got = check.got if check and check.outcome == "failed" else None
    return got if isinstance(got, Mapping) else {}


def give_recordings(
    decide: Decide, consumers: Iterable[ContentCombination], recordings: Mapping[str, Any]
) -> ConsumersAnswer:
    """Give each consumer just these recordings.

    Before anybody is blamed for it, each consumer gets them again, alone in a fresh process each time: what does not
    come out the same is an error.
    """
    cells = tuple(dict.fromkeys(consumers))
    request = RunRequest(cells, clauses=frozenset({TAKES_RECORDINGS}), recordings=recordings)
    decided = decide(request)
    repeated = decide(replace(request, repeat=dict.fromkeys(cells, frozenset({TAKES_RECORDINGS}))))
    checks = {}
    for consumer in cells:
        check = _check(consumer, decided, recordings)
        further = repeated_checks(repeated.runs.get(consumer, ()), TAKES_RECORDINGS, REPETITIONS)
        if check.outcome != "error" and not repeats(check, further):
            check = unsteady(check, further)
        checks[consumer] = check
    return ConsumersAnswer(checks, decided.run_count + repeated.run_count)


def _check(consumer: ContentCombination, decided: CellRecords, recordings: Mapping[str, Any]) -> Check:
    """What the consumer makes of the recordings, or an error that says why that is not known."""
    record = decided.records.get(consumer)
    check = record.checks.get(TAKES_RECORDINGS) if record else None
    why = ""
    if any(len(text) >= LONGEST_TEXT for text in _texts(recordings)):
        why = "what the candidate sends is too long to be given to it whole"
    elif check is None:
        why = decided.why_no_record(consumer) or "no run has decided it"
    if check is None or why:
        return Check(TAKES_RECORDINGS, "error", f"{consumer.combination}: {why}", None, None, 0.0)
    return check


def _texts(recordings: Mapping[str, Any]) -> Iterable[str]:
    return (str(text) for one in recordings.values() for entry in one["entries"] for text in entry.values())
