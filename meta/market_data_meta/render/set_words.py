"""What works in a set of releases, in sentences that the page and the picture of the matrix share."""

from __future__ import annotations

from collections import Counter

from market_data_meta.render.signs import CAPABILITY_STATES
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.matrix import MatrixResult, MatrixSet


def newest_sentence(matrix: MatrixResult) -> str:
    """The newest set in one sentence: ``Newest set (core 1.4.61): 2 of 14 capabilities work, 6 are limited.``"""
    newest = matrix.set_named("newest")
    if newest is None:
        return "Nothing is known of the newest set."
    versions = ", ".join(f"{package} {version}" for package, version in newest.combination.items())
    return f"Newest set ({versions}): {states_in_words(newest)}."


def states_in_words(of: MatrixSet) -> str:
    """How many capabilities of the set are in each state: ``2 of 14 capabilities work, 6 are limited``."""
    counts = Counter(state.state for state in of.capabilities)
    works, *others = CAPABILITY_STATES
    parts = [f"{counts[works]} of {len(of.capabilities)} capabilities {CAPABILITY_STATES[works].plural}"]
    for name in others:
        sign = CAPABILITY_STATES[name]
        if counts[name]:
            parts.append(f"{counts[name]} {sign.words if counts[name] == 1 else sign.plural}")
    return ", ".join(parts)


def why_in_one_line(state: CapabilityState) -> str:
    """What is broken or limited: the sentence of the first failure, the essential ones first, and how many more."""
    failures = sorted(state.failures, key=lambda failure: not failure.essential)
    # One of each sentence: a defect may be shown by several clauses.
    sentences = list(dict.fromkeys(failure.sentence for failure in failures))
    if not sentences:
        return state.reason
    more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
    return f"{sentences[0]}{more}"
