"""One package alone, in a clean install: what it ships, declares and says of itself."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path, PurePosixPath

import pytest

from mdc_datafiles import data_files
from mdc_release import Release, canonical, metadata_faults
from mdc_source import imports_of
from mdm_clause import ClauseCheck
from mdm_plan import Plan


@pytest.fixture(scope="session")
def release(plan: Plan) -> Release:
    """The release under test, in its clean install, which says once what all checks of a process look at."""
    return Release.of(plan)


def test_documented_imports(clause: ClauseCheck, release: Release) -> None:
    """Each top-level package and each documented module imports in a clean install, without any extra."""
    names = [*release.tops, *clause.expect["modules"].get(release.package, [])]
    problems = [f"{name}: {error['text']}" for name, error in release.ask("imports", *names).items()]
    clause.none("documented modules that do not import", problems, examined=len(names))


def test_modules_import(clause: ClauseCheck, release: Release) -> None:
    """Each module imports in a clean install, or lacks no more than a library that an extra of the package declares."""
    answer = release.ask("modules", *release.tops)
    optional = {required.distribution for required in release.requirements if required.extra}
    problems = []
    for module, error in answer["failed"].items():
        lacking = (error["missing"] or "").partition(".")[0]
        if canonical(clause.expect["distribution_of"].get(lacking, lacking)) not in optional:
            problems.append(f"{module}: {error['text']}")
    clause.none("modules that do not import with what is declared", problems, examined=answer["examined"])


def test_imports_declared(clause: ClauseCheck, release: Release) -> None:
    """Each library that the source imports, guarded or not, is declared as a requirement or in an extra."""
    declared = {required.distribution for required in release.requirements}
    roots = {
        (imported.module.partition(".")[0], module.file)
        for module in release.sources().all()
        for imported in imports_of(module)
        if imported.module
    }
    known = {*sys.stdlib_module_names, *release.tops}
    undeclared = [
        f"{root} in {file}"
        for root, file in roots
        if root not in known and canonical(clause.expect["distribution_of"].get(root, root)) not in declared
    ]
    clause.none("libraries imported and not declared", undeclared, examined=len(roots))


def test_console_scripts(clause: ClauseCheck, release: Release) -> None:
    """The console scripts are there, and each answers --help with exit status 0."""
    scripts = release.facts["scripts"]
    wanted = clause.expect.get(release.package, [])
    if not scripts and not wanted:
        clause.not_applicable("the distribution has no console scripts")
    problems = [f"{name}: not declared" for name in wanted if name not in scripts]
    for name in scripts:
        script = release.python.parent / name
        if not script.is_file():
            problems.append(f"{name}: not installed")
            continue
        done = release.run(str(script), "--help")
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            problems.append(f"{name}: exit status {done.returncode}, {last}")
    clause.none("console scripts that do not answer --help", problems, examined=len(scripts) + len(wanted))


def test_data_files(clause: ClauseCheck, release: Release) -> None:
    """Each data file that a module opens beside itself is installed."""
    modules = list(release.sources().all())
    missing = {
        f"{module.file} opens {release.inside(path)}"
        for module in modules
        if b"__file__" in module.text
        for path in data_files(module)
        if not path.exists()
    }
    clause.none("data files that are not installed", sorted(missing), examined=len(modules))


def test_extras_resolvable(clause: ClauseCheck, release: Release) -> None:
    """Each extra can be installed from what is published."""
    if not release.extras:
        unresolved = "; ".join(f"{extra} was not looked at: {why}" for extra, why in release.unresolved.items())
        clause.not_applicable(unresolved or "the distribution has no extras")
    broken = [extra for extra, reason in release.extras.items() if reason]
    problems = [
        f"{extra}: {', '.join(r.written for r in release.requirements if r.extra == extra)}" for extra in broken
    ]
    clause.none("extras that nothing published satisfies", problems, examined=len(release.extras))


def test_pins_satisfiable(clause: ClauseCheck, release: Release) -> None:
    """Each requirement on another of the packages is satisfied by a published version."""
    published = {canonical(name): versions for name, versions in release.published.items()}
    pins = [required for required in release.requirements if required.distribution in published and not required.extra]
    if not pins:
        clause.not_applicable("the distribution requires none of the other packages")
    problems = [pin.written for pin in pins if not pin.allows(published[pin.distribution])]
    clause.none("requirements that nothing published satisfies", problems, examined=len(pins))


def test_version_attribute(clause: ClauseCheck, release: Release) -> None:
    """The __version__ of the package is the version of the distribution."""
    said = release.ask("value", f"{release.tops[0]}:__version__")
    clause.that(
        f"__version__ of {release.tops[0]}",
        said["value"] == release.version,
        expected="the version of the distribution",
        got=said["value"] or said["error"],
    )


def test_api_version(clause: ClauseCheck, release: Release) -> None:
    """The version that the package's application states is the version of the distribution."""
    if release.app is None:
        clause.not_applicable("the package has no application")
    said = release.ask("value", f"{release.app}.version")
    clause.that(
        f"version of {release.app}",
        said["value"] == release.version,
        expected="the version of the distribution",
        got=said["value"] or said["error"],
    )


