"""Where changes are tried: a break where its clauses are decided, a harmless change wherever its package is."""

from __future__ import annotations

from collections.abc import Sequence

from market_data_meta.contract import Contract
from market_data_meta.prove.changes import Change, together


def deciding_packages(contract: Contract, change: Change) -> tuple[str, ...]:
    """The packages of the cell that decides the clauses of a break: of release scope its own package alone."""
    clause = contract.clauses[change.clauses[0]]
    if clause.scope == "release":
        return (change.package,)
    service = contract.service_of(clause)
    return service.packages if service else tuple(contract.packages)


def changes_of_cells(
    contract: Contract, changes: Sequence[Change], *, quick: bool
) -> dict[tuple[str, ...], list[Change]]:
    """The changes to try in the combination and in each service, by their packages.

    In a service the harmless changes of a package are tried all at once, with ``quick`` in the combination too: where
    no check fails with all of them, none fails with any.
    """
    combination = tuple(contract.packages)
    cells = {combination: _breaks(contract, changes, combination)}
    if quick:
        cells[combination] += _harmless_at_once(changes, combination, "")
    else:
        cells[combination] += [change for change in changes if change.harmless]
    for name, service in contract.services.items():
        breaks = _breaks(contract, changes, service.packages)
        cells[service.packages] = breaks + _harmless_at_once(changes, service.packages, f", in the {name} service")
    decide_something = {
        packages for packages in cells if contract.clauses_for(packages).keys() > contract.controls.keys()
    }
    return {packages: tried for packages, tried in cells.items() if tried and packages in decide_something}


def changes_of_releases(contract: Contract, changes: Sequence[Change]) -> list[Change]:
    """The changes to try on their release alone: an environment for each of the harmless ones would take too long."""
    packages = tuple(contract.packages)
    breaks = [change for package in packages for change in _breaks(contract, changes, (package,))]
    return breaks + _harmless_at_once(changes, packages, ", in its own clean install")


def _breaks(contract: Contract, changes: Sequence[Change], packages: tuple[str, ...]) -> list[Change]:
    return [change for change in changes if not change.harmless and deciding_packages(contract, change) == packages]


def _harmless_at_once(changes: Sequence[Change], packages: tuple[str, ...], place: str) -> list[Change]:
    """All harmless changes of each of the packages as a single change."""
    harmless = {package: [c for c in changes if c.harmless and c.package == package] for package in packages}
    return [
        together(several, f"All harmless changes of {package} at once{place}.")
        for package, several in harmless.items()
        if several
    ]
