"""Environments under test, through uv: resolve, lock with hashes, install exactly that.

The packages are resolved first and alone; what the suite needs is then resolved with the result as constraints. So
nothing that we install beside the packages can change what they resolve to: where it would have to, it stays out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from uv import find_uv_bin

from market_data_meta.contract import Contract
from market_data_meta.errors import (
    ErrorCode,
    Exit,
    MetaError,
    SuiteConflictError,
    UninstallableError,
    direct_reference,
    undecided,
)
from market_data_meta.releases.combinations import LOWEST, TODAY, Cell
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import Requirements, broken_promises
from market_data_meta.releases.unmet import (
    conflicts,
    missing_projects,
    resolver_message,
    suite_conflicts,
    too_new_projects,
    unmet_promises,
    unmet_python,
    unmet_third_party,
)

SUITE = ("pytest>=8.2", "pytest-asyncio>=0.24", "jsonschema>=4", "hypothesis>=6")
"""What the suite always needs beside the packages; it does not start with older ones."""
OPTIONAL = ("schemathesis",)
"""What it leaves out where it cannot be installed beside the packages; clauses that need one say so."""
WHEELS_ONLY = ("--only-binary", ":all:")
"""To build what is no wheel would be to run a stranger's code outside of the sandbox."""
TIMEOUT = 600.0
"""Seconds that one uv command may take: a cold cache on a slow line."""

_NETWORK = re.compile(
    "error sending request|dns error|failed to fetch|connection refused|timed out|network was disabled"
    "|could not be queried|401 unauthorized|403 forbidden|http status (client|server) error",
    re.IGNORECASE,
)
_NO_UPLOAD_TIME = re.compile(r"`([^`]+)` is missing an upload date")
# The caller decides where packages come from and how they are reached, and not what they resolve to.
_CALLERS_SETTINGS = re.compile(
    "UV_(DEFAULT_INDEX|INDEX|INDEX_.*|EXTRA_INDEX_URL|FIND_LINKS|CACHE_DIR|OFFLINE|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST"
    "|HTTP_.*|KEYRING_PROVIDER|LINK_MODE|CONCURRENT_.*)"
)
_SOURCE = re.compile(r"Failed to (?:download and )?build `([^`]+)`\s+cause: Building source distributions\b.*disabled")
_DIRECT = re.compile(r"^([A-Za-z0-9._-]+) @ ([^\s\\]+)", re.MULTILINE)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True)
class CellLock:
    """What to install for a cell: ``packages``, the packages with their libraries, and ``suite``, what runs the suite.

    ``suite`` is the lock of the packages with the suite added; for a release alone it is the suite without the release.
    ``optional`` are the suite's optional libraries that are in it. ``forced`` are the requirements of the packages on
    each other that were overridden.
    """

    packages: str
    suite: str
    optional: frozenset[str]
    forced: tuple[str, ...]


def locked_versions(lock: str) -> dict[str, str]:
    """The versions that a lock pins, by distribution."""
    return dict(_PIN.findall(lock))


