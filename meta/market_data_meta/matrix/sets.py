"""Sets of releases that people ask about: the newest, the deployed, the oldest, and the best one for a capability.

Pure functions; no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market_data_meta.contract import Contract
from market_data_meta.releases.combinations import Combination, deployed_set, newest_of
from market_data_meta.releases.contents import Content, ContentCombination
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.pins import allowed_combinations, oldest_allowed
from market_data_meta.results.capabilities import StateName


@dataclass(frozen=True)
class CapabilityChoice:
    """The newest allowed set that has a capability in its best state; without one the state is unknown."""

    capability: str
    state: StateName
    combination: Combination | None = None
    cell: ContentCombination | None = None


def named_sets(contract: Contract, ledger: Ledger, python: str = PYTHON) -> dict[str, Combination]:
    """The newest, the deployed and the oldest set on that interpreter by name; what is not known is left out."""
    names = tuple(contract.packages)
    sets = {"newest": newest_of(names, ledger, python)}
    if deployed := deployed_set(names, ledger):
        sets["deployed"] = deployed
    if oldest := oldest_allowed(contract, ledger, python):
        sets["oldest"] = oldest
    return sets


def releases_of(sets: Mapping[str, Combination]) -> tuple[tuple[str, str], ...]:
    """The releases in the sets, package and version, each once."""
    return tuple(dict.fromkeys(pair for combination in sets.values() for pair in combination.versions))


def cell_of(contents: Mapping[str, tuple[Content, ...]], combination: Combination) -> tuple[Content, ...]:
    """The contents of a combination of published releases."""
    return tuple(
        next(content for content in contents[package] if version in {r.version for r in content.releases})
        for package, version in combination.versions
    )


def best_sets(
    contract: Contract,
    ledger: Ledger,
    contents: Mapping[str, tuple[Content, ...]],
    states: Mapping[ContentCombination, Mapping[str, StateName]],
    python: str = PYTHON,
) -> tuple[CapabilityChoice, ...]:
    """For each capability the newest allowed set that has it in the best state that is known of any allowed set.

    A newer release of a package that comes first in the contract counts more than one of a later package.
    """
    newest = sorted(_newest_allowed(contract, ledger, contents, states, python), key=lambda entry: entry[0])
    choices = []
    for name in contract.capabilities:
        undecided = any(states[cell].get(name, "unknown") == "unknown" for _, cell, _ in newest)
        # What was not decided might work: broken is the best only where everything was.
        for state in ("works", "limited", *(() if undecided else ("broken",))):
            found = next((entry for entry in newest if states[entry[1]].get(name) == state), None)
            if found:
                choices.append(CapabilityChoice(name, state, found[2], found[1]))
                break
        else:
            choices.append(CapabilityChoice(name, "unknown"))
    return tuple(choices)


def _newest_allowed(
    contract: Contract,
    ledger: Ledger,
    contents: Mapping[str, tuple[Content, ...]],
    states: Mapping[ContentCombination, Mapping[str, StateName]],
    python: str,
) -> list[tuple[tuple[int, ...], ContentCombination, Combination]]:
    """Of each cell with allowed combinations the newest one, with its rank: the newest combination has the lowest."""
    allowed = allowed_combinations(contract, ledger, python=python)
    in_column = {name: {release.version for release in column} for name, column in allowed.columns.items()}
    allowed_releases: dict[Content, list[Release]] = {
        content: [release for release in reversed(content.releases) if release.version in in_column[name]]
        for name, column in contents.items()
        for content in column
    }
    entries = []
    for cell in states:
        releases = allowed.first({content.package: allowed_releases[content] for content in cell.contents})
        if releases:
            pairs = tuple((name, r.version) for name, r in zip(allowed.columns, releases, strict=True))
            entries.append((allowed.preference_of(releases), cell, Combination(pairs)))
    return entries
