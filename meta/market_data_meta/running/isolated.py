"""The isolated lane: one cell in an environment of its own, its outcome in one record."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError, UninstallableError, undecided
from market_data_meta.files import exclusive_lock, write_whole
from market_data_meta.inside.mdm_landlock import writable
from market_data_meta.judging.records import FORMAT, Record, read_record
from market_data_meta.releases.combinations import Cell
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import direct_references
from market_data_meta.running import environments
from market_data_meta.running.sandbox import run_in_sandbox
from market_data_meta.running.seals import evidence, text_or_empty

CHECK_SECONDS = 30.0
"""CPU time of one check: the slowest, which imports every module of a package that was never imported, takes some 4 s.
What it may take of wall time is a multiple of that, as everywhere (see mdm_tree)."""
SUITE_SECONDS = 300.0
"""CPU time of one run of the suite: it takes less than a tenth of that."""
SHARE = 16
"""Checks that share a process in the warm lane, at most."""


KEPT = ".mdmeta-installed.json"
"""In an environment that is kept for runs of a few clauses: what it holds (see ``clause_runs``)."""


@dataclass(frozen=True)
class InstalledCell:
    """An environment that holds a cell, the interpreter that runs the suite on it, and what resolving it has told:
    what had to be forced, and which of the suite's optional libraries are there. ``release`` is told to the checks of
    release scope.
    """

    folder: Path
    python: Path
    forced: tuple[str, ...]
    libraries: frozenset[str]
    release: Mapping[str, Any] | None


@dataclass(frozen=True)
class PreparedCell:
    """An environment that holds a cell, the interpreter that runs the suite on it, and the plan of the run."""

    folder: Path
    python: Path
    plan: Mapping[str, Any]


def run_cell(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    *,
    out: Path,
    into: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
    ready: Callable[[], None] = lambda: None,
) -> Record:
    """Run the suite on one cell and return its record. Raises MetaError where it cannot be installed for now.

    ``into`` is a virtual environment that is ours to fill; without it one is made in ``out``.
    A combination that no versions satisfy gets a record that says so. ``progress`` is told of each step. ``ready`` is
    called when all is installed: nothing of the releases runs before it returns.
    """
    record = out / "records" / f"{cell.name}.jsonl"
    log = out / "logs" / f"{cell.name}.log"
    folder = into or out / "environments" / cell.name
    if into and not (into / "pyvenv.cfg").is_file():
        raise MetaError(ErrorCode.NO_ENVIRONMENT, f"{into} is not a virtual environment, and only those are filled")
    with exclusive_lock(folder), exclusive_lock(log):
        record.unlink(missing_ok=True)
        try:
            prepared = prepare(contract, ledger, cell, folder, progress)
        except UninstallableError as error:
            header = record_header(contract, ledger, cell, (), [])
            lines = [header | {"uninstallable": error.why, "start": time.time()}]
            lines.append({"kind": "footer", "counts": {}, "end": time.time()})
            write_whole(record, "".join(json.dumps(line) + "\n" for line in lines))
        else:
            ready()
            progress(f"{cell.name}: running {len(prepared.plan['clauses'])} checks")
            run_prepared(contract.root, prepared, record, log)
        # Read before another run of the same cell may replace it.
        return read_record(record)


def prepare(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    folder: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> PreparedCell:
    """Fill ``folder`` with an environment that holds the cell. Raises UninstallableError where nothing satisfies it."""
    return planned(contract, ledger, cell, install_cell(contract, ledger, cell, folder, progress))


def install_cell(
    contract: Contract, ledger: Ledger, cell: Cell, folder: Path, progress: Callable[[str], None]
) -> InstalledCell:
    """Fill ``folder`` with an environment that holds the cell. Raises UninstallableError where nothing satisfies it."""
    (folder / KEPT).unlink(missing_ok=True)
    python = environments.create(folder, cell.python)
    progress(f"{cell.name}: resolving")
    # uv asks the interpreter what it is: not the one that holds what a stranger may have put there.
    base = environments.base_interpreter(python)
    lock = environments.resolve_cell(contract, ledger, cell, base)
    progress(f"{cell.name}: installing {len(environments.locked_versions(lock.suite))} distributions")
    alone = len(cell.combination.packages) == 1
    environments.install(python, lock.packages if alone else lock.suite)
    host = python
    if alone:
        # The clean install stays clean: the checks run in an environment inside it and look at it from there.
        host = environments.create(folder / "suite", base)
        environments.install(host, lock.suite)
    release = _release(contract, ledger, cell, python) if alone else None
    return InstalledCell(folder, Path(host), lock.forced, lock.optional, release)


def planned(contract: Contract, ledger: Ledger, cell: Cell, installed: InstalledCell) -> PreparedCell:
    """The plan of a run of all clauses of the cell, in the environment that holds it."""
    clauses = contract.clauses_for(cell.combination.packages)
    versions, libraries = cell.combination.as_dict(), set(installed.libraries)
    plan = suite_plan(contract, cell.combination.packages) | {
        "header": record_header(contract, ledger, cell, installed.forced, sorted(clauses)),
        "not_applicable": {c.id: why for c in clauses.values() if (why := c.why_not_applicable(versions, libraries))},
        "release": installed.release,
    }
    return PreparedCell(installed.folder, installed.python, plan)


def suite_plan(contract: Contract, names: tuple[str, ...]) -> dict[str, Any]:
    """What the suite is told in every run of these packages, whatever their versions."""
    clauses = contract.clauses_for(names)
    packages = contract.packages.items()
    return {
        "root": str(contract.root),
        "packages": {n: {"distribution": p.distribution, "imports": p.imports, "app": p.app} for n, p in packages},
        "preload": [] if len(names) == 1 else [name for _, p in packages for name in (*p.imports, *p.preload)],
        "clauses": {c.id: {k: getattr(c, k) for k in ("rule", "level", "scope", "expect")} for c in clauses.values()},
        "not_applicable": {},
        "release": None,
        "timeout": CHECK_SECONDS,
        "jobs": 2 * (os.cpu_count() or 1),
        "share": 1,
        "doubted": [],
    }


def warm_plan(contract: Contract, ledger: Ledger) -> dict[str, Any]:
    """What a template of the warm lane is told: as everywhere, but that checks share processes.

    A clause that is waived anywhere is expected to fail: its check is the first in a process, so that it need not be
    decided again (see mdm_fork).
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.judging.waiver_file import load_waivers

    doubted = sorted({waiver.clause for waiver in load_waivers(contract.root, ledger)})
    jobs = 1 + (os.cpu_count() or 1)
    return suite_plan(contract, tuple(contract.packages)) | {"jobs": jobs, "share": SHARE, "doubted": doubted}