# As mdc_asgi sets it, which needs an httpx that is not sure to be beside a clean install.
_STORE_SETTINGS = {"DATABASE_URL": "sqlite://", "ADMIN_DATABASE_URL": "sqlite://", "ADMIN_TOKEN": "configured-token"}


def test_health_version(clause: ClauseCheck, release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version in Store's health status is the version of the installed distribution."""
    for name, setting in _STORE_SETTINGS.items():
        monkeypatch.setenv(name, setting)
    got = json.loads(release.ask("get", str(release.app), clause.expect["path"]))["version"]
    # The installed version is not told: it differs in every release, the defect does not.
    what, expected = "version in Store's health", "the version of the installed distribution"
    clause.that(what, got == release.version, expected=expected, got=got)


def test_requires_python(clause: ClauseCheck, release: Release) -> None:
    """Requires-Python allows each Python that the packages support."""
    from packaging.specifiers import SpecifierSet

    declared = SpecifierSet(str(release.metadata["Requires-Python"] or ""))
    clause.equal("Pythons allowed", list(declared.filter(clause.expect["pythons"])), clause.expect["pythons"])


def test_typed(clause: ClauseCheck, release: Release) -> None:
    """A distribution that is classified as typed ships py.typed in each of its top-level packages."""
    if clause.expect["classifier"] not in release.metadata.get_all("Classifier", []):
        clause.not_applicable("the distribution does not say that it is typed")
    shipped = {file["path"] for file in release.facts["files"]}
    missing = [top for top in release.tops if f"{top}/{clause.expect['marker']}" not in shipped]
    clause.none("top-level packages without the marker", missing, examined=len(release.tops))


def test_metadata_valid(clause: ClauseCheck, release: Release) -> None:
    """The core metadata have the required fields, and each value can be read."""
    faults = sorted(set(metadata_faults(release, clause.expect["required"])))
    clause.none("faults of the metadata", faults, examined=len(release.metadata))


def test_installs_own_packages(clause: ClauseCheck, release: Release) -> None:
    """The distribution installs its own top-level packages and nothing beside them."""
    paths = [PurePosixPath(file["path"]) for file in release.facts["files"]]
    foreign = {
        path.parts[0]
        for path in paths
        if path.parts[0] not in release.tops and path.parts[0] != ".." and not path.parts[0].endswith(".dist-info")
    }
    clause.none("top-level names that are not the package's", sorted(foreign), examined=len(paths))


def test_shares_no_file(clause: ClauseCheck, release: Release) -> None:
    """No other distribution in the clean install has a file of this one."""
    own = {file["path"] for file in release.facts["files"]}
    shared = [f"{path} of {other}" for other, paths in release.facts["others"].items() for path in own & {*paths}]
    clause.none("files that another distribution has too", shared, examined=len(own))


def test_record_matches(clause: ClauseCheck, release: Release) -> None:
    """RECORD lists each installed file of the package, with its digest."""
    files = [file for file in release.facts["files"] if "__pycache__" not in file["path"]]
    listed = {Path(file["location"]).resolve() for file in files}
    problems = [f"{release.inside(m.path)} is not listed" for m in release.sources().all() if m.path not in listed]
    for file in files:
        location = Path(file["location"])
        if not location.is_file():
            problems.append(f"{file['path']} is listed and not installed")
        elif file["sha256"] and _digest(location) != file["sha256"].rstrip("="):
            problems.append(f"{file['path']} is not what was recorded")
    clause.none("differences between RECORD and the install", problems, examined=len(files))


def _digest(path: Path) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


_OWN_BUS = """
import asyncio, json
from market_data_core.telemetry import FeedbackEvent
from market_data_pipeline.orchestration.feedback import feedback_bus
heard = []
async def hear(event): heard.append(event.level.value)
feedback_bus().subscribe(hear)
event = FeedbackEvent(coordinator_id="bars", queue_size=9, capacity=10, level="hard", ts=1.0)
asyncio.run(feedback_bus().publish(event))
print(json.dumps({"same": feedback_bus() is feedback_bus(), "heard": heard}))
"""


def test_own_bus(clause: ClauseCheck, release: Release) -> None:
    """Without Store, Pipeline's feedback_bus() is one bus of its own that carries an event."""
    done = release.run("-c", _OWN_BUS)
    said = (done.stderr.strip().splitlines() or [""])[-1]
    clause.that("use of the bus in a clean install", done.returncode == 0, expected="no exception", got=said)
    clause.equal("the bus of Pipeline alone", json.loads(done.stdout), clause.expect)
