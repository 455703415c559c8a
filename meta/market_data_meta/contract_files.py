"""The files of the contract, ``packages.toml``, ``clauses`` and ``capabilities.toml``, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from market_data_meta.contract import (
    CapabilityTable,
    Clause,
    ClauseTable,
    Contract,
    Package,
    PackageTable,
    Service,
    ServiceTable,
    capability,
)
from market_data_meta.field_types import Constraint, NonEmptyText
from market_data_meta.files import read_toml
from market_data_meta.models import InputFile, InputTable, read_input

Slug = Annotated[str, Constraint(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]


class Deployment(InputTable):
    """The distribution whose newest release pins what is really deployed."""

    distribution: NonEmptyText


class PackagesFile(InputFile):
    """contracts/packages.toml: the packages under contract, and the services that they make."""

    schema_name: ClassVar[str] = "packages"

    packages: Mapping[str, PackageTable]
    services: Mapping[str, ServiceTable] = Field(default_factory=dict)
    deployed: Deployment


class ClausesFile(InputFile):
    """contracts/clauses/<area>.toml: one table for each clause."""

    schema_name: ClassVar[str] = "clauses"

    clauses: Annotated[Mapping[Slug, ClauseTable], Field(min_length=1)]


class CapabilitiesFile(InputFile):
    """contracts/capabilities.toml: what users want to do, and which clauses decide whether they can."""

    schema_name: ClassVar[str] = "capabilities"

    capabilities: Mapping[Slug, CapabilityTable]


def load_contract(root: Path) -> Contract:
    """Read packages, clauses and capabilities. Raises MetaError for a file that is not there or not of its format."""
    file = root / "contracts" / "packages.toml"
    data = read_input(PackagesFile, read_toml(file), file)
    packages = {name: Package(name=name, **vars(table)) for name, table in data.packages.items()}
    services = {name: Service(name=name, **vars(table)) for name, table in data.services.items()}
    clauses: dict[str, Clause] = {}
    for file in sorted((root / "contracts" / "clauses").glob("*.toml")):
        for slug, table in read_input(ClausesFile, read_toml(file), file).clauses.items():
            clauses[f"{file.stem}.{slug}"] = Clause(id=f"{file.stem}.{slug}", **vars(table))
    file = root / "contracts" / "capabilities.toml"
    tables = read_input(CapabilitiesFile, read_toml(file), file).capabilities
    capabilities = {name: capability(name, tables, clauses) for name in tables}
    return Contract(root, packages, data.deployed.distribution, clauses, capabilities, services)
