"""The contract as frozen values: packages, clauses and capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from packaging.specifiers import SpecifierSet

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.field_types import Constraint, NonEmptyText, Repository, Sentence, Specifier

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

    distribution: NonEmptyText
    imports: Annotated[tuple[NonEmptyText, ...], Constraint(min_length=1)]
    app: NonEmptyText | None = None
    preload: tuple[NonEmptyText, ...] = ()
    repository: Repository | None = None


@dataclass(frozen=True)
class Package(PackageTable):
    """One of the packages under contract, with the name of its table."""

    name: str = field(kw_only=True)


@dataclass(frozen=True)
class ServiceTable:
    """What ``contracts/packages.toml`` says of a service: the packages that are installed for it, and its transports.

    ``extras`` are those extras of a package that the service asks for (``{core = ["bus"]}``), ``libraries`` what it
    needs beside them to reach its partners.
    """

    packages: Annotated[tuple[NonEmptyText, ...], Constraint(min_length=2)]
    extras: Mapping[str, tuple[NonEmptyText, ...]] = field(default_factory=dict)
    libraries: tuple[NonEmptyText, ...] = ()


@dataclass(frozen=True)
class Service(ServiceTable):
    """One of the services, with the name of its table."""

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
    binds: tuple[NonEmptyText, ...]
    source: NonEmptyText
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
class CapabilityTable:
    """What ``contracts/capabilities.toml`` says of something that users want to do.

    ``essential`` are the ids of the clauses that it cannot do without, and ``why`` says why just these. ``others`` are
    further clauses by id, or areas: an area stands for those of its clauses that no capability names by id.
    """

    title: NonEmptyText
    about: Sentence
    source: Sentence
    essential: Annotated[tuple[NonEmptyText, ...], Constraint(min_length=1)]
    why: NonEmptyText
    others: tuple[NonEmptyText, ...] = ()


@dataclass(frozen=True)
class Capability:
    """Something that users want to do, with the ids of all clauses that decide whether they can."""

    name: str
    title: str
    about: str
    source: str
    why: str
    essential: tuple[str, ...]
    others: tuple[str, ...]


def capability(name: str, tables: Mapping[str, CapabilityTable], clauses: Mapping[str, Clause]) -> Capability:
    """The capability of this name, its areas replaced by their clauses.

    Ids of clauses that do not exist stay: nothing decides them, so the capability's state is unknown, never good.
    """
    table = tables[name]
    by_id = {entry for table in tables.values() for entry in (*table.essential, *table.others)}
    others = [
        clause
        for entry in table.others
        for clause in ([entry] if "." in entry else [c.id for c in clauses.values() if c.area == entry])
        if clause == entry or clause not in by_id
    ]
    about = {field: getattr(table, field) for field in ("title", "about", "source")}
    return Capability(name, **about, why=table.why.strip(), essential=table.essential, others=tuple(others))


@dataclass(frozen=True)
class Contract:
    """The part of ``contracts/`` that does not change from release to release.

    ``deploying_distribution`` is the distribution whose newest release pins what is deployed.
    """

    root: Path
    packages: Mapping[str, Package]
    deploying_distribution: str
    clauses: Mapping[str, Clause]
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)

    def clauses_for(self, packages: tuple[str, ...]) -> dict[str, Clause]:
        """The clauses that a run of these packages decides.

        Of release scope for one package, of deployment scope for those of a service, of combination scope for all.
        """
        if len(packages) == 1:
            clauses = {c.id: c for c in self.clauses.values() if c.scope == "release" and packages[0] in c.binds}
        elif service := self.service_with(packages):
            clauses = {c.id: c for c in self.clauses.values() if self.service_of(c) == service}
        else:
            clauses = {c.id: c for c in self.clauses.values() if c.scope == "combination"}
        return clauses | self.controls

    def clauses_shown_for(self, packages: tuple[str, ...]) -> dict[str, Clause]:
        """The clauses that these packages' record shows: a combination's has those that its services decide as well."""
        services = [service for service in self.service_packages if set(service) < set(packages)]
        return self.clauses_for(packages) | {
            name: clause for service in services for name, clause in self.clauses_for(service).items()
        }

    @property
    def service_packages(self) -> list[tuple[str, ...]]:
        """The packages of each service."""
        return [service.packages for service in self.services.values()]

    def service_with(self, packages: tuple[str, ...]) -> Service | None:
        """The service that consists of just these packages, if there is one."""
        return next((service for service in self.services.values() if set(service.packages) == set(packages)), None)

    def service_of(self, clause: Clause) -> Service | None:
        """The service whose runs decide a clause of deployment scope: the first that has all packages that it binds."""
        if clause.scope != "deployment":
            return None
        return next((service for service in self.services.values() if set(clause.binds) <= set(service.packages)), None)

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
