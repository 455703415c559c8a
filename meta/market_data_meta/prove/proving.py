"""Proving: every change of combination scope in the warm lane, beside the newest releases as they are."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from market_data_meta import suite
from market_data_meta.combination import Cell, newest_of
from market_data_meta.contract import Contract
from market_data_meta.errors import undecided
from market_data_meta.ledger import Ledger
from market_data_meta.matrix import libraries
from market_data_meta.matrix.cache import Store
from market_data_meta.matrix.codes import Square, codes_of, squares_of
from market_data_meta.matrix.complete import Asked
from market_data_meta.matrix.decisions import contents_of
from market_data_meta.matrix.libraries import Libraries
from market_data_meta.matrix.runner import Step
from market_data_meta.matrix.warm import Job, Template, run_all
from market_data_meta.prove.changes import Change
from market_data_meta.prove.variant import Variant, counted, made
from market_data_meta.record import Record
from market_data_meta.run import header_of, plan_of

SECONDS = 60.0
"""Wall time of one run: a change that makes the suite hang is noticed, but must not hold up the others."""


@dataclass
class Ground:
    """The newest releases, unpacked, and the third-party libraries that they run with."""

    contract: Contract
    ledger: Ledger
    asked: Asked

    def __post_init__(self) -> None:
        from market_data_meta.matrix import wheels

        contract, ledger, python, cache = self.contract, self.ledger, self.asked.interpreter, self.asked.cache
        self.combination = newest_of(contract.packages, ledger)
        published = squares_of(codes_of(contract, ledger))
        square = next(s for s in published if s.combination == self.combination)
        sets = libraries.resolved(contract, ledger, published, python, cache)
        found = sets[square.libraries]
        if isinstance(found, str):
            raise undecided("uninstallable", "the newest releases cannot be installed", found)
        self.libraries: Libraries = found
        family = libraries.families([one for one in sets.values() if not isinstance(one, str)])[found]
        self.store = Store(cache / "proof", suite.digest(contract.root), family, python)
        rows = {contract.packages[c.package].distribution: [c.newest] for c in square.codes}
        paths, faults = wheels.unpack_all(rows, cache, python)
        if faults:
            raise undecided("no-wheel", "the newest releases cannot be had", next(iter(faults.values())))
        self.sites = {code.package: paths[code.newest.sha256] for code in square.codes}
        self.contents = {package: counted(site) for package, site in self.sites.items()}
        self.square: Square = square

    def variant(self, change: Change, folder: Path) -> Variant:
        """The change made in a copy of the release."""
        return made(change, self.sites[change.package], self.contents[change.package], folder)

    def clauses(self, package: str | None) -> tuple[str, ...]:
        """The clauses that a change to a package is shown to: all that bind it, or all for None."""
        every = self.contract.clauses_for(tuple(self.contract.packages)).values()
        return tuple(c.id for c in every if c.scope == "control" or package is None or package in c.binds)

    def header(self, contents: Mapping[str, str], clauses: Sequence[str]) -> dict[str, Any]:
        """The label of a run on changed releases: that of the newest, with the contents that they now have."""
        header = header_of(self.contract, self.ledger, Cell(self.combination), (), sorted(clauses), "warm")
        for package, content in contents.items():
            header["expected"][package] = header["expected"][package] | {"content": content}
        return header


def proved(
    ground: Ground, variants: Sequence[Variant], tell: Callable[[Step], None]
) -> tuple[Record, dict[Variant, Record]]:
    """The record of the whole releases, and of each variant. What was run before with the same clauses is read back."""
    whole = dict(ground.square.contents)
    wanted: dict[str, tuple[dict[str, str], tuple[str, ...], dict[str, Path]]] = {}
    names: dict[Variant, str] = {}
    key = _key(whole, ground.clauses(None))
    wanted[key] = (whole, ground.clauses(None), dict(ground.sites))
    for variant in variants:
        package = variant.change.package
        contents = whole | {package: variant.content}
        clauses = tuple(dict.fromkeys((*ground.clauses(package), *variant.change.clauses)))
        names[variant] = _key(contents, clauses)
        wanted[names[variant]] = (contents, clauses, ground.sites | {package: variant.site})
    known = {_key(contents_of(record), record.header["clauses"]): record for record in ground.store.records()}
    # A run that was stopped may have been stopped by the machine.
    known = {name: record for name, record in known.items() if record.footer}
    missing = {name: what for name, what in wanted.items() if name not in known}
    for name, record in _run(ground, missing, tell):
        known[name] = record
    return known[key], {variant: known[name] for variant, name in names.items()}


def _key(contents: Mapping[str, str], clauses: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps([sorted(contents.items()), sorted(clauses)]).encode()).hexdigest()[:16]


def _run(
    ground: Ground,
    missing: Mapping[str, tuple[dict[str, str], tuple[str, ...], dict[str, Path]]],
    tell: Callable[[Step], None],
) -> Iterable[tuple[str, Record]]:
    if not missing:
        return
    tell(Step(0, 0, "loading the third-party libraries"))
    interpreter = libraries.installed(ground.libraries, ground.asked.interpreter, ground.asked.cache)
    plan = plan_of(ground.contract, tuple(ground.contract.packages)) | {"jobs": 1 + (os.cpu_count() or 1)}
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        folder = Path(name)
        jobs = [_job(ground, key, *what, folder) for key, what in missing.items()]

        def start() -> Template:
            template = Template(ground.contract.root, interpreter, plan, folder / "template.log").__enter__()
            try:
                template.warm([[str(site) for site in ground.sites.values()]], plan["preload"])
            except BaseException:
                template.__exit__(None, None, None)
                raise
            return template

        at_once = (os.cpu_count() or 1) + 1
        for number, (job, cause) in enumerate(run_all(start, jobs, at_once=at_once, seconds=SECONDS), 1):
            contents = missing[job.name][0]
            record = ground.store.keep(contents, job, cause)
            tell(Step(number, len(jobs), job.name, record))
            yield job.name, record


def _job(
    ground: Ground,
    name: str,
    contents: Mapping[str, str],
    clauses: Sequence[str],
    sites: Mapping[str, Path],
    folder: Path,
) -> Job:
    versions = ground.combination.as_dict()
    tables = [ground.contract.clauses[clause] for clause in clauses]
    request = {
        "header": ground.header(contents, clauses),
        "clauses": list(clauses),
        "not_applicable": {c.id: why for c in tables if (why := c.why_not(versions, set(ground.libraries.optional)))},
        "path": [str(site) for site in sites.values()],
    }
    return Job(name, request, folder / f"{name}.jsonl", folder / f"{name}.log")
