"""Proving: every change of combination scope in the warm lane, beside the newest releases as they are."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Clause, Contract
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import unsettled
from market_data_meta.prove.changes import Change
from market_data_meta.prove.variant import Variant, counted, made, renumbered
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.contents import ContentCombination, content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import third_party
from market_data_meta.running.cache import Store
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.decisions import contents_of
from market_data_meta.running.isolated import record_header, warm_plan
from market_data_meta.running.third_party import ThirdPartyLock
from market_data_meta.running.warm import Job, Template, run_all, warmed
from market_data_meta.running.warm_runner import ProgressStep

SECONDS, CHECK_SECONDS = 120.0, 20.0
"""CPU time of one run and of one check: a change that makes it hang is noticed, and must not hold up the others."""


@dataclass
class NewestReleases:
    """The newest releases, unpacked, and the third-party libraries that they run with."""

    contract: Contract
    ledger: Ledger
    asked: RunOptions

    def __post_init__(self) -> None:
        from market_data_meta.running import wheels

        contract, ledger, python, cache = self.contract, self.ledger, self.asked.interpreter, self.asked.cache
        self.combination = newest_of(contract.packages, ledger)
        published = content_combinations(distinct_contents(contract, ledger))
        square = next(s for s in published if s.combination == self.combination)
        sets = third_party.resolved(contract, ledger, published, python, cache)
        found = sets[square.libraries]
        if isinstance(found, str):
            raise undecided(ErrorCode.UNINSTALLABLE, "the newest releases cannot be installed", found)
        self.libraries: ThirdPartyLock = found
        family = third_party.families([one for one in sets.values() if not isinstance(one, str)])[found]
        self.store = Store(cache / "proof", suite.digest(contract.root), family, python)
        rows = {contract.packages[c.package].distribution: [c.newest] for c in square.codes}
        paths, faults = wheels.unpack_all(rows, cache, python)
        if faults:
            raise undecided(ErrorCode.NO_WHEEL, "the newest releases cannot be had", next(iter(faults.values())))
        self.sites = {code.package: paths[code.newest.sha256] for code in square.codes}
        self.contents = {package: counted(site) for package, site in self.sites.items()}
        self.square: ContentCombination = square

    def variant(self, change: Change, folder: Path) -> Variant:
        """The change made in a copy of the release."""
        return made(change, self.sites[change.package], self.contents[change.package], folder)

    def renumbered(self, folder: Path) -> tuple[tuple[str, str, Path], ...]:
        """The same code of each package under another version number, in ``folder``."""
        versions = {package: f"{version}.post1" for package, version in self.combination.versions}
        return tuple(
            (package, version, renumbered(self.sites[package], version, folder / f"renumbered-{package}"))
            for package, version in versions.items()
        )

    def clauses(self, change: Change | None, *, aimed: bool = False, traced: Record | None = None) -> tuple[str, ...]:
        """The clauses that a change is shown to: its own and those that bind its package; all of them for None.

        With ``aimed`` a break is shown to its own only. With ``traced``, the record of a traced run, it is not shown to
        clauses whose checks execute code of the package and nothing of the files that are changed.
        """
        files = {edit.file for edit in change.edits} if change else set()

        def shown(clause: Clause) -> bool:
            if clause.scope == "control" or change is None or clause.id in change.clauses:
                return True
            if change.package not in clause.binds or (aimed and not change.harmless):
                return False
            lines = traced.lines.get(clause.id, {}) if traced else {}
            ran = {file for file, numbers in lines.items() if numbers and (self.sites[change.package] / file).is_file()}
            return not ran or bool(ran & files)

        every = self.contract.clauses_for(tuple(self.contract.packages)).values()
        return tuple(clause.id for clause in every if shown(clause))


@dataclass(frozen=True)
class Run:
    """One run of the newest releases on some clauses: as they are, with a variant in place of one, or renumbered.

    ``renumbered`` has, for each package, another version and the folder of the same code under it. The run ends with
    the first clause of ``until`` that does not hold.
    """

    clauses: tuple[str, ...]
    variant: Variant | None = None
    trace: bool = False
    renumbered: tuple[tuple[str, str, Path], ...] = ()
    until: tuple[str, ...] = ()

    def contents(self, ground: NewestReleases) -> dict[str, str]:
        """Package to content id."""
        changed = {self.variant.change.package: self.variant.content} if self.variant else {}
        return ground.square.contents | changed

    def versions(self, ground: NewestReleases) -> dict[str, str]:
        """Package to the version that is installed."""
        return ground.combination.as_dict() | {package: version for package, version, _ in self.renumbered}

    def label(self, ground: NewestReleases) -> list[tuple[str, str]]:
        """What tells the run's releases from others: contents and versions."""
        return sorted([*self.contents(ground).items(), *self.versions(ground).items()])

    def path(self, ground: NewestReleases) -> list[str]:
        """The folders that are imported from."""
        changed = {self.variant.change.package: self.variant.site} if self.variant else {}
        changed |= {package: site for package, _, site in self.renumbered}
        return [str(site) for site in (ground.sites | changed).values()]


