"""What a matrix says of checks that came out otherwise in a run, and did not when they were run again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from market_data_meta.judging.repeated_checks import why_unsteady
from market_data_meta.results.matrix import SpuriousCheck


def spurious_lines(spurious: Iterable[SpuriousCheck]) -> Iterator[str]:
    """A sentence for each: how it came out, first in the run and then when it was repeated."""
    for row in spurious:
        yield f"spurious: {row.clause} in {row.cell}: {why_unsteady(row.outcomes[1:])}: {', '.join(row.outcomes)}"
