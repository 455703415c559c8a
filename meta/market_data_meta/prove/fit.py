"""Whether changes fit the releases that they are to be made in: told from the wheels, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.prove.cells import deciding_packages
from market_data_meta.prove.changes import Change
from market_data_meta.prove.variant import texts_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import RunOptions


@dataclass(frozen=True)
class ChangesFit:
    """What does not fit, a sentence each, and which releases could not be had to look into them."""

    misfits: tuple[str, ...]
    not_looked_at: tuple[str, ...]


def misfits(contract: Contract, changes: Iterable[Change], sites: Mapping[str, Path]) -> list[str]:
    """A sentence for each change that does not fit the unpacked release of its package, with the clause of a break.

    A break of a release alone may be made in another package, which is installed beside it. A service has its own
    packages only.
    """
    sentences = []
    for change in changes:
        if missing := _not_installed(contract, change):
            sentences.append(f"{change.place}: {missing}")
            continue
        alone = {contract.clauses[name].scope for name in change.clauses if name in contract.clauses} == {"release"}
        others = [site for package, site in sites.items() if alone and package != change.package]
        why = [_misfit(change, site) for site in (sites[change.package], *others)]
        if all(why):
            sentences.append(f"{change.place}: {why[0]}")
    return sentences


def _not_installed(contract: Contract, change: Change) -> str:
    """A sentence where the changed package is no part of what decides the break's clauses; else empty."""
    if change.harmless or change.clauses[0] not in contract.clauses:
        return ""
    packages = deciding_packages(contract, change)
    service = contract.service_with(packages)
    if service is None or change.package in packages:
        return ""
    return f"{change.clauses[0]} is decided in the {service.name} service, which has no {change.package}"


def _misfit(change: Change, site: Path) -> str:
    try:
        texts_of(change, site)
    except MetaError as error:
        return "; ".join(filter(None, (error.what, error.why)))
    return ""


def changes_fit(contract: Contract, ledger: Ledger, changes: Iterable[Change], options: RunOptions) -> ChangesFit:
    """Look into the newest release of each package; a wheel that is not in the cache is downloaded."""
    # Imported here: it loads the client of the index.
    from market_data_meta.running.wheels import unpack_all

    changes = [change for change in changes if change.package in contract.packages]
    newest = {package: ledger.newest(package) for package in dict.fromkeys(change.package for change in changes)}
    releases = {contract.packages[package].distribution: [release] for package, release in newest.items()}
    unpacked = unpack_all(releases, options.cache, options.interpreter)
    sites = {p: unpacked.sites[release.sha256] for p, release in newest.items() if release.sha256 in unpacked.sites}
    return ChangesFit(
        tuple(misfits(contract, (change for change in changes if change.package in sites), sites)),
        tuple(
            f"whether the changes of {package} fit its newest release: {unpacked.faults[release.sha256]}"
            for package, release in newest.items()
            if package not in sites
        ),
    )
