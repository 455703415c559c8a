"""The isolated lane: one cell in an environment of its own, its outcome in one record."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError, UninstallableError, undecided
from market_data_meta.files import exclusive_lock, write_whole
from market_data_meta.inside.mdm_json import to_json
from market_data_meta.inside.mdm_landlock import writable
from market_data_meta.inside.mdm_plan import ENVIRONMENT, Plan, RecordFile, RecordFooter, ReleaseFacts, Sandbox
from market_data_meta.judging.records import Record, death_line, line_text, read_record, record_text
from market_data_meta.judging.repeated_checks import with_repetitions
from market_data_meta.releases.combinations import Cell
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments
from market_data_meta.running.bytecode import RunByteCode, linked_sources
from market_data_meta.running.cache import default_cache
from market_data_meta.running.homes import make_home
from market_data_meta.running.plans import cell_plan, record_header, release_facts, sharing_processes
from market_data_meta.running.sandbox import run_in_sandbox
from market_data_meta.running.seals import text_or_empty, verified_lines
from market_data_meta.running.servers import readable_for

SUITE_SECONDS = 300.0
"""CPU time of one run of the suite: it takes less than a tenth of that."""
REPETITIONS = 3
"""How often a check is run again before what it shows is told as news."""
INSTALLED_FILE = ".mdmeta-installed.json"
"""In an environment that is left for later runs of a few clauses: what is installed in it (see ``clause_runs``)."""


OnChecks = Callable[[int, int], None]
"""Is told how many checks of a run have ended, and of how many."""


@dataclass(frozen=True)
class InstalledCell:
    """An environment in which a cell is installed, and the interpreter that runs the suite on it.

    ``forced`` are the requirements that had to be overridden, ``optional_libraries`` those of the suite's optional
    ones that could be installed beside it. ``release`` is for the checks of release scope.
    """

    folder: Path
    python: Path
    forced: tuple[str, ...]
    optional_libraries: frozenset[str]
    release: ReleaseFacts | None


@dataclass(frozen=True)
class PreparedCell:
    """An environment in which a cell is installed, the interpreter that runs the suite, and the plan of the run."""

    folder: Path
    python: Path
    plan: Plan


def run_cell(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    *,
    out: Path,
    into: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
    on_checks: OnChecks = lambda _ended, _of: None,
    before_run: Callable[[], None] = lambda: None,
    to_repeat: Callable[[Record], Collection[str]] = lambda _: (),
    users_servers: bool = False,
    cache: Path | None = None,
) -> Record:
    """Run the suite on one cell and return its record. Raises MetaError where it cannot be installed for now.

    ``into`` is a virtual environment that is ours to fill; without it one is made in ``out``.
    A combination that no versions satisfy gets a record that says so. ``progress`` is called with each step,
    ``on_checks`` now and then with the number of checks that have ended and of all, ``before_run`` when all is
    installed: nothing of the releases runs before it returns. The clauses that ``to_repeat`` names are run again, each
    check alone in a fresh process, and the record has an error for what does not repeat. With ``users_servers`` the
    checks have the servers that the user names, and the record says so. In ``cache`` is the byte code that all runs
    share [default_cache()].
    """
    record = out / "records" / f"{cell.name}.jsonl"
    log = out / "logs" / f"{cell.name}.log"
    folder = into or out / "environments" / cell.name
    if into and not (into / "pyvenv.cfg").is_file():
        raise MetaError(ErrorCode.NO_ENVIRONMENT, f"{into} is not a virtual environment, and only those are filled")
    with exclusive_lock(folder), exclusive_lock(log):
        record.unlink(missing_ok=True)
        try:
            prepared = prepare(contract, ledger, cell, folder, progress, users_servers=users_servers)
        except UninstallableError as error:
            header = replace(record_header(contract, ledger, cell, ()), uninstallable=error.why, start=time.time())
            write_whole(record, line_text(header) + line_text(RecordFooter({}, time.time())))
        else:
            compiled = _byte_code(contract.root, prepared, cache or default_cache())
            compiled.bring()
            before_run()
            progress(f"{cell.name}: running {len(prepared.plan.clauses)} checks")
            with tempfile.TemporaryDirectory(prefix="mdmeta-") as own:
                # Whoever sees the record may take it for what it is to be in the end.
                first_file = Path(own) / record.name
                run_prepared(contract.root, prepared, first_file, log, on_checks)
                text, first = first_file.read_text(encoding="utf-8"), read_record(first_file)
            if first.footer and (clauses := to_repeat(first)):
                progress(f"{cell.name}: running {len(clauses)} checks again, {REPETITIONS} times")
                text = record_text(with_repetitions(first, _repeat(contract, prepared, clauses), clauses))
            write_whole(record, text)
            compiled.keep([prepared.folder, suite.folder(contract.root), suite.INSIDE])
        # Read before another run of the same cell may replace it.
        return read_record(record)


def _repeat(contract: Contract, prepared: PreparedCell, clauses: Collection[str]) -> list[Record]:
    """Further runs of these clauses, each check alone in a fresh process."""
    plan = prepared.plan.of_clauses([*clauses, *contract.controls])
    some = replace(prepared, plan=replace(plan, limits=replace(plan.limits, checks_per_process=1)))
    records = []
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        for number in range(REPETITIONS):
            file = Path(folder) / f"{number}.jsonl"
            run_prepared(contract.root, some, file, file.with_suffix(".log"))
            records.append(read_record(file))
    return records


def prepare(
    contract: Contract,
    ledger: Ledger,
    cell: Cell,
    folder: Path,
    progress: Callable[[str], None] = lambda _: None,
    *,
    users_servers: bool = False,
) -> PreparedCell:
    """Install the cell in an environment in ``folder``, for a run in which checks share processes.

    Raises UninstallableError where nothing satisfies it.
    """
    installed = install_cell(contract, ledger, cell, folder, progress)
    prepared = with_plan(contract, ledger, cell, installed, users_servers=users_servers)
    return replace(prepared, plan=sharing_processes(contract, prepared.plan))


def install_cell(
    contract: Contract, ledger: Ledger, cell: Cell, folder: Path, progress: Callable[[str], None]
) -> InstalledCell:
    """Install the cell in an environment in ``folder``. Raises UninstallableError where nothing satisfies it."""
    (folder / INSTALLED_FILE).unlink(missing_ok=True)
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
    release = release_facts(contract, ledger, cell, python) if alone else None
    return InstalledCell(folder, Path(host), lock.forced, lock.optional, release)


def with_plan(
    contract: Contract, ledger: Ledger, cell: Cell, installed: InstalledCell, *, users_servers: bool
) -> PreparedCell:
    """The cell's environment with the plan of a run of all its clauses, each check in a process of its own."""
    plan = cell_plan(
        contract,
        ledger,
        cell,
        forced=installed.forced,
        optional_libraries=installed.optional_libraries,
        release=installed.release,
        users_servers=users_servers,
    )
    return PreparedCell(installed.folder, installed.python, plan)


