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
import tomllib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

import mdm_cage
from mdm_attest import third_party
from mdm_clause import Clause, NotApplicableError, ViolationError, described
from mdm_fork import Reports, run_all
from mdm_keep import CAGE
from mdm_record import Record, plain
from mdm_seal import control
from mdm_serve import Template, caged
from mdm_trace import merged, traced

CONTROL = "controls.must-fail"
_PLAN = pytest.StashKey[dict[str, Any]]()
_FINDING = "clause"
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
    given = config.getoption("--mdm-plan")
    plan = json.loads(Path(given).read_text()) if given else _plan_from_contracts(config.rootpath)
    if "secret" in plan:
        # The packages need not find it lying about.
        Path(given).write_text(json.dumps(plan | {"secret": ""}))
    config.stash[_PLAN] = plan
    # Without a handler loguru spends no time on the DEBUG lines that the packages write for every event.
    os.environ.setdefault("LOGURU_AUTOINIT", "False")


def _preload(modules: list[str]) -> None:
    for module in modules:
        # A package that cannot be imported is what the checks are there to tell; they import it again themselves.
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - anything a release's module body may raise
            print(f"preload of {module}: {described(error)}", file=sys.stderr)


def _plan_from_contracts(root: Path) -> dict[str, Any]:
    clauses = {}
    for file in sorted((root / "contracts" / "clauses").glob("*.toml")):
        for name, table in tomllib.loads(file.read_text())["clauses"].items():
            clauses[f"{file.stem}.{name}"] = table
    packages = tomllib.loads((root / "contracts" / "packages.toml").read_text())["packages"]
    preload = [name for package in packages.values() for name in (*package["imports"], *package.get("preload", ()))]
    scope = os.environ.get("MDM_SCOPE", "combination")
    return {
        "root": str(root),
        "packages": packages,
        "preload": preload if scope == "combination" else [],
        "clauses": {name: table for name, table in clauses.items() if table["scope"] in (scope, "control")},
        "not_applicable": {},
        "timeout": 60.0,
        "jobs": os.cpu_count() or 1,
        "share": 1,
        "doubted": [],
        "release": json.loads(os.environ.get("MDM_RELEASE", "null")),
    }


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the checks whose clauses the plan names."""
    planned = config.stash[_PLAN]["clauses"]
    kept = [item for item in items if clause_id(item) in planned]
    gone = [item for item in items if clause_id(item) not in planned]
    config.hook.pytest_deselected(items=gone)
    items[:] = kept


@pytest.fixture(scope="session")
def plan(pytestconfig: pytest.Config) -> dict[str, Any]:
    """The plan of this run: its packages, clauses and, in release scope, where the release is installed."""
    return pytestconfig.stash[_PLAN]


@pytest.fixture(scope="session")
def contracts(plan: dict[str, Any]) -> Path:
    """The folder ``contracts/``."""
    return Path(plan["root"]) / "contracts"


@pytest.fixture
def clause(request: pytest.FixtureRequest, plan: dict[str, Any]) -> Clause:
    """The clause that the requesting check decides."""
    name = clause_id(request.node)
    table = plan["clauses"][name]
    return Clause(name, table["rule"], table["level"], table["scope"], table.get("expect", {}))


@contextlib.contextmanager
def _watched(item: pytest.Item) -> Iterator[None]:
    """Note which lines of the packages a check executes, where the plan asks for it."""
    folders = item.config.stash[_PLAN].get("trace")
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
        finding = {"outcome": "passed"}
    elif isinstance(excinfo.value, ViolationError):
        error = excinfo.value
        finding = {
            "outcome": "failed",
            "message": error.what,
            "expected": plain(error.expected),
            "got": plain(error.got),
        }
    elif isinstance(excinfo.value, NotApplicableError):
        finding = {"outcome": "not-applicable", "message": excinfo.value.reason}
    elif call.when != "teardown" and _packages_doing(item, excinfo.value):
        got = described(excinfo.value)
        finding = {"outcome": "failed", "message": f"the check's {call.when}", "expected": "no exception", "got": got}
    else:
        finding = {"outcome": "error", "message": f"in {call.when}: {described(excinfo.value)}"}
    report.user_properties.append((_FINDING, finding))
    return report


def _packages_doing(item: pytest.Item, error: BaseException) -> bool:
    """Whether an unforeseen exception is the packages' doing: it passed through their code or their surface moved."""
    if isinstance(error, pytest.FixtureLookupError):
        return False
    if isinstance(error, (AssertionError, *_SURFACE_ERRORS)):
        return True
    imports = {name for package in item.config.stash[_PLAN]["packages"].values() for name in package["imports"]}
    return any(module.split(".")[0] in imports for module in _modules(error.__traceback__))


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
        _preload(plan["preload"])
        return None
    serve = session.config.getoption("--mdm-serve")
    if serve is None:
        _run(session, plan, session.config.getoption("--mdm-plan"), lambda: _caged(plan))
    else:
        _tables()
        # Read once for all cells, which cannot change it.
        plan["third_party"] = third_party()
        Template(serve, lambda request: _run_warm(session, plan, request)).serve()
    return True


