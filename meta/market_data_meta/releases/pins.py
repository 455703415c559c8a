"""The combinations that tox.ini pins: chosen from the ledger, written as one block, read back by tox and the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.combinations import Cell, Combination, newest_of
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import (
    PYTHON,
    PYTHONS,
    AllowedCombinations,
    Requirements,
    broken_promises,
)

START = "    # >>> pinned by `mdmeta releases --refresh`; edit nothing up to <<<"
END = "    # <<<"


@dataclass(frozen=True)
class Pin:
    """A cell to run on every change, and why it was chosen."""

    cell: Cell
    why: str


def choose(contract: Contract, ledger: Ledger) -> list[Pin]:
    """The pinned cells: newest, deployed, oldest, one for each distinct content, the factors, each release alone."""
    names = tuple(contract.packages)
    newest = newest_of(names, ledger)
    oldest = _oldest(contract, ledger)
    chosen = [
        Pin(Cell(newest), "the newest of each"),
        Pin(Cell(Combination(tuple((n, ledger.deployed.pins[n]) for n in names))), _deployed_why(ledger)),
        Pin(Cell(oldest), "the oldest set that the packages' requirements allow"),
    ]
    chosen += _one_for_each_content(contract, ledger, [pin.cell.combination for pin in chosen])
    chosen += [Pin(Cell(newest, python=python), f"the newest of each on Python {python}") for python in PYTHONS[1:]]
    chosen += [Pin(Cell(c, "lowest", "3.11"), "third-party versions at their lowest") for c in (newest, oldest)]
    for name in names:
        for release in _newest_of_each_content(ledger.releases[name]):
            chosen.append(Pin(Cell(Combination(((name, release.version),))), f"{name} alone, in its own clean install"))
    return chosen


def _deployed_why(ledger: Ledger) -> str:
    return f"what {ledger.deployed.distribution} {ledger.deployed.version} deploys"


def allowed(
    contract: Contract, ledger: Ledger, fixed: Mapping[str, Release] | None = None, python: str = PYTHON
) -> AllowedCombinations:
    """The combinations of releases that the packages' requirements allow, around the ``fixed`` ones; newest first.

    A yanked release is in none, unless it is fixed.
    """
    columns = {
        name: [fixed[name]] if fixed and name in fixed else [r for r in reversed(ledger.releases[name]) if not r.yanked]
        for name in contract.packages
    }
    return AllowedCombinations(Requirements(contract.packages, python), columns)


def _oldest(contract: Contract, ledger: Ledger) -> Combination:
    """The allowed combination that could be installed first: its latest upload is the earliest.

    Release by release, the latest upload first: what an allowed combination can do without is left out.
    """
    combinations = allowed(contract, ledger)
    left = {name: [r for r in releases if not r.yanked] for name, releases in ledger.releases.items()}
    if combinations.first(left) is None:
        raise MetaError(ErrorCode.NOTHING_ALLOWED, "no combination of releases is allowed by their own requirements")
    latest_first = sorted(
        ((name, release) for name, releases in left.items() for release in releases),
        key=lambda pair: (pair[1].uploaded, Version(pair[1].version)),
        reverse=True,
    )
    for name, release in latest_first:
        if len(left[name]) > 1:
            fewer = {**left, name: [other for other in left[name] if other is not release]}
            # Where it is needed, it is the package's only one: what else is left of that was uploaded before.
            left[name] = fewer[name] if combinations.first(fewer) else [release]
    return _combination(contract, tuple(releases[0] for releases in left.values()))


def _one_for_each_content(contract: Contract, ledger: Ledger, have: list[Combination]) -> Iterator[Pin]:
    """Pins that bring in each distinct content not yet held, with partners whose content is new too where possible."""
    held = {
        (name, ledger.release(name, version).content) for combination in have for name, version in combination.versions
    }
    for name, releases in ledger.releases.items():
        for release in _newest_of_each_content(releases):
            if (name, release.content) in held:
                continue
            same = [other for other in reversed(releases) if other.content == release.content]
            best = next((b for other in same if (b := _best_partners(contract, ledger, {name: other}, held))), None)
            if best:
                combination = _combination(contract, best)
                why = f"the code of {name} {combination.as_dict()[name]}"
            else:
                combination = _forced(contract, ledger, name, release)
                broken = broken_promises(combination, contract.packages, ledger)[0]
                why = f"the code of {name} {release.version}; no allowed combination holds it ({broken}): forced"
            held |= {(n, ledger.release(n, version).content) for n, version in combination.versions}
            yield Pin(Cell(combination), why)


def _best_partners(
    contract: Contract, ledger: Ledger, fixed: Mapping[str, Release], held: set[tuple[str, str]]
) -> tuple[Release, ...] | None:
    """The allowed combination around ``fixed`` that brings in most contents not yet held; the newest among equals."""
    return allowed(contract, ledger, fixed).best(lambda name, release: (name, release.content) not in held)


def _forced(contract: Contract, ledger: Ledger, name: str, release: Release) -> Combination:
    """The release with the oldest of each other package, for a content that no allowed combination holds."""
    others = {other: ledger.releases[other][0].version for other in contract.packages if other != name}
    return Combination(tuple((n, release.version if n == name else others[n]) for n in contract.packages))


def _newest_of_each_content(releases: tuple[Release, ...]) -> list[Release]:
    newest = {release.content: release for release in releases if not release.yanked}
    return list(newest.values())


def _combination(contract: Contract, releases: tuple[Release, ...]) -> Combination:
    return Combination(tuple((name, r.version) for name, r in zip(contract.packages, releases, strict=True)))


def block(pins: list[Pin]) -> str:
    """The pins as lines of tox.ini's ``env_list``, each group under its reason."""
    lines = [START]
    why = ""
    for pin in pins:
        if pin.why != why:
            why = pin.why
            lines.append(f"    # {why}")
        lines.append(f"    {pin.cell.name}")
    return "\n".join([*lines, END])


def split(tox_ini: str) -> tuple[str, str, str]:
    """tox.ini before the block, the block, and after it. Raises MetaError where its marks are gone."""
    before, start, rest = tox_ini.partition(START)
    inside, end, after = rest.partition(END)
    if not start or not end:
        raise MetaError(
            ErrorCode.NO_BLOCK, "tox.ini has lost the marks of its pinned block", hint="git checkout tox.ini"
        )
    return before, start + inside + end, after


def pinned_names(root: Path) -> list[str]:
    """The names of the pinned environments, in the order of tox.ini."""
    _, text, _ = split((root / "tox.ini").read_text(encoding="utf-8"))
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
