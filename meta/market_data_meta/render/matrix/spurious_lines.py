"""What a matrix says of checks that came out otherwise in a run, and did not when they were run again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from market_data_meta.results.matrix import SpuriousCheck


def spurious_lines(spurious: Iterable[SpuriousCheck]) -> Iterator[str]:
    """A sentence for each: how it came out, first in the run and then when it was repeated."""
    for row in spurious:
        # Without a further outcome it is not known whether it repeats.
        what = "does not come out the same each time" if row.outcomes[1:] else "could not be run again"
        yield f"spurious: {row.clause} in {row.cell} {what}: {', '.join(row.outcomes)}"
