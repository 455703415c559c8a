"""What the suite detects: seeded breaks, each a small change to a real release that its clause must catch."""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from market_data_meta import environment
from market_data_meta.combination import Cell, newest_of
from market_data_meta.contract import Contract, read_toml
from market_data_meta.errors import MetaError
from market_data_meta.ledger import Ledger
from market_data_meta.record import Check, read_record
from market_data_meta.run import Prepared, prepare, run_prepared


@dataclass(frozen=True)
class Break:
    """A change to one file of the newest release (a text that occurs once in it), and the clause that must catch it."""

    clause: str
    package: str
    file: str
    before: str
    after: str
    why: str

    def applied(self, text: str) -> str:
        """The text with the change. Raises MetaError where it does not fit: one that changes nothing proves nothing."""
        crlf = "\r\n" in text
        plain = text.replace("\r\n", "\n")
        if plain.count(self.before) != 1:
            what = f"a break of {self.clause} does not fit {self.file}"
            raise MetaError("bad-break", what, f"its text occurs {plain.count(self.before)} times")
        changed = plain.replace(self.before, self.after)
        return changed.replace("\n", "\r\n") if crlf else changed


@dataclass(frozen=True)
class Trial:
    """What became of a break: the outcome of its clause's check, and what it said."""

    seeded: Break
    outcome: str
    said: str
    known: bool = False

    @property
    def caught(self) -> bool:
        """Whether the check failed, and otherwise than it does on the whole release.

        An error is no catch: it says that the check could not run.
        """
        return self.outcome == "failed" and not self.known


def load_breaks(root: Path) -> list[Break]:
    """Read ``tests/breaks``; one file for each area."""
    files = sorted((root / "tests" / "breaks").glob("*.toml"))
    try:
        return [Break(**table) for file in files for table in read_toml(file)["break"]]
    except TypeError as error:
        raise MetaError("bad-break", "a table in tests/breaks has missing or unknown fields", str(error)) from None


def prove(
    contract: Contract, ledger: Ledger, breaks: list[Break], *, out: Path, done: Callable[[Trial], None]
) -> list[Trial]:
    """Try every break on the newest releases; ``done`` is called with each trial as it ends."""
    aimed: dict[tuple[str, ...], set[str]] = {}
    for seeded in breaks:
        aimed.setdefault(_packages(contract, seeded), set()).add(seeded.clause)
    prepared: dict[tuple[str, ...], Prepared] = {}
    for packages in aimed:
        cell = Cell(newest_of(packages, ledger))
        folder = out / "proof" / cell.name
        with environment.held(folder):
            prepared[packages] = prepare(contract, ledger, cell, folder)
    jobs = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="mdmeta-", dir=out) as name:
        scratch = Path(name)
        copies = _copies(prepared, scratch, jobs)
        known: dict[str, str] = {}
        for packages, clauses in aimed.items():
            checks = _outcomes(contract.root, prepared[packages], clauses, scratch, jobs)
            known |= {name: check.fingerprint for name, check in checks.items() if check.outcome == "failed"}

        def tried(seeded: Break) -> Trial:
            pool = copies[_packages(contract, seeded)]
            copy = pool.get()
            try:
                trial = _try(contract.root, copy, seeded, known, scratch)
            finally:
                pool.put(copy)
            done(trial)
            return trial

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(tried, breaks))


def _packages(contract: Contract, seeded: Break) -> tuple[str, ...]:
    clause = contract.clauses.get(seeded.clause)
    if clause is None:
        raise MetaError("unknown-clause", f"a break names the clause {seeded.clause}, which does not exist")
    return (seeded.package,) if clause.scope == "release" else tuple(contract.packages)


def _copies(
    prepared: dict[tuple[str, ...], Prepared], scratch: Path, jobs: int
) -> dict[tuple[str, ...], queue.Queue[Prepared]]:
    """For each environment ``jobs`` copies to break, hard links to what stays whole."""
    pools: dict[tuple[str, ...], queue.Queue[Prepared]] = {}
    for packages, original in prepared.items():
        pools[packages] = queue.Queue()
        for number in range(jobs):
            folder = scratch / f"{'-'.join(packages)}-{number}"
            shutil.copytree(original.folder, folder, symlinks=True, copy_function=os.link)
            pools[packages].put(_moved(original, folder))
    return pools


def _moved(original: Prepared, folder: Path) -> Prepared:
    """The same environment at another place."""
    plan = dict(original.plan)
    if plan["release"]:
        python = folder / Path(plan["release"]["python"]).relative_to(original.folder)
        plan["release"] = plan["release"] | {"python": str(python)}
    return Prepared(folder, folder / original.python.relative_to(original.folder), plan)


def _try(root: Path, prepared: Prepared, seeded: Break, known: dict[str, str], scratch: Path) -> Trial:
    site = next((prepared.folder / "lib").glob("python3*")) / "site-packages"
    files = sorted(site.glob(seeded.file))
    if len(files) != 1:
        raise MetaError(
            "bad-break", f"a break of {seeded.clause} names {seeded.file}", f"{len(files)} files have that name"
        )
    file = files[0]
    whole = file.with_name(f"{file.name}.whole")
    text = seeded.applied(file.read_bytes().decode("utf-8"))
    file.rename(whole)
    try:
        file.write_bytes(text.encode("utf-8"))
        check = _outcomes(root, prepared, {seeded.clause}, scratch, 1).get(seeded.clause)
    finally:
        whole.replace(file)
    if check is None:
        return Trial(seeded, "error", "the check brought no outcome")
    said = str(check.got if check.outcome == "failed" else check.message or "")
    return Trial(seeded, check.outcome, said, known.get(seeded.clause) == check.fingerprint)


def _outcomes(root: Path, prepared: Prepared, clauses: set[str], scratch: Path, jobs: int) -> dict[str, Check]:
    """What the checks of some clauses say in an environment."""
    planned = {name: table for name, table in prepared.plan["clauses"].items() if name in clauses}
    name = uuid.uuid4().hex
    record = scratch / "records" / f"{name}.jsonl"
    plan = {**prepared.plan, "clauses": planned, "jobs": jobs}
    run_prepared(root, replace(prepared, plan=plan), record, scratch / "logs" / f"{name}.log")
    return dict(read_record(record).checks)


def untried(contract: Contract, breaks: list[Break]) -> list[str]:
    """The clauses that no break is aimed at."""
    aimed = {seeded.clause for seeded in breaks}
    return sorted(name for name, clause in contract.clauses.items() if clause.scope != "control" and name not in aimed)
