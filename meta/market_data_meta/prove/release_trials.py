"""Proving clauses of release scope: each change in a copy of the clean install of the newest release."""

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

from market_data_meta.contract import Contract
from market_data_meta.files import exclusive_lock
from market_data_meta.judging.records import Record, read_record
from market_data_meta.prove.changes import Change
from market_data_meta.prove.score import Trial, trial
from market_data_meta.prove.variant import recorded, texts_of
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.isolated import PreparedCell, prepare, run_prepared


def try_releases_alone(contract: Contract, ledger: Ledger, changes: Sequence[Change], cache: Path) -> list[Trial]:
    """Try each change on its release alone. A break runs its own clauses, what is harmless all of the release."""
    packages = tuple(dict.fromkeys(change.package for change in changes))
    jobs = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        scratch = Path(name)
        whole: dict[str, Record] = {}
        copies: dict[str, queue.Queue[PreparedCell]] = {}
        for package in packages:
            prepared = _prepared(contract, ledger, package, cache)
            whole[package] = _record(contract.root, prepared, None, scratch, jobs)
            copies[package] = queue.Queue()
            for number in range(jobs):
                copies[package].put(_copied(prepared, scratch / f"{package}-{number}"))

        def tried(change: Change) -> Trial:
            copy = copies[change.package].get()
            try:
                with _changed(copy, change, contract.packages[change.package].distribution):
                    record = _record(contract.root, copy, change.clauses or None, scratch, 1)
            finally:
                copies[change.package].put(copy)
            return trial(change, record, whole[change.package])

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(tried, changes))


def _prepared(contract: Contract, ledger: Ledger, package: str, cache: Path) -> PreparedCell:
    cell = Cell(newest_of((package,), ledger))
    folder = cache / "proof" / "alone" / cell.name
    with exclusive_lock(folder):
        return prepare(contract, ledger, cell, folder)


def _copied(original: PreparedCell, folder: Path) -> PreparedCell:
    """The same environment at another place, hard links to what stays whole."""
    shutil.copytree(original.folder, folder, symlinks=True, copy_function=os.link)
    plan = dict(original.plan)
    python = folder / Path(plan["release"]["python"]).relative_to(original.folder)
    plan["release"] = plan["release"] | {"python": str(python)}
    return PreparedCell(folder, folder / original.python.relative_to(original.folder), plan)


@contextmanager
def _changed(prepared: PreparedCell, change: Change, distribution: str) -> Iterator[None]:
    """The environment with the change in it. Raises MetaError where it does not fit."""
    site = next((prepared.folder / "lib").glob("python3*")) / "site-packages"
    whole: dict[Path, Path | None] = {}
    try:
        for name, text in _texts(change, site, distribution).items():
            file = site / name
            whole[file] = file.with_name(f"{file.name}.whole") if file.exists() else None
            if kept := whole[file]:
                file.rename(kept)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8"))
        yield
    finally:
        for file, kept in whole.items():
            file.unlink(missing_ok=True)
            if kept:
                kept.rename(file)


def _texts(change: Change, site: Path, distribution: str) -> dict[str, str]:
    """What the change makes of the installed files.

    What is harmless is built anew, and RECORD with it. A break may be of just that kind, and is made as it is written.
    """
    texts = texts_of(change, site)
    if change.harmless:
        (record,) = site.glob(f"{distribution.replace('-', '_')}-*.dist-info/RECORD")
        texts[record.relative_to(site).as_posix()] = recorded(record.read_text(encoding="utf-8"), texts)
    return texts


def _record(root: Path, prepared: PreparedCell, clauses: tuple[str, ...] | None, scratch: Path, jobs: int) -> Record:
    """What the checks of some clauses, or of all, say in an environment."""
    planned = {name: table for name, table in prepared.plan["clauses"].items() if clauses is None or name in clauses}
    name = uuid.uuid4().hex
    record = scratch / "records" / f"{name}.jsonl"
    plan = {**prepared.plan, "clauses": planned, "jobs": jobs}
    run_prepared(root, replace(prepared, plan=plan), record, scratch / "logs" / f"{name}.log")
    return read_record(record)