def uv(*arguments: str, text: str | None = None) -> str:
    """Run uv, with ``text`` on its standard input, and return what it printed. It takes wheels only, and builds none.

    Raises UninstallableError where nothing satisfies it, MetaError for a network or disk that fails it.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("UV_") or _CALLERS_SETTINGS.fullmatch(name)
    }
    environment |= {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    if environment.get("UV_LINK_MODE") == "symlink":
        # What a run may read is in its environment, not in the cache that links would lead to.
        del environment["UV_LINK_MODE"]
    # An environment activated around us is not the one to change.
    environment.pop("VIRTUAL_ENV", None)
    binary = Path(find_uv_bin())
    try:
        process = subprocess.run(
            [binary, *arguments, *(WHEELS_ONLY if arguments[0] == "pip" else ())],
            env=environment,
            # Settings of a project that the caller stands in are not for these environments.
            cwd=binary.parent,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            input=text,
        )
    except subprocess.TimeoutExpired:
        raise undecided(
            ErrorCode.UV_TIMEOUT, f"uv {arguments[0]} took more than {TIMEOUT:g} s", hint="check the network"
        ) from None
    if process.returncode == 0:
        return process.stdout
    message = process.stderr.strip()
    if "No space left on device" in message:
        raise undecided(
            ErrorCode.DISK_FULL, "the disk is full", message.splitlines()[-1], "free some space and run it again"
        )
    if _NETWORK.search(message):
        hint = "check the network and the index your uv or pip is set up to use"
        raise undecided(ErrorCode.NO_NETWORK, "uv could not reach the package index", message[:500], hint)
    if "No solution found" in message or "not found in the package registry" in message:
        if file := _NO_UPLOAD_TIME.search(message):
            what = "the package index does not say when its files were uploaded, so nothing is resolved as of a date"
            hint = "use an index that has upload times (PEP 700), or choose today's libraries: mdmeta run … today"
            raise undecided(ErrorCode.NO_UPLOAD_TIME, what, f"{file[1]} is one of them", hint)
        raise UninstallableError(message)
    if source := _SOURCE.search(message):
        what = f"{source[1]} is not a wheel, and only wheels are taken from an address"
        raise MetaError(ErrorCode.DIRECT_REFERENCE, what, hint="build it, and name the address of its wheel")
    raise undecided(ErrorCode.UV_FAILED, f"uv {' '.join(arguments[:2])} failed", message[:2000])


def resolve_cell(contract: Contract, ledger: Ledger, cell: Cell, python: str) -> CellLock:
    """Resolve the cell for the interpreter ``python``. Raises UninstallableError where nothing satisfies it.

    What the packages forbid about each other is overridden, and named in ``forced``. Raises SuiteConflictError where
    the suite cannot be installed with what the packages resolve to.
    """
    releases = {
        contract.packages[package].distribution: ledger.release(package, version)
        for package, version in cell.combination.versions
    }
    forced = tuple(broken_promises(cell.combination, contract.packages, ledger, version_of(python)))
    requirements, libraries = _requirements(contract, ledger, releases)
    options = ["--python", python, "--generate-hashes", "--no-header", "--no-annotate"]
    if cell.third_party != TODAY:
        options += ["--exclude-newer", ledger.as_of]
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        if forced:
            overrides = Path(folder) / "overrides.txt"
            overrides.write_text("\n".join(requirements))
            options += ["--override", str(overrides)]
        resolution = "lowest" if cell.third_party == LOWEST else "highest"
        companions = _companions(contract, ledger, cell)
        if companions:
            file = Path(folder) / "companions.txt"
            file.write_text("\n".join(ledger.requirement(*companion) for companion in companions.items()))
            options += ["--constraint", str(file)]
        try:
            packages = uv(
                "pip", "compile", "-", *options, "--resolution", resolution, text="\n".join([*requirements, *libraries])
            )
        except UninstallableError as error:
            raise _resolution_error(contract, ledger, cell, python, error.why) from None
        if len(releases) == 1:
            suite, optional = uv("pip", "compile", "-", *options, text="\n".join(SUITE)), frozenset[str]()
        else:
            constraints = Path(folder) / "constraints.txt"
            versions = locked_versions(packages)
            constraints.write_text("\n".join(f"{name}=={version}" for name, version in versions.items()))
            try:
                needed = [*requirements, *libraries, *SUITE]
                suite, optional = _add_suite([*options, "--constraint", str(constraints)], needed)
            except UninstallableError as error:
                named = {name: ledger.release(name, version) for name, version in cell.combination.versions}
                why = suite_conflicts(SUITE, versions, named, version_of(python)) or [resolver_message(error.why)]
                raise SuiteConflictError("; ".join(why)) from None
    hashes = {distribution: release.sha256 for distribution, release in (releases | companions).items()}
    if not ledger.allows_direct_references:
        # The releases' own requirements are looked at earlier; this is the resolution, whoever has asked for it.
        addresses = [f"{name} @ {url}" for name, url in _DIRECT.findall(suite) if name not in hashes]
        if addresses:
            raise direct_reference(cell.name, addresses)
    return CellLock(_pin_hashes(packages, hashes), _pin_hashes(suite, hashes), optional, forced)


def _companions(contract: Contract, ledger: Ledger, cell: Cell) -> dict[str, Release]:
    """Unpublished builds of other packages that a release alone may be installed with, by distribution."""
    return {
        contract.packages[name].distribution: release
        for name, releases in ledger.releases.items()
        for release in releases
        if name not in cell.combination.packages and release.sha256 in ledger.candidate_wheels
    }


def _resolution_error(contract: Contract, ledger: Ledger, cell: Cell, python: str, message: str) -> MetaError:
    """The error for a cell that nothing satisfies, with a sentence made of the resolver's message.

    It is undecided where the message says nothing about the releases: an index without the packages under contract is
    another one than theirs, and a library from after the ledger's date is no fault of the release that requires it.
    Where the ledger is that of an earlier time, it is an answer: then nobody could install the release.
    """
    releases = {package: ledger.release(package, version) for package, version in cell.combination.versions}
    distributions = {package.distribution for package in contract.packages.values()}
    if missing := missing_projects(message) & distributions:
        what = f"the package index does not have {' and '.join(sorted(missing))}"
        return undecided(ErrorCode.WRONG_INDEX, what, hint="check the index your uv or pip is set up to use")
    newer = too_new_projects(message)
    if newer and not ledger.later:
        what = f"{cell.name} needs a version of {' and '.join(sorted(newer))} from after the ledger's date"
        return undecided(ErrorCode.TOO_NEW, what, resolver_message(message), "mdmeta releases --refresh")
    requirements = Requirements(contract.packages, version_of(python))
    reasons = (
        unmet_python(releases, requirements.python)
        or unmet_third_party(message, releases, requirements)
        or conflicts(message, releases, requirements)
    )
    if len(releases) == 1:
        # Beside each other the packages are forced, whatever they require of one another.
        for name, release in releases.items():
            reasons += unmet_promises(name, release, requirements, ledger)
    if newer and not reasons:
        reasons = [f"{cell.name} needs a version of {' and '.join(sorted(newer))} from after {ledger.as_of}"]
    return UninstallableError("; ".join(dict.fromkeys(reasons)) or resolver_message(message))


def _requirements(
    contract: Contract, ledger: Ledger, releases: Mapping[str, Release]
) -> tuple[list[str], tuple[str, ...]]:
    """What asks for the releases (by distribution) and, if they make a service, the libraries of its transports."""
    names = tuple(name for name, package in contract.packages.items() if package.distribution in releases)
    service = contract.service_with(names)
    requirements = []
    for name in names:
        distribution = contract.packages[name].distribution
        extras = ",".join(service.extras.get(name, ())) if service else ""
        requirements.append(ledger.requirement(distribution, releases[distribution], f"[{extras}]" if extras else ""))
    return requirements, service.libraries if service else ()


def _add_suite(options: list[str], needed: list[str]) -> tuple[str, frozenset[str]]:
    """The lock of the packages and the suite, and which of the suite's optional libraries are in it."""
    try:
        return uv("pip", "compile", "-", *options, text="\n".join([*needed, *OPTIONAL])), frozenset(OPTIONAL)
    except UninstallableError:
        return uv("pip", "compile", "-", *options, text="\n".join(needed)), frozenset()