def run_prepared(
    root: Path, prepared: PreparedCell, record: Path, log: Path, on_checks: OnChecks = lambda _ended, _of: None
) -> None:
    """Run the suite in the environment and put the record in place, complete or with the cause of its early end."""
    if prepared.plan.header is None:
        raise ValueError("the plan of a run has the header of its record")
    record.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_hex(16)
    try:
        text, ended, attempts = _pytest(root, prepared, secret, log, on_checks)
        lines, cause = verified_lines(text, attempts, prepared.plan.header, secret, ended)
        if not lines:
            raise undecided(ErrorCode.NO_RECORD, f"the suite did not start on {record.stem}", cause, f"read {log}")
        if cause:
            # What it recorded before is shown, and is no evidence.
            lines.append(death_line(cause))
        write_whole(record, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        what = f"the record of {record.stem} could not be written"
        raise undecided(ErrorCode.DISK, what, str(error), "free some space") from None


def _byte_code_folder(prepared: PreparedCell) -> Path:
    """Where the interpreters of the run look for byte code, and write it."""
    return prepared.python.parent.parent / ".bytecode"


def _byte_code(root: Path, prepared: PreparedCell, cache: Path) -> RunByteCode:
    """The byte code of the libraries and of our own modules, which other environments have as well."""
    environments = {prepared.folder, prepared.python.parent.parent}
    libraries = [source for environment in environments for source in linked_sources(environment)]
    own = [source for folder in (suite.folder(root), suite.INSIDE) for source in folder.glob("*.py")]
    return RunByteCode(prepared.python, (*libraries, *own), _byte_code_folder(prepared), cache / "bytecode")


def _pytest(root: Path, prepared: PreparedCell, secret: str, log: Path, on_checks: OnChecks) -> tuple[str, str, str]:
    """Run pytest on the plan: its record, why it ended before its time, or nothing, and what it tried and was refused.

    Its exit code says nothing: the record does.
    """
    python, environment = prepared.python, prepared.python.parent.parent
    fixed = prepared.plan.header.environment if prepared.plan.header else ENVIRONMENT
    with make_home() as home:
        record, attempts, plan_file = (Path(home) / name for name in ("record.jsonl", "refused-attempts", "plan.json"))
        # What need not be made in every run stays with the environment, in which there is nobody else's code.
        storage, compiled = environment / ".hypothesis", _byte_code_folder(prepared)
        for folder in (storage, compiled):
            folder.mkdir(exist_ok=True)
        sandbox = Sandbox(tuple(writable([home, str(storage), str(compiled)])), str(attempts))
        plan = replace(prepared.plan, record=RecordFile(str(record), secret), sandbox=sandbox)
        plan_file.write_text(json.dumps(to_json(plan)))

        def watch() -> None:
            # A record that is being written has a header, a line for each check that has ended, and then a footer.
            ended = text_or_empty(record).count("\n") - 1
            on_checks(min(max(0, ended), len(plan.clauses)), len(plan.clauses))

        checks = suite.folder(root)
        command = [*suite.command(python), "--tb=native"]
        command += [f"--config-file={checks / 'pytest.ini'}", f"--rootdir={root}"]
        areas = sorted({name.split(".")[0] for name in plan.clauses})
        command += ["--mdm-plan", str(plan_file), *(str(checks / f"test_{area}.py") for area in areas)]
        ending = run_in_sandbox(
            command,
            log,
            home=home,
            variables=clean_environment(home, storage, fixed) | {"PYTHONPYCACHEPREFIX": str(compiled)},
            writable=[storage, compiled],
            readable=[checks, root / "contracts", suite.INSIDE, prepared.folder, *readable_for(root, plan.servers)],
            seconds=SUITE_SECONDS,
            watch=watch,
            # A user's own server is beyond a loopback of the run's own.
            own_loopback=not any(server.endswith("_url") for server in plan.servers),
            name="the suite",
            # 1 is for checks that failed.
            good_statuses=(0, 1),
        )
        return text_or_empty(record), ending.cause or "", text_or_empty(attempts)


def clean_environment(home: str, storage: Path, environment: Mapping[str, str] = ENVIRONMENT) -> dict[str, str]:
    """The variables that a release may see: no token, no setting or time zone of the caller, a home of its own.

    ``storage`` is where hypothesis stores what it need not make twice. A run with another ``environment`` than every
    run has is no evidence, and its record's header says which it had.
    """
    inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    fixed = {name: value for name, value in environment.items() if name.isupper()}
    return (
        inherited
        | fixed
        | {
            "HOME": home,
            "TMPDIR": home,
            "PYTHONPATH": str(suite.INSIDE),
            # Its table of Unicode takes a second to make, and would be made in every check's own folder.
            "HYPOTHESIS_STORAGE_DIRECTORY": str(storage),
            # Plugins come along with what the packages and the suite require; none of them is to take part.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "HYPOTHESIS_NO_PLUGINS": "1",
            "PYDANTIC_DISABLE_PLUGINS": "__all__",
        }
    )
