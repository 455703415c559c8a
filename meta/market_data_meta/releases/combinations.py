"""Combinations: which release of which package, and how they are written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger, Release

HIGHEST, LOWEST, TODAY = "highest", "lowest", "today"
THIRD_PARTY_CHOICES = (HIGHEST, LOWEST, TODAY)
"""How third-party versions are chosen: highest or lowest as of the ledger's date, or the highest of this day."""
NEWEST, DEPLOYED = "newest", "deployed"
"""Words that stand for a version: the newest release of a package, or the one that is really deployed."""


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
        """The packages of which it has a release."""
        return tuple(package for package, _ in self.versions)

    def as_dict(self) -> dict[str, str]:
        """Package to version."""
        return dict(self.versions)


@dataclass(frozen=True)
class Cell:
    """A combination and how it is run: interpreter (``3.11``, or None for the first there is) and third-party choice.

    ``third_party`` is a word of ``THIRD_PARTY_CHOICES``.
    """

    combination: Combination
    third_party: str = HIGHEST
    python: str | None = None

    @property
    def name(self) -> str:
        """Its tox environment: ``py311-core…-pipeline…-store…-lowest``, the usual values left out."""
        python = f"py{self.python.replace('.', '')}-" if self.python else ""
        return python + self.combination.label + ("" if self.third_party == HIGHEST else f"-{self.third_party}")

    def services(self, services: Iterable[tuple[str, ...]]) -> list[Cell]:
        """The cells of those services, named by their packages, that this combination holds and others beside them."""
        versions = self.combination.versions
        return [
            replace(self, combination=Combination(tuple(pin for pin in versions if pin[0] in packages)))
            for packages in services
            if set(packages) < set(self.combination.packages)
        ]


def newest_of(packages: Iterable[str], ledger: Ledger, python: str = PYTHON) -> Combination:
    """The newest release of each of the packages on that interpreter."""
    return Combination(tuple((name, ledger.newest(name, python).version) for name in packages))


def deployed_set(packages: Iterable[str], ledger: Ledger) -> Combination | None:
    """What is deployed of each of the packages; None where it is not known of all of them, or is not in the ledger."""
    pins = [(name, ledger.deployed.pins.get(name)) for name in packages]
    known = [(n, pin) for n, pin in pins if pin and any(pin == release.version for release in ledger.releases[n])]
    return Combination(tuple(known)) if len(known) == len(pins) else None


def parse_cell(
    words: Iterable[str],
    packages: Iterable[str],
    ledger: Ledger,
    interpreter: str | None = None,
    services: Iterable[Iterable[str]] = (),
) -> Cell:
    """Read ``core==1.4.9 pipeline==newest store==0.6.34``, ``newest``, or the name of a tox environment.

    All packages make a combination, those of one of the ``services`` a service, a single package is a release alone.
    The ``interpreter`` is that of words which name none. Raises MetaError for a package that is misspelt or missing and
    for a version that is not published.
    """
    order = tuple(packages)
    pins: list[str] = []
    python, third_party = interpreter, HIGHEST
    for word in (part for argument in words for part in _parts(argument)):
        if match := re.fullmatch(r"py(3)\.?(\d+)", word):
            python = f"{match[1]}.{match[2]}"
        elif word in THIRD_PARTY_CHOICES:
            third_party = word
        else:
            pins.append(word)
    versions = parse_pins(pins, order, ledger, python=python or PYTHON)
    if len(versions) not in (1, len(order)) and set(versions) not in map(set, services):
        missing = [package for package in order if package not in versions]
        missing_pins = " ".join(f"{name}=={ledger.newest(name, python or PYTHON).version}" for name in missing)
        hint = f"add {missing_pins}, or newest for the newest of the others, or name one package alone"
        raise MetaError(ErrorCode.INCOMPLETE, f"no version of {' and '.join(missing)} is given", hint=hint)
    return Cell(Combination(tuple((name, versions[name]) for name in order if name in versions)), third_party, python)


