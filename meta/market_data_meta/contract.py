"""The contract as frozen values: packages and clauses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from packaging.specifiers import SpecifierSet

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.field_types import Limits, Name, Repository, Sentence, Specifier

Level: TypeAlias = Literal["must", "should", "control"]
Scope: TypeAlias = Literal["release", "combination", "deployment", "control"]
ExpectedValues: TypeAlias = Mapping[str, Any]
"""The values with which a clause's check compares, by names that the check defines."""


@dataclass(frozen=True)
class PackageTable:
    """What ``contracts/packages.toml`` says of a package: its distribution, and the top-level packages it installs.

    ``app`` is its FastAPI application, if any. ``repository`` is its ``owner/name`` on GitHub; a package without one
    has no pull requests to name. ``preload`` are modules that many checks use, loaded once before their processes fork.
    """

    distribution: Name
    imports: Annotated[tuple[Name, ...], Limits(min_length=1)]
    app: Name | None = None
    preload: tuple[Name, ...] = ()
    repository: Repository | None = None


@dataclass(frozen=True)
class Package(PackageTable):
    """One of the packages under contract, with the name of its table."""

    name: str = field(kw_only=True)


@dataclass(frozen=True)
class ClauseTable:
    """What ``contracts/clauses/<area>.toml`` says of a clause: one checkable sentence, and where it comes from.

    ``binds`` are the packages that must keep it, ``applies`` the versions that it says anything about. ``needs`` are
    libraries of the suite that its check cannot do without.
    """

    rule: Sentence
    level: Level
    scope: Scope
    binds: tuple[Name, ...]
    source: Name
    applies: Mapping[str, Specifier] = field(default_factory=dict)
    needs: tuple[Literal["schemathesis"], ...] = ()
    expect: ExpectedValues = field(default_factory=dict)


@dataclass(frozen=True)
class Clause(ClauseTable):
    """One checkable sentence of the contract, with its id: the area and the name of its table."""

    id: str = field(kw_only=True)

    @property
    def area(self) -> str:
        """The file in ``contracts/clauses`` that holds it."""
        return self.id.split(".")[0]

    def why_not_applicable(self, versions: Mapping[str, str], optional_libraries: set[str]) -> str | None:
        """Why the clause does not apply to these releases, or None if it does.

        ``optional_libraries`` are those of the suite's that could be installed beside the packages.
        """
        for package, specifier in self.applies.items():
            version = versions.get(package)
            if version is not None and not SpecifierSet(specifier).contains(version, prereleases=True):
                return f"applies to {package} {specifier} only"
        for library in self.needs:
            if library not in optional_libraries:
                return f"{library} cannot be installed beside these third-party versions"
        return None


@dataclass(frozen=True)
class Contract:
    """The part of ``contracts/`` that does not change from release to release.

    ``deploying_distribution`` is the distribution whose newest release pins what is deployed.
    """

    root: Path
    packages: Mapping[str, Package]
    deploying_distribution: str
    clauses: Mapping[str, Clause]

    def clauses_for(self, packages: tuple[str, ...]) -> dict[str, Clause]:
        """The clauses that a run of these packages decides: of release scope for one, of combination scope for all."""
        if len(packages) == 1:
            clauses = {c.id: c for c in self.clauses.values() if c.scope == "release" and packages[0] in c.binds}
        else:
            clauses = {c.id: c for c in self.clauses.values() if c.scope == "combination"}
        return clauses | self.controls

    @cached_property
    def controls(self) -> dict[str, Clause]:
        """The clauses by which a run proves that it can tell passing from failing."""
        return {c.id: c for c in self.clauses.values() if c.scope == "control"}


def find_root(start: Path) -> Path:
    """The checkout that holds the folder ``start``. Raises MetaError where there is none."""
    for folder in (start, *start.parents):
        if (folder / "contracts" / "packages.toml").is_file():
            return folder
    raise MetaError(
        ErrorCode.NO_CHECKOUT,
        f"no contracts/packages.toml in {start} or above it",
        hint="run mdmeta inside a checkout of market-data-meta, or name it with --root",
    )
