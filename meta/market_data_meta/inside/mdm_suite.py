"""The pytest plugin of the conformance suite: clauses in, one record line per check out.

``test_hard_pauses`` in ``test_chain.py`` decides clause ``chain.hard-pauses``. With ``--mdm-plan FILE`` (what
``mdmeta run`` passes) only the clauses in the plan run and a record is written; without it the suite runs what
``contracts/clauses`` says and writes nothing, which is how to work on a check.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
import tomllib
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType

import pytest

import mdm_cage
import mdm_hypothesis
from mdm_attest import attested, installed_versions
from mdm_clause import ClauseCheck, NotApplicableError, ViolationError, described
from mdm_fork import Reports, run_checks, uncollected
from mdm_json import from_json, to_json
from mdm_keep import CAGE
from mdm_landlock import Restriction
from mdm_plain import plain
from mdm_plan import (
    Attestation,
    Cage,
    CellRequest,
    Limits,
    Plan,
    PlannedClause,
    PlannedPackage,
    RecordHeader,
    ReleaseFacts,
)
from mdm_raised import fingerprint, raised
from mdm_record import CheckResult, RecordWriter, attested_plan
from mdm_seal import control
from mdm_serve import Descriptors, TemplateServer, enter_cage
from mdm_trace import Lines, merged, traced

CONTROL = "controls.must-fail"
_PLAN = pytest.StashKey[Plan]()
_SECRET = pytest.StashKey[str]()
_RESULT = "clause"
_LINES = "lines"
# What Python raises in the caller's own frame when a surface or an answer has changed under it: the package's doing.
_SURFACE_ERRORS = (AttributeError, ImportError, LookupError, TypeError, ValueError)


class _EnoughError(Exception):
    """The check came out that the run was to go on until."""


def clause_id(item: pytest.Item) -> str:
    """The clause that a test decides: ``test_<area>.py::test_<words_of_the_id>`` is ``<area>.<words-of-the-id>``."""
    area = item.path.stem.removeprefix("test_")
    name = getattr(item, "originalname", None) or item.name
    return f"{area}.{name.removeprefix('test_').replace('_', '-')}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options by which the tool hands a plan to the suite, or asks for a template of the warm lane."""
    parser.addoption("--mdm-plan", help="the plan of this run, a JSON file written by mdmeta run")
    parser.addoption("--mdm-serve", type=int, help="fork cells on request over this socket instead (see mdm_serve)")


def pytest_configure(config: pytest.Config) -> None:
    """Read the plan. Nothing of the packages is loaded before the run is attested and in its cage."""
    config.addinivalue_line("markers", "fresh: what another check has left behind would mislead it (see mdm_fork)")
    plan_file = config.getoption("--mdm-plan")
    if plan_file:
        plan = from_json(Plan, json.loads(Path(plan_file).read_text()))
    else:
        plan = _plan_from_contracts(config.rootpath)
    if plan.record:
        config.stash[_SECRET] = plan.record.secret
        # The packages need not find it lying about.
        plan = replace(plan, record=replace(plan.record, secret=""))
        Path(plan_file).write_text(json.dumps(to_json(plan)))
    config.stash[_PLAN] = plan
    # Without a handler loguru spends no time on the DEBUG lines that the packages write for every event.
    os.environ.setdefault("LOGURU_AUTOINIT", "False")


def _preload(modules: Iterable[str]) -> None:
    with uncollected():
        for module in modules:
            # That a package cannot be imported is for the checks to find out; they import it again themselves.
            try:
                importlib.import_module(module)
            except Exception as error:  # noqa: BLE001 - anything a release's module body may raise
                print(f"preload of {module}: {described(error)}", file=sys.stderr)