def parse_pins(
    words: Iterable[str],
    packages: Iterable[str],
    ledger: Ledger,
    *,
    candidates: Container[str] = (),
    python: str = PYTHON,
) -> dict[str, str]:
    """Read ``core==1.4.9 store==newest``: any of the packages, each once, ``newest`` and ``deployed`` as versions.

    ``newest`` or ``deployed`` alone is the version of every package that has no word of its own and is none of the
    ``candidates``. Raises MetaError as ``parse_cell`` does.
    """
    order = tuple(packages)
    versions: dict[str, str] = {}
    version_of_others = None
    for word in words:
        if word in (NEWEST, DEPLOYED):
            if version_of_others:
                what = f"the other packages are named twice: {version_of_others} and {word}"
                raise MetaError(ErrorCode.TWICE, what)
            version_of_others = word
            continue
        package, version = _pin(word, order)
        if package in versions:
            raise MetaError(ErrorCode.TWICE, f"{package} is named twice: {versions[package]} and {version}")
        versions[package] = published_release(package, version, ledger, python).version
    if version_of_others:
        others = [package for package in order if package not in versions and package not in candidates]
        versions |= {
            package: published_release(package, version_of_others, ledger, python).version for package in others
        }
    return versions


def published_release(package: str, version: str, ledger: Ledger, python: str = PYTHON) -> Release:
    """The release that ``version`` names: a number, ``newest`` or ``deployed``.

    Raises MetaError for what is no version, for one that is not published, and for ``deployed`` of a package that the
    deployed distribution does not pin.
    """
    if version == NEWEST:
        # A candidate is none of them: it is named by its own version.
        return ledger.published.newest(package, python)
    if version == DEPLOYED:
        deployed_version = ledger.deployed.pins.get(package)
        if deployed_version is None:
            why = ledger.why_not_deployed or f"{ledger.deployed.distribution} pins no release of it"
            hint = f"{package}=={NEWEST}, or a version that mdmeta releases {package} lists"
            raise MetaError(ErrorCode.NOT_DEPLOYED, f"it is not known which {package} is deployed", why, hint)
        return ledger.release(package, deployed_version)
    try:
        Version(version)
    except InvalidVersion:
        hint = f"a version that mdmeta releases {package} lists, {NEWEST} or {DEPLOYED}"
        raise MetaError(ErrorCode.BAD_VERSION, f"{version!r} is not a version of {package}", hint=hint) from None
    return ledger.release(package, version)


def _parts(word: str) -> list[str]:
    return [word] if "==" in word else word.split("-")


def _pin(word: str, packages: tuple[str, ...]) -> tuple[str, str]:
    match = re.fullmatch(r"([A-Za-z._-]+?)(?:==|(?=\d))(.+)", word)
    if not match:
        pins = " ".join(f"{package}=={NEWEST}" for package in packages)
        hint = f"write {pins}, versions in place of {NEWEST} or {DEPLOYED}, or one of these two words for all of them"
        raise MetaError(ErrorCode.BAD_PIN, f"{word!r} is not a package with a version", hint=hint)
    return package_named(match[1], packages, f"=={match[2]}"), match[2]


def package_named(name: str, packages: Iterable[str], suffix: str = "") -> str:
    """The package that ``name`` names, by its own name or its distribution's, in either spelling.

    Raises MetaError for a package that is not under contract. Its hint is the nearest name, followed by ``suffix``,
    such as a version.
    """
    order = tuple(packages)
    package = canonicalize_name(name).removeprefix("market-data-")
    if package in order:
        return package
    nearest = difflib.get_close_matches(package, order, 1)
    hint = f"did you mean {nearest[0]}{suffix}?" if nearest else ""
    raise MetaError(
        ErrorCode.UNKNOWN_PACKAGE, f"{name!r} is not a package under contract ({', '.join(order)})", hint=hint
    )
