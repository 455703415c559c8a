"""The contract as data: packages and clauses, read from ``contracts/`` into frozen values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet

from market_data_meta.errors import MetaError


@dataclass(frozen=True)
class Package:
    """One of the packages under contract: its distribution, what it installs, its FastAPI application if any.

    ``repository`` is its ``owner/name`` on GitHub; a package without one has no pull requests to name.
    """

    name: str
    distribution: str
    imports: tuple[str, ...]
    app: str | None = None
    preload: tuple[str, ...] = ()
    repository: str | None = None


@dataclass(frozen=True)
class Clause:
    """One checkable sentence of the contract."""

    id: str
    rule: str
    level: str
    scope: str
    binds: tuple[str, ...]
    source: str
    applies: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    expect: Mapping[str, Any] = field(default_factory=dict)

    @property
    def area(self) -> str:
        """The file in ``contracts/clauses`` that holds it."""
        return self.id.split(".")[0]

    def why_not(self, versions: Mapping[str, str], libraries: set[str]) -> str | None:
        """Why the clause says nothing about these releases, or None if it applies.

        ``libraries`` are the suite's optional ones that could be installed beside the packages.
        """
        for package, specifier in self.applies.items():
            version = versions.get(package)
            if version is not None and not SpecifierSet(specifier).contains(version, prereleases=True):
                return f"applies to {package} {specifier} only"
        for library in self.needs:
            if library not in libraries:
                return f"{library} cannot be installed beside these third-party versions"
        return None


@dataclass(frozen=True)
class Contract:
    """All of ``contracts/`` that does not change from release to release."""

    root: Path
    packages: Mapping[str, Package]
    deployed: str
    clauses: Mapping[str, Clause]

    def clauses_for(self, packages: tuple[str, ...]) -> dict[str, Clause]:
        """The clauses that a run of these packages decides: one package is release scope, all are combination scope."""
        if len(packages) == 1:
            chosen = {c.id: c for c in self.clauses.values() if c.scope == "release" and packages[0] in c.binds}
        else:
            chosen = {c.id: c for c in self.clauses.values() if c.scope == "combination"}
        return chosen | self.controls

    @cached_property
    def controls(self) -> dict[str, Clause]:
        """The clauses by which a run proves that it can tell passing from failing."""
        return {c.id: c for c in self.clauses.values() if c.scope == "control"}


def find_root(start: Path) -> Path:
    """The checkout that ``start`` lies in. Raises MetaError where there is none."""
    for folder in (start, *start.parents):
        if (folder / "contracts" / "packages.toml").is_file():
            return folder
    raise MetaError(
        "no-checkout",
        f"no contracts/packages.toml in {start} or above it",
        hint="run mdmeta inside a checkout of market-data-meta, or name it with --root",
    )


def load_contract(root: Path) -> Contract:
    """Read packages and clauses. Raises MetaError for a file that cannot be read or lacks what it must have."""
    data = read_toml(root / "contracts" / "packages.toml")
    packages = {
        name: Package(
            name,
            table["distribution"],
            tuple(table["imports"]),
            table.get("app"),
            tuple(table.get("preload", ())),
            table.get("repository"),
        )
        for name, table in data["packages"].items()
    }
    clauses: dict[str, Clause] = {}
    for file in sorted((root / "contracts" / "clauses").glob("*.toml")):
        for slug, table in read_toml(file).get("clauses", {}).items():
            clauses[f"{file.stem}.{slug}"] = _clause(file, f"{file.stem}.{slug}", table)
    return Contract(root, packages, data["deployed"]["distribution"], clauses)


def _clause(file: Path, clause_id: str, table: Mapping[str, Any]) -> Clause:
    try:
        return Clause(
            id=clause_id,
            rule=table["rule"],
            level=table["level"],
            scope=table["scope"],
            binds=tuple(table["binds"]),
            source=table["source"],
            applies=table.get("applies", {}),
            needs=tuple(table.get("needs", ())),
            expect=table.get("expect", {}),
        )
    except KeyError as missing:
        raise MetaError("bad-clause", f"{file}: clause {clause_id} has no {missing}") from None


def read_toml(file: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises MetaError that names the file."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise MetaError("unreadable", f"cannot read {file}", str(error.strerror)) from None
    except ValueError as error:
        raise MetaError("not-toml", f"{file} is not TOML", str(error)) from None