def proved(ground: NewestReleases, runs: Sequence[Run], tell: Callable[[ProgressStep], None]) -> dict[Run, Record]:
    """The record of each run. What was run before on the same contents and clauses is read back, if it was whole."""
    names = {run: _key(run.label(ground), run.clauses, trace=run.trace, until=run.until) for run in runs}
    known: dict[str, Record] = {}
    for record in ground.store.records():
        # One that was stopped, or in which a check could not run, may owe that to the machine.
        if not unsettled(record):
            known[_key_of(record)] = record
    missing = {name: run for run, name in names.items() if name not in known}
    known |= dict(_ran(ground, missing, tell))
    return {run: known[name] for run, name in names.items()}


def _key_of(record: Record) -> str:
    label = sorted([*contents_of(record).items(), *record.versions.items()])
    header = record.header
    return _key(label, header["clauses"], trace=bool(record.lines), until=header.get("until", ()))


def _key(label: Sequence[tuple[str, str]], clauses: Iterable[str], *, trace: bool, until: Iterable[str]) -> str:
    text = json.dumps([label, sorted(clauses), trace, sorted(until)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _ran(
    ground: NewestReleases, missing: Mapping[str, Run], tell: Callable[[ProgressStep], None]
) -> Iterator[tuple[str, Record]]:
    if not missing:
        return
    tell(ProgressStep(0, 0, "loading the third-party libraries"))
    interpreter = third_party.installed(ground.libraries, ground.asked.interpreter, ground.asked.cache)
    plan = warm_plan(ground.contract, ground.ledger) | {"timeout": CHECK_SECONDS}
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        folder = Path(name)
        jobs = [_job(ground, key, run, folder) for key, run in missing.items()]

        releases = [*ground.sites.values(), *{Path(path) for run in missing.values() for path in run.path(ground)}]

        def start() -> Template:
            scout = [str(site) for site in ground.sites.values()]
            return warmed(ground.contract.root, interpreter, plan, folder / "template.log", [scout], releases)

        # Twice as many as elsewhere: a change often makes checks wait for what does not come.
        at_once = 2 * (os.cpu_count() or 1) + 1
        for number, (job, cause) in enumerate(run_all(start, jobs, at_once=at_once, seconds=SECONDS), 1):
            record = ground.store.keep(missing[job.name].contents(ground), job, cause)
            tell(ProgressStep(number, len(jobs), job.name, record))
            yield job.name, record


def _job(ground: NewestReleases, name: str, run: Run, folder: Path) -> Job:
    versions = run.versions(ground)
    tables = [ground.contract.clauses[clause] for clause in run.clauses]
    optional = set(ground.libraries.optional)
    header = record_header(ground.contract, ground.ledger, Cell(ground.combination), (), sorted(run.clauses), "warm")
    header |= {"combination": versions} | ({"until": sorted(run.until)} if run.until else {})
    for package, content in run.contents(ground).items():
        header["expected"][package] = header["expected"][package] | {"content": content}
    request = {
        "header": header,
        "clauses": list(run.clauses),
        "not_applicable": {c.id: why for c in tables if (why := c.why_not(versions, optional))},
        "path": run.path(ground),
        "trace": run.trace,
        "until": run.until,
    }
    return Job(name, request, folder / f"{name}.jsonl", folder / f"{name}.log")
