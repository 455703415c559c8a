"""Trial runs: the newest releases in the warm lane, as they are or with a change in one of them."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from market_data_meta import suite
from market_data_meta.candidates.renumbering import renumber
from market_data_meta.contract import Clause, Contract
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.inside.mdm_plan import CellRun
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import reasons_to_run_again
from market_data_meta.prove.changes import Change
from market_data_meta.prove.variant import Variant, file_digests, make_variant
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.contents import ContentCombination, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments, third_party
from market_data_meta.running.cache import RunCache
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.decisions import contents_of
from market_data_meta.running.plans import not_applicable, record_header, warm_plan
from market_data_meta.running.template_process import TemplateProcess, run_jobs, start_warm_template
from market_data_meta.running.third_party import Unresolvable
from market_data_meta.running.warm_jobs import Job
from market_data_meta.running.warm_runner import ProgressStep

SECONDS, CHECK_SECONDS = 120.0, 20.0
"""Limits of the CPU time of a run and of a check: a change that makes one hang must not hold up the others."""


@dataclass
class NewestReleases:
    """The newest releases of ``packages``, unpacked, with their third-party libraries and the cache of their runs.

    The packages are those of a service, or all.
    """

    contract: Contract
    ledger: Ledger
    options: RunOptions
    packages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        from market_data_meta.running import wheels

        contract, ledger, python, cache = self.contract, self.ledger, self.options.interpreter, self.options.cache
        self.packages = self.packages or tuple(contract.packages)
        self.combination = newest_of(self.packages, ledger, environments.version_of(python))
        distinct = distinct_contents(contract, ledger)
        contents = tuple(
            next(content for content in distinct[package] if content.newest.version == version)
            for package, version in self.combination.versions
        )
        self.cell = ContentCombination(contents)
        (resolution,) = third_party.resolve_all(contract, ledger, [self.cell], python, cache).values()
        if isinstance(resolution, Unresolvable):
            raise undecided(ErrorCode.UNINSTALLABLE, "the newest releases cannot be installed", resolution.reason)
        self.lock = resolution
        self.run_cache = RunCache(cache / "proof", suite.digest(contract.root), self.lock.digest, python)
        releases = {contract.packages[content.package].distribution: [content.newest] for content in contents}
        sites = wheels.unpack_all(releases, cache, python).all_sites(ErrorCode.NO_WHEEL)
        self.sites = {content.package: sites[content.newest.sha256] for content in contents}
        self.file_digests = {package: file_digests(site) for package, site in self.sites.items()}

    def variant(self, change: Change, folder: Path) -> Variant:
        """A copy of the release in ``folder`` with the change in it."""
        return make_variant(change, self.sites[change.package], self.file_digests[change.package], folder)

    def renumber_all(self, folder: Path) -> tuple[tuple[str, str, Path], ...]:
        """Copy each release to a folder in ``folder`` under another version number: package, version and copy."""
        versions = {package: f"{version}.post1" for package, version in self.combination.versions}
        return tuple(
            (package, version, renumber(self.sites[package], version, folder / f"renumbered-{package}"))
            for package, version in versions.items()
        )

    def clauses_to_run(self, change: Change, *, own_only: bool = False, trace: Record | None = None) -> tuple[str, ...]:
        """The clauses to run with a change: its own, and those of the cell that bind its package.

        With ``own_only`` a break runs its own clauses only. With ``trace``, the record of a traced run, clauses whose
        checks execute code of the package, but none of the changed files, are left out.
        """
        files = {edit.file for edit in change.edits}

        def affected(clause: Clause) -> bool:
            if clause.scope == "control" or clause.id in change.clauses:
                return True
            if change.package not in clause.binds or (own_only and not change.harmless):
                return False
            if trace is None:
                return True
            lines, site = trace.lines.get(clause.id, {}), self.sites[change.package]
            executed = {file for file, numbers in lines.items() if numbers and (site / file).is_file()}
            return not executed or bool(executed & files)

        clauses = self.contract.clauses_for(self.packages).values()
        return tuple(clause.id for clause in clauses if affected(clause))


@dataclass(frozen=True)
class TrialRun:
    """A run of some clauses on the newest releases: as they are, with a variant in place of one, or renumbered.

    ``renumbered`` has, for each package, another version and the folder of the copy under that version. The run ends as
    soon as a clause of ``until`` does not hold.
    """

    clauses: tuple[str, ...]
    variant: Variant | None = None
    trace: bool = False
    renumbered: tuple[tuple[str, str, Path], ...] = ()
    until: tuple[str, ...] = ()

    def contents(self, newest: NewestReleases) -> dict[str, str]:
        """Package to content id."""
        changed = {self.variant.change.package: self.variant.content} if self.variant else {}
        return newest.cell.digests | changed

    def versions(self, newest: NewestReleases) -> dict[str, str]:
        """Package to the version that is installed."""
        return newest.combination.as_dict() | {package: version for package, version, _ in self.renumbered}

    def label(self, newest: NewestReleases) -> list[tuple[str, str]]:
        """The contents and versions of the run, by which its record is recognised in the cache."""
        return sorted([*self.contents(newest).items(), *self.versions(newest).items()])

    def path(self, newest: NewestReleases) -> list[str]:
        """The folders that the packages are imported from."""
        changed = {self.variant.change.package: self.variant.site} if self.variant else {}
        changed |= {package: site for package, _, site in self.renumbered}
        return [str(site) for site in (newest.sites | changed).values()]


def run_trials(
    newest: NewestReleases, runs: Sequence[TrialRun], on_progress: Callable[[ProgressStep], None]
) -> dict[TrialRun, Record]:
    """The record of each run. A complete record of the same contents and clauses is taken from the cache."""
    keys = {run: _key(run.label(newest), run.clauses, trace=run.trace, until=run.until) for run in runs}
    records: dict[str, Record] = {}
    for record in newest.run_cache.records():
        # That a run was stopped, or that a check could not run, may be the machine's doing.
        if not reasons_to_run_again(record):
            records[_key_of(record)] = record
    missing = {key: run for run, key in keys.items() if key not in records}
    records |= dict(_run_missing(newest, missing, on_progress))
    return {run: records[key] for run, key in keys.items()}


def _key_of(record: Record) -> str:
    label = sorted([*contents_of(record).items(), *record.versions.items()])
    header = record.header
    return _key(label, header.clauses, trace=bool(record.lines), until=header.until)


def _key(label: Sequence[tuple[str, str]], clauses: Iterable[str], *, trace: bool, until: Iterable[str]) -> str:
    text = json.dumps([label, sorted(clauses), trace, sorted(until)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _run_missing(
    newest: NewestReleases, missing: Mapping[str, TrialRun], on_progress: Callable[[ProgressStep], None]
) -> Iterator[tuple[str, Record]]:
    if not missing:
        return
    on_progress(ProgressStep(0, 0, "loading the third-party libraries"))
    interpreter = third_party.install(newest.lock, newest.options.interpreter, newest.options.cache)
    plan = warm_plan(newest.contract, newest.packages)
    plan = replace(plan, limits=replace(plan.limits, check_seconds=CHECK_SECONDS))
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        folder = Path(name)
        jobs = [_job(newest, key, run, folder) for key, run in missing.items()]

        releases = [*newest.sites.values(), *{Path(path) for run in missing.values() for path in run.path(newest)}]

        def start() -> TemplateProcess:
            path = [str(site) for site in newest.sites.values()]
            log = folder / "template.log"
            return start_warm_template(newest.contract.root, interpreter, plan, log, [path], releases)

        # Twice as many as in other runs: with a change in the releases, checks often wait for something in vain.
        at_once = 2 * (os.cpu_count() or 1) + 1
        for number, (job, ending) in enumerate(run_jobs(start, jobs, at_once=at_once, seconds=SECONDS), 1):
            record = newest.run_cache.add(missing[job.name].contents(newest), job, ending)
            on_progress(ProgressStep(number, len(jobs), job.name, record))
            yield job.name, record


def _job(newest: NewestReleases, name: str, run: TrialRun, folder: Path) -> Job:
    contract, versions = newest.contract, run.versions(newest)
    header = record_header(contract, newest.ledger, Cell(newest.combination), run.clauses, lane="warm")
    expected = {
        package: replace(header.expected[package], content=content) for package, content in run.contents(newest).items()
    }
    header = replace(header, combination=versions, expected=expected, until=tuple(sorted(run.until)))
    request = CellRun(
        header=header,
        path=tuple(run.path(newest)),
        not_applicable=not_applicable(contract, run.clauses, versions, newest.lock.optional),
        trace=run.trace,
    )
    return Job(name, request, folder / f"{name}.jsonl", folder / f"{name}.log")