def _pin_hashes(lock: str, hashes: Mapping[str, str]) -> str:
    """The lock with the ledger's hash, and no other, for each distribution that the ledger knows."""
    for distribution, sha256 in hashes.items():
        entry = re.compile(rf"^({re.escape(distribution)}(?:==| @ )[^\s\\]+)(?: \\\n    --hash=\S+)*", re.MULTILINE)
        lock, count = entry.subn(rf"\1 \\\n    --hash=sha256:{sha256}", lock)
        if count > 1:
            raise MetaError(
                ErrorCode.ODD_LOCK, f"the lock has {count} entries of {distribution}", exit=Exit.TOOL_FAILED
            )
    return lock


def base_interpreter(python: str) -> str:
    """The interpreter that an environment was made from: starting it runs nothing of what is installed there."""
    return os.path.realpath(python)


def create(folder: Path, python: str | None) -> str:
    """Make a virtual environment in ``folder`` unless it is there; the path of its interpreter."""
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        # An environment whose making was interrupted may be there in part.
        shutil.rmtree(folder, ignore_errors=True)
        ours = os.environ.get("MDMETA_PYTHON") or str(getattr(sys, "_base_executable", sys.executable))
        try:
            uv("venv", "--quiet", "--no-project", "--python", python or ours, str(folder))
        except MetaError as error:
            if python is None or error.code != ErrorCode.UV_FAILED:
                raise
            hint = "install it, or leave the python factor out; uv python list shows what there is"
            raise undecided(
                ErrorCode.NO_INTERPRETER, f"there is no Python {python} here", error.why[:300], hint
            ) from None
    return str(interpreter)


@cache
def version_of(python: str) -> str:
    """The version of an interpreter, ``3.12.1``: of a path to one, or of what ``uv python find`` takes."""
    interpreter = python if Path(python).is_file() else uv("python", "find", "--no-project", python).strip()
    # Without site, as it may run code that is installed in an environment under test.
    command = [interpreter, "-I", "-S", "-c", "import sys; print(*sys.version_info[:3], sep='.')"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise undecided(ErrorCode.NO_INTERPRETER, f"{python} does not run", str(error)[:300]) from None


def install(python: str, lock: str) -> None:
    """Install exactly the lock in the environment of ``python``, every download checked against its hash."""
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        file = Path(folder) / "lock.txt"
        file.write_text(lock)
        uv("pip", "sync", "--quiet", "--python", python, "--require-hashes", str(file))
