"""A few clauses on one cell, for whoever works on a check: in an environment that is used again by the next such run.

Such a run decides those clauses only. It leaves no record behind that anything else would read.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.files import exclusive_lock, write_whole
from market_data_meta.inside.mdm_json import from_json, to_json
from market_data_meta.inside.mdm_plan import ReleaseFacts
from market_data_meta.judging.records import Record, read_record
from market_data_meta.releases.combinations import TODAY, Cell
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments
from market_data_meta.running.isolated import (
    INSTALLED_FILE,
    InstalledCell,
    PreparedCell,
    clean_environment,
    install_cell,
    run_prepared,
    with_plan,
)


@dataclass(frozen=True)
class _ReusableEnvironment:
    """What is installed in an environment that is left for the next run; ``key`` stands for what should be."""

    key: str
    python: str
    forced: tuple[str, ...]
    optional_libraries: tuple[str, ...]
    release: ReleaseFacts | None


def deciding_cell(contract: Contract, cell: Cell, clauses: Collection[str]) -> Cell:
    """The cell itself, or the service in it whose runs decide all of the clauses."""
    for service in cell.services(contract.service_packages):
        if set(clauses) <= contract.clauses_for(service.combination.packages).keys():
            return service
    return cell


def check_scopes(contract: Contract, cell: Cell, clauses: Collection[str]) -> None:
    """Raise MetaError that says what to run where a run of the cell does not decide one of the clauses."""
    packages = cell.combination.packages
    decidable = contract.clauses_for(packages)
    for name in clauses:
        if name in decidable:
            continue
        clause = contract.clauses[name]
        service = contract.service_of(clause)
        packages = service.packages if service else clause.binds[:1] if clause.scope == "release" else ()
        cell_name = " ".join(f"{package}==newest" for package in packages) or "newest"
        hint = f"mdmeta run {cell_name} --clause {name}"
        why = f"its scope is {clause.scope}, and it binds {', '.join(clause.binds)}"
        raise MetaError(ErrorCode.OTHER_SCOPE, f"a run of {cell.combination} does not decide {name}", why, hint)


def run_clauses(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    clauses: Collection[str],
    *,
    out: Path,
    progress: Callable[[str], None],
) -> Record:
    """Run these clauses and the controls on the cell, in the sandbox as every run, and return the record.

    Raises UninstallableError where nothing satisfies the cell.
    """
    with _prepared_cell(contract, ledger, cell, clauses, out, progress) as prepared:
        log = out / "logs" / f"{cell.name}.clauses.log"
        progress(f"{cell.name}: running {len(prepared.plan.clauses)} checks")
        with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
            record = Path(folder) / f"{cell.name}.jsonl"
            run_prepared(contract.root, prepared, record, log)
            return read_record(record)


def debug_clauses(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    clauses: Collection[str],
    *,
    out: Path,
    progress: Callable[[str], None],
) -> bool:
    """Run the clauses' checks in one process on this terminal, with pytest's debugger; whether all of them passed.

    There is no sandbox and no record: a person looks at the packages, and what comes of it is no evidence.
    Raises UninstallableError where nothing satisfies the cell.
    """
    with (
        _prepared_cell(contract, ledger, cell, clauses, out, progress) as prepared,
        tempfile.TemporaryDirectory(prefix="mdmeta-", ignore_cleanup_errors=True) as home,
    ):
        plan_file = Path(home) / "plan.json"
        plan_file.write_text(json.dumps(to_json(prepared.plan.of_clauses(clauses))))
        checks = suite.folder(contract.root)
        command = [str(prepared.python), "-m", "pytest", "--pdb", f"--config-file={checks / 'pytest.ini'}"]
        command += [f"--rootdir={contract.root}", "--mdm-plan", str(plan_file)]
        command += sorted({str(checks / f"test_{name.split('.')[0]}.py") for name in clauses})
        progress(f"{cell.name}: {', '.join(clauses)} in one process, without the sandbox")
        environment = prepared.python.parent.parent
        variables = clean_environment(home, environment / ".hypothesis") | _terminal_variables()
        variables["PYTHONPYCACHEPREFIX"] = str(environment / ".bytecode")
        return subprocess.run(command, cwd=home, env=variables, check=False).returncode == 0


def _terminal_variables() -> dict[str, str]:
    """The variables that tell a debugger about the terminal that it is on."""
    return {name: os.environ[name] for name in ("TERM", "COLUMNS", "LINES", "NO_COLOR") if name in os.environ}


@contextmanager
def _prepared_cell(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    clauses: Collection[str],
    out: Path,
    progress: Callable[[str], None],
) -> Iterator[PreparedCell]:
    """The environment of the cell, locked against other processes, with a plan of these clauses and the controls."""
    check_scopes(contract, cell, clauses)
    folder = out / "environments" / cell.name
    with exclusive_lock(folder):
        installed = _reuse_or_install(contract, ledger, cell, folder, progress)
        # A release alone has no servers, and a person who works on a check may bring their own.
        prepared = with_plan(contract, ledger, cell, installed, users_servers=True)
        yield replace(prepared, plan=prepared.plan.of_clauses([*clauses, *contract.controls]))


def _reuse_or_install(
    contract: Contract, ledger: Ledger, cell: Cell, folder: Path, progress: Callable[[str], None]
) -> InstalledCell:
    """The environment of an earlier such run if the same would be installed now; otherwise it is installed anew."""
    file, key = folder / INSTALLED_FILE, _environment_key(ledger, cell)
    try:
        earlier = from_json(_ReusableEnvironment, json.loads(file.read_text()))
    except (OSError, ValueError):
        earlier = None
    # Today's libraries are resolved each time.
    if earlier and earlier.key == key and cell.third_party != TODAY:
        libraries = frozenset(earlier.optional_libraries)
        return InstalledCell(folder, Path(earlier.python), earlier.forced, libraries, earlier.release)
    installed = install_cell(contract, ledger, cell, folder, progress)
    names = tuple(sorted(installed.optional_libraries))
    data = _ReusableEnvironment(key, str(installed.python), installed.forced, names, installed.release)
    write_whole(file, json.dumps(to_json(data)))
    return installed


def _environment_key(ledger: Ledger, cell: Cell) -> str:
    """A digest of all that decides what is installed in an environment."""
    hashes = [ledger.release(package, version).sha256 for package, version in cell.combination.versions]
    parts = [cell.name, hashes, ledger.as_of, environments.SUITE, environments.OPTIONAL]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
