"""The cells that tox.ini pins: chosen from the ledger, written as one block, read back by tox and the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.combinations import LOWEST, Cell, Combination, deployed_set, newest_of
from market_data_meta.releases.interpreters import PYTHON, PYTHONS
from market_data_meta.releases.ledger import Ledger, Release, offered
from market_data_meta.releases.requirements import AllowedCombinations, Requirements, broken_promises

BLOCK_START = "    # >>> pinned by `mdmeta releases --refresh`; edit nothing up to <<<"
BLOCK_END = "    # <<<"


@dataclass(frozen=True)
class PinnedCell:
    """A cell to run on every change, and why it is pinned."""

    cell: Cell
    reason: str


def pinned_cells(contract: Contract, ledger: Ledger) -> list[PinnedCell]:
    """The cells to pin: newest, deployed and oldest set and their services, other contents, interpreters, libraries.

    And each content of each package alone.
    """
    names = tuple(contract.packages)
    newest = newest_of(names, ledger)
    deployed = deployed_set(names, ledger)
    oldest = oldest_allowed(contract, ledger)
    pinned = [
        PinnedCell(Cell(newest), "the newest of each"),
        *([PinnedCell(Cell(deployed), _reason_for_deployed(ledger))] if deployed else []),
        *([PinnedCell(Cell(oldest), "the oldest set that the packages' requirements allow")] if oldest else []),
    ]
    pinned += _cells_for_other_contents(contract, ledger, [cell.cell.combination for cell in pinned])
    pinned += [
        PinnedCell(Cell(newest_of(names, ledger, python), python=python), f"the newest of each on Python {python}")
        for python in PYTHONS[1:]
    ]
    ends = [newest, *([oldest] if oldest else [])]
    pinned += [PinnedCell(Cell(c, LOWEST, "3.11"), "third-party versions at their lowest") for c in ends]
    sets = [newest, *(combination for combination in (deployed, oldest) if combination)]
    services = [service for combination in sets for service in Cell(combination).services(contract.service_packages)]
    pinned += [
        PinnedCell(service, "the services of these sets, each with its transports")
        for service in dict.fromkeys(services)
    ]
    for name in names:
        for release in _newest_of_each_content(ledger.releases[name]):
            alone = Cell(Combination(((name, release.version),)))
            pinned.append(PinnedCell(alone, f"{name} alone, in its own clean install"))
    return pinned


def _reason_for_deployed(ledger: Ledger) -> str:
    return f"what {ledger.deployed.distribution} {ledger.deployed.version} deploys"


def allowed_combinations(
    contract: Contract, ledger: Ledger, fixed: Mapping[str, Release] | None = None, python: str = PYTHON
) -> AllowedCombinations:
    """The combinations with the ``fixed`` releases that all requirements allow, newest first.

    Unless it is fixed, they hold no release that an installer would not choose on that interpreter: no yanked one.
    """
    columns = {
        name: [fixed[name]] if fixed and name in fixed else offered(reversed(ledger.releases[name]), python)
        for name in contract.packages
    }
    return AllowedCombinations(Requirements(contract.packages, python), columns)


def oldest_allowed(contract: Contract, ledger: Ledger, python: str = PYTHON) -> Combination | None:
    """The allowed combination that was complete on the index first: its latest upload is the earliest.

    None if no combination is allowed.

    Release by release, the latest upload first, a release is removed if an allowed combination remains without it.
    """
    combinations = allowed_combinations(contract, ledger, python=python)
    remaining = {name: offered(releases, python) for name, releases in ledger.releases.items()}
    if combinations.first(remaining) is None:
        return None
    latest_first = sorted(
        ((name, release) for name, releases in remaining.items() for release in releases),
        key=lambda pair: (pair[1].uploaded, Version(pair[1].version)),
        reverse=True,
    )
    for name, release in latest_first:
        if len(remaining[name]) > 1:
            without = {**remaining, name: [other for other in remaining[name] if other is not release]}
            # A release that is needed replaces the package's others that remain: they were all uploaded before it.
            remaining[name] = without[name] if combinations.first(without) else [release]
    return _combination(contract, tuple(releases[0] for releases in remaining.values()))


def _cells_for_other_contents(
    contract: Contract, ledger: Ledger, combinations: list[Combination]
) -> Iterator[PinnedCell]:
    """Cells that cover the contents of which no ``combinations`` has a release, with uncovered partners if possible."""
    covered = {
        (name, ledger.release(name, version).content)
        for combination in combinations
        for name, version in combination.versions
    }
    for name, releases in ledger.releases.items():
        for release in _newest_of_each_content(releases):
            if (name, release.content) in covered:
                continue
            same_content = [other for other in reversed(offered(releases)) if other.content == release.content]
            allowed = (_with_best_partners(contract, ledger, {name: other}, covered) for other in same_content)
            best = next(filter(None, allowed), None)
            if best:
                combination = _combination(contract, best)
                reason = f"the code of {name} {combination.as_dict()[name]}"
            else:
                combination = _forced_combination(contract, ledger, name, release)
                broken = broken_promises(combination, contract.packages, ledger)
                why = f" ({broken[0]})" if broken else ""
                reason = f"the code of {name} {release.version}; no allowed combination holds it{why}: forced"
            covered |= {(n, ledger.release(n, version).content) for n, version in combination.versions}
            yield PinnedCell(Cell(combination), reason)


def _with_best_partners(
    contract: Contract, ledger: Ledger, fixed: Mapping[str, Release], covered: set[tuple[str, str]]
) -> tuple[Release, ...] | None:
    """The allowed combination with ``fixed`` that covers most contents not yet covered; the newest among equals."""
    return allowed_combinations(contract, ledger, fixed).best(
        lambda name, release: (name, release.content) not in covered
    )


def _forced_combination(contract: Contract, ledger: Ledger, name: str, release: Release) -> Combination:
    """The release with the oldest of each other package, for a content that no allowed combination holds."""
    columns = {other: offered(releases) or releases for other, releases in ledger.releases.items()}
    others = {other: columns[other][0].version for other in contract.packages if other != name}
    return Combination(tuple((n, release.version if n == name else others[n]) for n in contract.packages))


def _newest_of_each_content(releases: tuple[Release, ...]) -> list[Release]:
    newest = {release.content: release for release in offered(releases)}
    return list(newest.values())


def _combination(contract: Contract, releases: tuple[Release, ...]) -> Combination:
    return Combination(tuple((name, r.version) for name, r in zip(contract.packages, releases, strict=True)))


def pinned_block(cells: list[PinnedCell]) -> str:
    """The cells as lines of tox.ini's ``env_list``, each group under its reason."""
    lines = [BLOCK_START]
    reason = ""
    for pinned in cells:
        if pinned.reason != reason:
            reason = pinned.reason
            lines.append(f"    # {reason}")
        lines.append(f"    {pinned.cell.name}")
    return "\n".join([*lines, BLOCK_END])


def split_tox_ini(tox_ini: str) -> tuple[str, str, str]:
    """tox.ini before the pinned block, the block itself, and after it. Raises MetaError where its marks are gone."""
    before, start, rest = tox_ini.partition(BLOCK_START)
    inside, end, after = rest.partition(BLOCK_END)
    if not start or not end:
        raise MetaError(
            ErrorCode.NO_BLOCK, "tox.ini has lost the marks of its pinned block", hint="git checkout tox.ini"
        )
    return before, start + inside + end, after


def pinned_environments(root: Path) -> list[str]:
    """The names of the pinned environments, in the order of tox.ini."""
    _, text, _ = split_tox_ini((root / "tox.ini").read_text(encoding="utf-8"))
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