def _plan_from_contracts(root: Path) -> Plan:
    """The plan of whoever works on a check and runs pytest by hand: the clauses of a scope, and no record."""
    scope = os.environ.get("MDM_SCOPE", "combination")
    clauses = {}
    for file in sorted((root / "contracts" / "clauses").glob("*.toml")):
        for name, table in tomllib.loads(file.read_text())["clauses"].items():
            if table["scope"] in (scope, "control"):
                clause = PlannedClause(table["rule"], table["level"], table["scope"], table.get("expect", {}))
                clauses[f"{file.stem}.{name}"] = clause
    tables = tomllib.loads((root / "contracts" / "packages.toml").read_text())["packages"]
    preload = [name for table in tables.values() for name in (*table["imports"], *table.get("preload", ()))]
    release = os.environ.get("MDM_RELEASE")
    return Plan(
        root=str(root),
        packages={
            name: PlannedPackage(table["distribution"], tuple(table["imports"]), table.get("app"))
            for name, table in tables.items()
        },
        clauses=clauses,
        limits=Limits(check_seconds=60.0, jobs=os.cpu_count() or 1),
        preload=tuple(preload) if scope == "combination" else (),
        release=from_json(ReleaseFacts, json.loads(release)) if release else None,
        servers=json.loads(os.environ.get("MDM_SERVERS", "{}")),
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the checks whose clauses the plan does not name."""
    planned = config.stash[_PLAN].clauses
    config.hook.pytest_deselected(items=[item for item in items if clause_id(item) not in planned])
    items[:] = [item for item in items if clause_id(item) in planned]


@pytest.fixture(scope="session")
def plan(pytestconfig: pytest.Config) -> Plan:
    """The plan of this run: its packages, clauses and, in release scope, where the release is installed."""
    return pytestconfig.stash[_PLAN]


@pytest.fixture(scope="session")
def contracts(plan: Plan) -> Path:
    """The folder ``contracts/``."""
    return Path(plan.root) / "contracts"


@pytest.fixture
def clause(request: pytest.FixtureRequest, plan: Plan) -> ClauseCheck:
    """The clause that the requesting check decides."""
    name = clause_id(request.node)
    planned = plan.clauses[name]
    return ClauseCheck(name, planned.rule, planned.level, planned.scope, dict(planned.expect))


@contextlib.contextmanager
def _watched(item: pytest.Item) -> Iterator[None]:
    """Note which lines of the packages a check executes, where the plan asks for it."""
    folders = item.config.stash[_PLAN].trace
    if not folders:
        yield
        return
    try:
        with traced(folders) as lines:
            yield
    finally:
        item.user_properties.append((_LINES, lines))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """What its fixtures execute is the check's doing too."""
    with _watched(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """The check itself."""
    with _watched(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in the report what the phase means for the clause, while the exception is still at hand."""
    report = yield
    excinfo = call.excinfo
    if excinfo is None:
        result = CheckResult("passed")
    elif isinstance(excinfo.value, ViolationError):
        error = excinfo.value
        cause = None if error.__cause__ is None else raised(error.__cause__, _imports(item))
        result = CheckResult("failed", error.what, plain(error.expected), plain(error.got), cause)
    elif isinstance(excinfo.value, NotApplicableError):
        result = CheckResult("not-applicable", excinfo.value.reason)
    elif call.when != "teardown" and _packages_doing(item, excinfo.value):
        got, cause = described(excinfo.value), raised(excinfo.value, _imports(item))
        result = CheckResult("failed", f"the check's {call.when}", "no exception", got, cause)
    else:
        message, cause = f"in {call.when}: {described(excinfo.value)}", raised(excinfo.value, _imports(item))
        result = CheckResult("error", message, raised=cause)
    _put_result(report, result)
    return report


def _put_result(report: pytest.TestReport, result: CheckResult) -> None:
    """Put the result into the report, which goes from the check's process to this one as JSON."""
    report.user_properties.append((_RESULT, asdict(result)))


def _result(report: pytest.TestReport) -> CheckResult:
    (data,) = (value for name, value in report.user_properties if name == _RESULT)
    return from_json(CheckResult, data)


def _packages_doing(item: pytest.Item, error: BaseException) -> bool:
    """Whether an unforeseen exception is the packages' doing: it passed through their code or their surface moved."""
    if isinstance(error, pytest.FixtureLookupError):
        return False
    if isinstance(error, (AssertionError, *_SURFACE_ERRORS)):
        return True
    return any(module.split(".")[0] in _imports(item) for module in _modules(error.__traceback__))


def _imports(item: pytest.Item) -> set[str]:
    """The names of the top-level packages under test."""
    return {name for package in item.config.stash[_PLAN].packages.values() for name in package.imports}


def _modules(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        yield str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the checks and write the record, if the plan asks for one.

    With pytest's ``--pdb`` a person steps in: its own loop then runs the checks, in this process and without a record.
    """
    plan = session.config.stash[_PLAN]
    if session.testsfailed:
        raise session.Interrupted("the suite could not be collected")
    if session.config.option.collectonly:
        return True
    if session.config.getoption("usepdb"):
        _preload(plan.preload)
        return None
    channel = session.config.getoption("--mdm-serve")
    if channel is None:
        _run_planned(session, plan)
    else:
        # Read once for all cells, which cannot change it.
        third_party = installed_versions()
        TemplateServer(channel, lambda request, files: _run_cell(session, request, files, third_party)).serve()
    return True


def _run_planned(session: pytest.Session, plan: Plan) -> None:
    """Run the plan in this process, which the tool has started for it, and restrict it if the plan says so."""
    if plan.record is None:
        _run(session, plan, RecordWriter())
        return
    plan_file = session.config.getoption("--mdm-plan")

    def header() -> RecordHeader:
        cage = _enter_cage(plan)
        return _header(plan, cage, attested_plan(plan, plan_file))

    secret = session.config.stash[_SECRET]
    del session.config.stash[_SECRET]
    _run_sealed(session, plan, plan.record.path, secret, header)


def _enter_cage(plan: Plan) -> Cage | None:
    """Complete the cage that this process was started in; what restricts it."""
    if plan.sandbox is None:
        return None
    outside = json.loads(os.environ[CAGE])
    descriptor = os.open(plan.sandbox.refused_attempts, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return mdm_cage.enter(
        read=[],
        write=plan.sandbox.writable,
        refused_attempts=descriptor,
        loopback_only=outside["loopback_only"],
        restricted=Restriction(outside["landlock"], outside["signals"]),
    )


def _run_cell(session: pytest.Session, request: CellRequest, files: Descriptors, third_party: dict[str, str]) -> None:
    """Run the part of the template's plan that the request names, on the releases that it has put on the path.

    ``third_party`` are the versions of what the template has installed.
    """
    run = request.run
    plan = replace(session.config.stash[_PLAN].of_clauses(run.header.clauses), header=run.header)
    plan = replace(plan, not_applicable=run.not_applicable, recordings=run.recordings)
    if run.trace:
        # A check that shares a process does not execute again what another has imported.
        plan = replace(plan, trace=run.path, limits=replace(plan.limits, checks_per_process=1))

    def header() -> RecordHeader:
        cage = enter_cage(request.process, run.path, files)
        return _header(plan, cage, attested(plan.packages, list(run.path), third_party))

    mdm_hypothesis.keep_in(request.process.home)
    _run_sealed(session, plan, files.result, request.secret, header)


def _header(plan: Plan, cage: Cage | None, attestation: Attestation) -> RecordHeader:
    """The header of the record: what was planned, and what is there."""
    if plan.header is None:
        raise ValueError("the plan has no header for its record")
    return replace(plan.header, **vars(attestation), cage=cage, start=time.time())


def _run_sealed(
    session: pytest.Session, plan: Plan, file: str | int, secret: str, header: Callable[[], RecordHeader]
) -> None:
    """Run the plan and write its record. The control that must fail expects what only this run and the tool know."""
    if CONTROL in plan.clauses:
        expecting = replace(plan.clauses[CONTROL], expect={"sum": control(secret)})
        plan = replace(plan, clauses={**plan.clauses, CONTROL: expecting})
    _run(session, plan, RecordWriter(file, secret, header))


def _run(session: pytest.Session, plan: Plan, writer: RecordWriter) -> None:
    session.config.stash[_PLAN] = plan
    until = plan.header.until if plan.header else ()
    with writer:
        _preload(plan.preload)
        for name, reason in plan.not_applicable.items():
            writer.check(name, CheckResult("not-applicable", reason), 0.0)

        def on_decided(item: pytest.Item, outcome: Reports | str, seconds: float) -> None:
            reports = [_death(item, outcome, seconds)] if isinstance(outcome, str) else outcome
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            results = [_result(report) for report in reports]
            result = next((result for result in results if result.outcome != "passed"), results[0])
            writer.check(clause_id(item), result, seconds)
            lines: list[Lines] = [value for name, value in reports[-1].user_properties if name == _LINES]  # type: ignore[misc]
            if lines:
                writer.trace(clause_id(item), merged(lines))
            if clause_id(item) in until and result.outcome != "passed":
                raise _EnoughError

        def needs_fresh_process(item: pytest.Item) -> bool:
            return item.get_closest_marker("fresh") is not None

        def counts_after_others(item: pytest.Item, reports: Reports) -> bool:
            known = plan.known_failures.get(clause_id(item), ())
            # The control looks at nothing but itself, and fails everywhere.
            return clause_id(item) == CONTROL or all(_counts_after_others(_result(report), known) for report in reports)

        names = plan.clauses.keys() - plan.not_applicable.keys()
        items = [item for item in session.items if clause_id(item) in names]

        def comes_late(item: pytest.Item) -> tuple[float, bool]:
            waits = plan.clauses[clause_id(item)].expect.get("within_seconds", 0.0)
            return -float(waits), not needs_fresh_process(item)

        # What waits for something that may never come, and what needs a process of its own, takes a check longest.
        # Begun first, it waits while the others run, and not after them.
        items.sort(key=comes_late)
        with contextlib.suppress(_EnoughError):
            run_checks(
                items,
                plan.limits,
                needs_fresh_process=needs_fresh_process,
                counts_after_others=counts_after_others,
                on_decided=on_decided,
            )


def _counts_after_others(result: CheckResult, known: Collection[str]) -> bool:
    if result.outcome == "failed":
        return fingerprint(result.message, result.got, result.raised) in known
    return result.outcome == "passed"


def _death(item: pytest.Item, cause: str, seconds: float) -> pytest.TestReport:
    """The report of a check whose process brought none."""
    report = pytest.TestReport(item.nodeid, item.location, {}, "failed", cause, "call", duration=seconds)
    _put_result(report, CheckResult("error", cause))
    return report
