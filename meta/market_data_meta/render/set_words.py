"""What works in a set of releases, in words that all renderers of sets share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from market_data_meta.render.signs import CAPABILITY_STATES
from market_data_meta.results.capabilities import CapabilityState, StateName
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.parts import BroughtLibrary


def newest_sentence(matrix: MatrixResult) -> str:
    """The newest set in one sentence: ``Newest set (core 1.4.61): 2 of 14 capabilities work, 6 are limited.``"""
    newest = matrix.set_named("newest")
    if newest is None:
        return "Nothing is known of the newest set."
    return f"Newest set ({versions_in_words(newest.combination)}): {states_in_words(newest.capabilities)}."


def versions_in_words(versions: Mapping[str, str]) -> str:
    """The releases of a set: ``core 1.4.61, pipeline 0.8.70``."""
    return ", ".join(f"{package} {version}" for package, version in versions.items())


def library_in_words(library: BroughtLibrary) -> str:
    """A library and where it comes from: ``redis 5.2.0, from https://index.example/simple``."""
    return f"{library.name} {library.version}".rstrip() + (f", from {library.origin}" if library.origin else "")


def states_in_words(capabilities: Collection[CapabilityState]) -> str:
    """How many capabilities are in each state: ``2 of 14 capabilities work, 6 are limited``."""
    counts = Counter(capability.state for capability in capabilities)
    works, *others = CAPABILITY_STATES
    # What nothing works of is said first all the same: `0 of 3 capabilities work`.
    parts = [f"{counts[works]} of {len(capabilities)} capabilities {verb(works, counts[works])}"]
    return ", ".join([*parts, *(f"{counts[name]} {verb(name, counts[name])}" for name in others if counts[name])])


def verb(state: StateName, count: int) -> str:
    """What so many capabilities do: ``works``, ``are limited``."""
    sign = CAPABILITY_STATES[state]
    return sign.words if count == 1 else sign.plural


def why_in_one_line(state: CapabilityState) -> str:
    """What is broken or limited: the sentence of the first failure, the essential ones first, and how many more."""
    failures = sorted(state.failures, key=lambda failure: not failure.essential)
    # One of each sentence: a defect may be shown by several clauses.
    sentences = list(dict.fromkeys(failure.sentence for failure in failures))
    if not sentences:
        return state.reason
    more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
    return f"{sentences[0]}{more}"