def run_prepared(root: Path, prepared: PreparedCell, record: Path, log: Path) -> None:
    """Run the suite in the environment and put the record in place, whole or with the cause of its early end."""
    record.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_hex(16)
    try:
        text, ended, deeds = _pytest(root, prepared, secret, log)
        lines, cause = evidence(text, deeds, prepared.plan["header"], secret, ended)
        if not lines:
            raise undecided(ErrorCode.NO_RECORD, f"the suite did not start on {record.stem}", cause, f"read {log}")
        if cause:
            # What it said before is shown, and is no evidence.
            lines.append(json.dumps({"kind": "death", "cause": cause}))
        write_whole(record, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        what = f"the record of {record.stem} could not be written"
        raise undecided(ErrorCode.DISK, what, str(error), "free some space") from None


def _pytest(root: Path, prepared: PreparedCell, secret: str, log: Path) -> tuple[str, str, str]:
    """Run pytest on the plan: its record, why it ended before its time, or nothing, and what it tried and was refused.

    Its exit code says nothing: the record does.
    """
    python, environment = prepared.python, prepared.python.parent.parent
    with tempfile.TemporaryDirectory(prefix="mdmeta-", ignore_cleanup_errors=True) as home:
        record, deeds, plan_file = (Path(home) / name for name in ("record.jsonl", "deeds", "plan.json"))
        # What need not be made in every run is kept with the environment, which holds nobody else's code.
        storage, compiled = environment / ".hypothesis", environment / ".bytecode"
        for folder in (storage, compiled):
            folder.mkdir(exist_ok=True)
        write = writable([home, str(storage), str(compiled)])
        plan = {**prepared.plan, "record": str(record), "deeds": str(deeds), "secret": secret, "write": write}
        plan_file.write_text(json.dumps(plan))
        checks = suite.folder(root)
        command = [*suite.command(python), "--tb=native"]
        command += [f"--config-file={checks / 'pytest.ini'}", f"--rootdir={root}"]
        areas = sorted({name.split(".")[0] for name in plan["clauses"]})
        command += ["--mdm-plan", str(plan_file), *(str(checks / f"test_{area}.py") for area in areas)]
        ending = run_in_sandbox(
            command,
            log,
            home=home,
            variables=clean_environment(home, storage) | {"PYTHONPYCACHEPREFIX": str(compiled)},
            writable=[storage, compiled],
            readable=[checks, root / "contracts", suite.INSIDE, prepared.folder],
            seconds=SUITE_SECONDS,
            name="the suite",
            # 1 is for checks that failed.
            good_statuses=(0, 1),
        )
        return text_or_empty(record), ending.cause or "", text_or_empty(deeds)


def clean_environment(home: str, storage: Path) -> dict[str, str]:
    """The variables that a release may see: no token, no setting of the caller, a home of its own.

    ``storage`` is where hypothesis keeps what it need not make twice.
    """
    inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TZ") if name in os.environ}
    return inherited | {
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(suite.INSIDE),
        "PYTHONHASHSEED": "0",
        # Its table of Unicode takes a second to make, and would be made in every check's own folder.
        "HYPOTHESIS_STORAGE_DIRECTORY": str(storage),
        # Plugins come along with what the packages and the suite require; none of them is to take part.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HYPOTHESIS_NO_PLUGINS": "1",
        "PYDANTIC_DISABLE_PLUGINS": "__all__",
    }


def record_header(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    forced: tuple[str, ...],
    clauses: list[str],
    lane: str = "isolated",
) -> dict[str, Any]:
    """What a record's header says before anything has run: the label that the attestation is held against."""
    releases = {name: ledger.release(name, version) for name, version in cell.combination.versions}
    return {
        "kind": "header",
        "format": FORMAT,
        "suite": suite.digest(contract.root),
        "lane": lane,
        "cell": cell.name,
        "combination": cell.combination.as_dict(),
        "expected": {n: {"content": r.content, "sha256": r.sha256} for n, r in releases.items()},
        "forced": list(forced),
        "as_of": None if cell.third_party == "today" else ledger.as_of,
        "third_party_choice": cell.third_party,
        "clauses": clauses,
    }


def _release(contract: Contract, ledger: Ledger, cell: Cell, python: str) -> dict[str, Any]:
    """What the checks of release scope are told: where the release is, what is published, which extras resolve."""
    ((package, version),) = cell.combination.versions
    distribution = contract.packages[package].distribution
    extras: dict[str, str | None] = {}
    unlooked: dict[str, str] = {}
    release = ledger.release(package, version)
    for extra in release.extras():
        references = () if ledger.allows_direct_references else direct_references(release, extra)
        if references:
            unlooked[extra] = f"it names {', '.join(references)}"
            continue
        options = [
            "--python",
            environments.base_interpreter(python),
            "--only-binary",
            ":all:",
            "--exclude-newer",
            ledger.as_of,
        ]
        try:
            wanted = ledger.requirement(distribution, release, f"[{extra}]")
            environments.uv("pip", "compile", "-", *options, text=wanted)
            extras[extra] = None
        except UninstallableError as error:
            extras[extra] = error.why
    published = {contract.packages[n].distribution: [r.version for r in rows] for n, rows in ledger.releases.items()}
    about = {"package": package, "version": version, "python": python, "published": published}
    return about | {"extras": extras, "unlooked": unlooked}
