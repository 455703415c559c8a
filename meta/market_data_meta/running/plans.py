"""What a run of the suite is told: its plan, its record's header, and what the checks of release scope know."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import UninstallableError
from market_data_meta.inside.mdm_plan import (
    ENVIRONMENT,
    ExpectedContent,
    Limits,
    Plan,
    PlannedClause,
    PlannedPackage,
    RecordHeader,
    ReleaseFacts,
)
from market_data_meta.releases.combinations import TODAY, Cell
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import direct_references
from market_data_meta.running import environments
from market_data_meta.running.servers import find_servers, named_by_user

CHECK_SECONDS = 30.0
"""CPU time of one check: the slowest, which imports every module of a package that was never imported, takes some 4 s.
What it may take of wall time is a multiple of that, as everywhere (see mdm_tree)."""
CHECKS_PER_PROCESS = 16
"""Checks that share a process at most, where not each of them has one of its own."""


def suite_plan(contract: Contract, names: tuple[str, ...], *, users_servers: bool = False) -> Plan:
    """What is the same in every run of these packages, whatever their versions.

    That of a service says where its servers are, with ``users_servers`` those that the user names first. Raises
    MetaError where they cannot be had.
    """
    packages = contract.packages.items()
    service = contract.service_with(names)
    imported = () if len(names) == 1 else names
    preload = tuple(module for name, p in packages if name in imported for module in (*p.imports, *p.preload))
    return Plan(
        root=str(contract.root),
        packages={name: PlannedPackage(p.distribution, p.imports, p.app) for name, p in packages},
        clauses={c.id: PlannedClause(c.rule, c.level, c.scope, c.expect) for c in contract.clauses_for(names).values()},
        # A check of a service waits for servers most of its time.
        limits=Limits(CHECK_SECONDS, jobs=(3 if service else 2) * (os.cpu_count() or 1)),
        preload=preload,
        servers=find_servers(contract.root, users=users_servers) if service else {},
    )


def cell_plan(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    *,
    forced: tuple[str, ...],
    optional_libraries: Iterable[str],
    release: ReleaseFacts | None,
    users_servers: bool = False,
) -> Plan:
    """The plan of a run of all clauses of a cell in an environment of its own.

    ``forced`` are the requirements that had to be overridden in it, ``optional_libraries`` those of the suite's
    optional ones that are there. With ``users_servers`` it has the servers that the user names.
    """
    plan = suite_plan(contract, cell.combination.packages, users_servers=users_servers)
    return replace(
        plan,
        not_applicable=not_applicable(contract, plan.clauses, cell.combination.as_dict(), optional_libraries),
        release=release,
        header=replace(
            record_header(contract, ledger, cell, plan.clauses, forced=forced),
            users_servers=named_by_user(plan.servers),
        ),
    )


def warm_plan(contract: Contract, packages: tuple[str, ...] = ()) -> Plan:
    """The plan of a template of the warm lane for cells of these packages, or of all: checks share processes.

    Each of its cells runs a part of it.
    """
    plan = sharing_processes(contract, suite_plan(contract, packages or tuple(contract.packages)))
    if contract.service_with(packages):
        return plan
    # Several cells run at once.
    return replace(plan, limits=replace(plan.limits, jobs=1 + (os.cpu_count() or 1)))


def sharing_processes(contract: Contract, plan: Plan) -> Plan:
    """The same run with several checks in a process: a process for each of them costs more than most checks do.

    A failure that shows a known defect needs no process of its own (see mdm_fork).
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.judging.defect_file import load_defects

    limits = replace(plan.limits, checks_per_process=CHECKS_PER_PROCESS)
    return replace(plan, limits=limits, known_failures=load_defects(contract.root).fingerprints)


def not_applicable(
    contract: Contract, clauses: Iterable[str], versions: Mapping[str, str], optional_libraries: Iterable[str]
) -> dict[str, str]:
    """Those of the clauses that say nothing about these versions, each with the reason."""
    libraries = set(optional_libraries)
    reasons = ((name, contract.clauses[name].why_not_applicable(versions, libraries)) for name in clauses)
    return {name: reason for name, reason in reasons if reason}


def record_header(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    clauses: Iterable[str],
    *,
    forced: tuple[str, ...] = (),
    lane: str = "isolated",
) -> RecordHeader:
    """The header of a record before anything has run: the label that the attestation is compared with."""
    releases = {name: ledger.release(name, version) for name, version in cell.combination.versions}
    return RecordHeader(
        suite=suite.digest(contract.root),
        lane=lane,
        cell=cell.name,
        combination=cell.combination.as_dict(),
        expected={name: ExpectedContent(r.content, r.sha256) for name, r in releases.items()},
        forced=forced,
        as_of=None if cell.third_party == TODAY else ledger.as_of,
        third_party_choice=cell.third_party,
        clauses=tuple(sorted(clauses)),
        environment=dict(ENVIRONMENT),
    )


def release_facts(contract: Contract, ledger: Ledger, cell: Cell, python: str) -> ReleaseFacts:
    """What the checks of release scope are told of the release that ``python`` has; asks uv which extras resolve."""
    ((package, version),) = cell.combination.versions
    distribution = contract.packages[package].distribution
    release = ledger.release(package, version)
    options = [
        "--python",
        environments.base_interpreter(python),
        "--exclude-newer",
        ledger.as_of,
    ]
    extras: dict[str, str | None] = {}
    unresolved: dict[str, str] = {}
    for extra in release.extras():
        references = () if ledger.allows_direct_references else direct_references(release, extra)
        if references:
            unresolved[extra] = f"it names {', '.join(references)}"
            continue
        try:
            requirement = ledger.requirement(distribution, release, f"[{extra}]")
            environments.uv("pip", "compile", "-", *options, text=requirement)
            extras[extra] = None
        except UninstallableError as error:
            extras[extra] = error.why
    published = {
        contract.packages[name].distribution: tuple(release.version for release in releases)
        for name, releases in ledger.releases.items()
    }
    return ReleaseFacts(package, version, python, published, extras, unresolved)