def _tables(home: str = "") -> None:
    """Have hypothesis make its tables here, for all cells; what else it keeps in a cell goes to its ``home``."""
    with contextlib.suppress(ImportError, AttributeError):
        from hypothesis.configuration import set_hypothesis_home_dir
        from hypothesis.internal.charmap import charmap, intervals_from_codec

        if home:
            set_hypothesis_home_dir(Path(home) / ".hypothesis")
        else:
            charmap()
            intervals_from_codec("utf-8")


def _caged(plan: dict[str, Any]) -> Any:
    """Complete the cage that this process was started in; what holds."""
    if "write" not in plan:
        return None
    deeds = os.open(plan["deeds"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    restricted = json.loads(os.environ[CAGE])
    return mdm_cage.enter(read=[], write=plan["write"], deeds=deeds, restricted=restricted)


def _run_warm(session: pytest.Session, plan: dict[str, Any], request: dict[str, Any]) -> None:
    """Run the part of the template's plan that the request asks for, on the releases that it has put on the path."""
    clauses = {name: plan["clauses"][name] for name in request["clauses"]}
    plan.update(header=request["header"], record=request["record"], secret=request["secret"], clauses=clauses)
    plan["not_applicable"] = {name: why for name, why in request["not_applicable"].items() if name in clauses}
    plan["path"] = request["path"]
    if request.get("trace"):
        # A check that shares a process does not execute again what another has imported.
        plan |= {"trace": request["path"], "share": 1}
    plan["until"] = request.get("until", ())
    _tables(request["home"])
    _run(session, plan, str(request["record"]), lambda: caged(request))


def _run(session: pytest.Session, plan: dict[str, Any], plan_file: str | None, cage: Callable[[], Any]) -> None:
    if plan_file and CONTROL in plan["clauses"]:
        plan["clauses"][CONTROL] = plan["clauses"][CONTROL] | {"expect": {"sum": control(plan["secret"])}}
    with Record(plan, plan_file, cage) as record:
        _preload(plan["preload"])
        for name, reason in plan["not_applicable"].items():
            record.check(name, {"outcome": "not-applicable", "message": reason}, 0.0)

        def done(item: pytest.Item, result: Reports | str, seconds: float) -> None:
            reports = [_death(item, result, seconds)] if isinstance(result, str) else result
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            findings: list[Any] = [dict(report.user_properties)[_FINDING] for report in reports]
            finding = next((f for f in findings if f["outcome"] != "passed"), findings[0])
            record.check(clause_id(item), finding, seconds)
            found: list[Any] = [value for name, value in reports[-1].user_properties if name == _LINES]
            if found:
                record.trace(clause_id(item), merged(found))
            if clause_id(item) in plan.get("until", ()) and finding["outcome"] != "passed":
                raise _EnoughError

        def doubted(item: pytest.Item) -> bool:
            return clause_id(item) in plan["doubted"] or item.get_closest_marker("fresh") is not None

        def believed(item: pytest.Item, reports: Reports) -> bool:
            # The control looks at nothing but itself, and fails everywhere.
            return clause_id(item) == CONTROL or all(report.passed for report in reports)

        wanted = plan["clauses"].keys() - plan["not_applicable"].keys()
        items = [item for item in session.items if clause_id(item) in wanted]
        with contextlib.suppress(_EnoughError):
            limits = {key: plan[key] for key in ("jobs", "share", "timeout")}
            run_all(items, **limits, doubted=doubted, believed=believed, done=done)


def _death(item: pytest.Item, cause: str, seconds: float) -> pytest.TestReport:
    """The report of a check whose process brought none."""
    report = pytest.TestReport(item.nodeid, item.location, {}, "failed", cause, "call", duration=seconds)
    report.user_properties.append((_FINDING, {"outcome": "error", "message": cause}))
    return report
