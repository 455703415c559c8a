"""Combinations: which release of which package, and how they are written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.ledger import Ledger

THIRD_PARTY = ("highest", "lowest", "today")
"""How third-party versions are chosen: highest or lowest as of the ledger's date, or the highest of this day."""


@dataclass(frozen=True)
class Combination:
    """One release of each package, or of one package alone, in the order of ``packages.toml``."""

    versions: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return " ".join(f"{package}=={version}" for package, version in self.versions)

    @property
    def label(self) -> str:
        """As a tox environment is named: ``core1.4.61-pipeline0.8.70-store0.6.73``."""
        return "-".join(f"{package}{version}" for package, version in self.versions)

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages it holds."""
        return tuple(package for package, _ in self.versions)

    def as_dict(self) -> dict[str, str]:
        """Package to version."""
        return dict(self.versions)


@dataclass(frozen=True)
class Cell:
    """A combination and how it is run: interpreter (``3.11``, or None for the first found) and third-party choice."""

    combination: Combination
    third_party: str = "highest"
    python: str | None = None

    @property
    def name(self) -> str:
        """Its tox environment: ``py311-core…-pipeline…-store…-lowest``, the usual values left out."""
        python = f"py{self.python.replace('.', '')}-" if self.python else ""
        return python + self.combination.label + ("" if self.third_party == "highest" else f"-{self.third_party}")


def newest_of(packages: Iterable[str], ledger: Ledger) -> Combination:
    """The newest release of each of the packages."""
    return Combination(tuple((name, ledger.newest(name).version) for name in packages))


def parse_cell(words: Iterable[str], packages: Iterable[str], ledger: Ledger) -> Cell:
    """Read ``core==1.4.9 pipeline==0.8.30 store==0.6.34`` or the name of a tox environment.

    All packages make a combination, one makes a release alone. Raises MetaError for a package that is misspelt or
    missing and for a version that is not published.
    """
    order = tuple(packages)
    pinned: list[str] = []
    python, third_party = None, "highest"
    for word in (part for given in words for part in _parts(given)):
        if match := re.fullmatch(r"py(3)\.?(\d+)", word):
            python = f"{match[1]}.{match[2]}"
        elif word in THIRD_PARTY:
            third_party = word
        else:
            pinned.append(word)
    versions = parse_pins(pinned, order, ledger)
    if len(versions) not in (1, len(order)):
        missing = [package for package in order if package not in versions]
        hint = (
            f"add {' '.join(f'{name}=={ledger.newest(name).version}' for name in missing)}, or name one package alone"
        )
        raise MetaError(ErrorCode.INCOMPLETE, f"no version of {' and '.join(missing)} is given", hint=hint)
    return Cell(Combination(tuple((name, versions[name]) for name in order if name in versions)), third_party, python)


def parse_pins(words: Iterable[str], packages: Iterable[str], ledger: Ledger) -> dict[str, str]:
    """Read ``core==1.4.9 store==0.6.34``: any of the packages, each once. Raises MetaError as ``parse_cell`` does."""
    order = tuple(packages)
    versions: dict[str, str] = {}
    for word in words:
        package, version = _pin(word, order)
        if package in versions:
            raise MetaError(ErrorCode.TWICE, f"{package} is named twice: {versions[package]} and {version}")
        versions[package] = ledger.release(package, version).version
    return versions


def _parts(word: str) -> list[str]:
    return [word] if "==" in word else word.split("-")


def _pin(word: str, packages: tuple[str, ...]) -> tuple[str, str]:
    match = re.fullmatch(r"([A-Za-z_-]+?)(?:==|(?=\d))(.+)", word)
    if not match:
        hint = f"write {' '.join(f'{name}==V' for name in packages)}, or {'-'.join(f'{name}V' for name in packages)}"
        raise MetaError(ErrorCode.BAD_PIN, f"{word!r} is not a package with a version", hint=hint)
    package, version = match[1].lower().replace("_", "-").removeprefix("market-data-"), match[2]
    if package not in packages:
        near = difflib.get_close_matches(package, packages, 1)
        hint = f"did you mean {near[0]}=={version}?" if near else ""
        raise MetaError(
            ErrorCode.UNKNOWN_PACKAGE,
            f"{match[1]!r} is not a package under contract ({', '.join(packages)})",
            hint=hint,
        )
    try:
        Version(version)
    except InvalidVersion:
        raise MetaError(ErrorCode.BAD_VERSION, f"{version!r} is not a version of {package}") from None
    return package, version
