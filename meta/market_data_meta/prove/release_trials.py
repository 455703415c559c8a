"""Trials of release scope: each change is made in a copy of the clean install of its package's newest release."""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from market_data_meta.candidates.renumbering import wheel_record_text
from market_data_meta.contract import Contract
from market_data_meta.files import exclusive_lock
from market_data_meta.judging.records import Record, read_record
from market_data_meta.prove.changes import Change
from market_data_meta.prove.score import Trial, judge_trial
from market_data_meta.prove.variant import texts_of
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.isolated import PreparedCell, prepare, run_prepared


def try_releases_alone(contract: Contract, ledger: Ledger, changes: Sequence[Change], cache: Path) -> list[Trial]:
    """Try each change on its release alone. A break runs its own clauses, a harmless change all clauses."""
    packages = tuple(dict.fromkeys(change.package for change in changes))
    jobs = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        scratch = Path(name)
        baselines: dict[str, Record] = {}
        copies: dict[str, queue.Queue[PreparedCell]] = {}
        for package in packages:
            prepared = _prepare(contract, ledger, package, cache)
            baselines[package] = _run_checks(contract.root, prepared, None, scratch, jobs)
            copies[package] = queue.Queue()
            for number in range(jobs):
                copies[package].put(_copy(prepared, scratch / f"{package}-{number}"))

        def try_change(change: Change) -> Trial:
            copy = copies[change.package].get()
            try:
                with _change_in_place(copy, change, contract.packages[change.package].distribution):
                    record = _run_checks(contract.root, copy, change.clauses or None, scratch, 1)
            finally:
                copies[change.package].put(copy)
            return judge_trial(change, record, baselines[change.package])

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(try_change, changes))


def _prepare(contract: Contract, ledger: Ledger, package: str, cache: Path) -> PreparedCell:
    cell = Cell(newest_of((package,), ledger))
    folder = cache / "proof" / "alone" / cell.name
    with exclusive_lock(folder):
        return prepare(contract, ledger, cell, folder)


def _copy(original: PreparedCell, folder: Path) -> PreparedCell:
    """A copy of the environment in ``folder``, with hard links to its files."""
    shutil.copytree(original.folder, folder, symlinks=True, copy_function=os.link)
    release = original.plan.release
    assert release, "a run of one package has its release"
    python = folder / Path(release.python).relative_to(original.folder)
    plan = replace(original.plan, release=replace(release, python=str(python)))
    return PreparedCell(folder, folder / original.python.relative_to(original.folder), plan)


@contextmanager
def _change_in_place(prepared: PreparedCell, change: Change, distribution: str) -> Iterator[None]:
    """Make the change in the environment, and undo it afterwards. Raises MetaError where it does not fit."""
    site = next((prepared.folder / "lib").glob("python3*")) / "site-packages"
    originals: dict[Path, Path | None] = {}
    try:
        for name, text in _new_texts(change, site, distribution).items():
            file = site / name
            originals[file] = file.with_name(f"{file.name}.original") if file.exists() else None
            if original := originals[file]:
                file.rename(original)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8"))
        yield
    finally:
        for file, original in originals.items():
            file.unlink(missing_ok=True)
            if original:
                original.rename(file)


def _new_texts(change: Change, site: Path, distribution: str) -> dict[str, str]:
    """The files that the change makes or changes, with their new texts.

    For a harmless change RECORD is updated too, as a new build would do. For a break it is not: a RECORD that does not
    fit the files may be the very break.
    """
    texts = texts_of(change, site)
    if change.harmless:
        (record,) = site.glob(f"{distribution.replace('-', '_')}-*.dist-info/RECORD")
        texts[record.relative_to(site).as_posix()] = wheel_record_text(record.read_text(encoding="utf-8"), texts)
    return texts


def _run_checks(
    root: Path, prepared: PreparedCell, clauses: tuple[str, ...] | None, scratch: Path, jobs: int
) -> Record:
    """Run the checks of some clauses, or of all clauses, in an environment, and read the record."""
    name = uuid.uuid4().hex
    record = scratch / "records" / f"{name}.jsonl"
    names = [name for name in prepared.plan.clauses if clauses is None or name in clauses]
    plan = prepared.plan.of_clauses(names)
    plan = replace(plan, limits=replace(plan.limits, jobs=jobs))
    run_prepared(root, replace(prepared, plan=plan), record, scratch / "logs" / f"{name}.log")
    return read_record(record)
