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
from market_data_meta.errors import ErrorCode, Exit, MetaError, UninstallableError, direct_reference, undecided
from market_data_meta.releases.combinations import Cell
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import Requirements, broken_promises
from market_data_meta.releases.unmet import (
    missing_projects,
    resolver_message,
    too_new_projects,
    unmet_promises,
    unmet_third_party,
)

SUITE = ("pytest", "pytest-asyncio", "jsonschema", "hypothesis")
"""What the suite always needs beside the packages."""
OPTIONAL = ("schemathesis",)
"""What it leaves out where it cannot be installed beside the packages; clauses that need one say so."""
TIMEOUT = 600.0
"""Seconds that one uv command may take: a cold cache on a slow line."""

_NETWORK = re.compile(
    "error sending request|dns error|failed to fetch|connection refused|timed out|network was disabled"
    "|could not be queried|401 unauthorized|403 forbidden|http status (client|server) error",
    re.IGNORECASE,
)
# Where packages come from and how they are reached is the caller's to say; what they resolve to is not.
_CALLERS = re.compile(
    "UV_(DEFAULT_INDEX|INDEX|INDEX_.*|EXTRA_INDEX_URL|FIND_LINKS|CACHE_DIR|OFFLINE|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST"
    "|HTTP_.*|KEYRING_PROVIDER|LINK_MODE|CONCURRENT_.*)"
)
_DIRECT = re.compile(r"^([A-Za-z0-9._-]+) @ ([^\s\\]+)", re.MULTILINE)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True)
class Lock:
    """What to install: the packages with their third-party versions, and the same with the suite added."""

    packages: str
    whole: str
    libraries: frozenset[str]
    forced: tuple[str, ...]


def pins(lock: str) -> dict[str, str]:
    """Distribution to version of a lock."""
    return dict(_PIN.findall(lock))


def uv(*arguments: str, text: str | None = None) -> str:
    """Run uv, with ``text`` on its standard input, and return what it printed.

    Raises UninstallableError where nothing satisfies it, MetaError for a network or disk that fails it.
    """
    environment = {n: value for n, value in os.environ.items() if not n.startswith("UV_") or _CALLERS.fullmatch(n)}
    environment |= {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    if environment.get("UV_LINK_MODE") == "symlink":
        # What a run may read is in its environment, not in the cache that links would lead to.
        del environment["UV_LINK_MODE"]
    # An environment activated around us is not the one to change.
    environment.pop("VIRTUAL_ENV", None)
    binary = Path(find_uv_bin())
    try:
        done = subprocess.run(
            [binary, *arguments],
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
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.strip()
    if "No space left on device" in said:
        raise undecided(
            ErrorCode.DISK_FULL, "the disk is full", said.splitlines()[-1], "free some space and run it again"
        )
    if _NETWORK.search(said):
        hint = "check the network and the index your uv or pip is set up to use"
        raise undecided(ErrorCode.NO_NETWORK, "uv could not reach the package index", said[:500], hint)
    if "No solution found" in said or "not found in the package registry" in said:
        raise UninstallableError(said)
    raise undecided(ErrorCode.UV_FAILED, f"uv {' '.join(arguments[:2])} failed", said[:2000])


def lock(contract: Contract, ledger: Ledger, cell: Cell, python: str) -> Lock:
    """Resolve the cell for the interpreter ``python``. Raises UninstallableError where nothing satisfies it.

    What the packages forbid about each other is overridden, and named in ``forced``.
    """
    wanted = {
        contract.packages[package].distribution: ledger.release(package, version)
        for package, version in cell.combination.versions
    }
    forced = tuple(broken_promises(cell.combination, contract.packages, ledger, version_of(python)))
    requirements = [ledger.requirement(distribution, release) for distribution, release in wanted.items()]
    options = ["--python", python, "--generate-hashes", "--no-header", "--no-annotate", "--only-binary", ":all:"]
    if cell.third_party != "today":
        options += ["--exclude-newer", ledger.as_of]
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        if forced:
            overrides = Path(folder) / "overrides.txt"
            overrides.write_text("\n".join(requirements))
            options += ["--override", str(overrides)]
        resolution = "lowest" if cell.third_party == "lowest" else "highest"
        beside = _companions(contract, ledger, cell)
        if beside:
            companions = Path(folder) / "companions.txt"
            companions.write_text("\n".join(ledger.requirement(*companion) for companion in beside.items()))
            options += ["--constraint", str(companions)]
        try:
            packages = uv("pip", "compile", "-", *options, "--resolution", resolution, text="\n".join(requirements))
        except UninstallableError as error:
            raise _reasoned(contract, ledger, cell, python, error.why) from None
        if len(wanted) == 1:
            whole, libraries = uv("pip", "compile", "-", *options, text="\n".join(SUITE)), frozenset[str]()
        else:
            constraints = Path(folder) / "constraints.txt"
            constraints.write_text("\n".join(f"{name}=={version}" for name, version in pins(packages).items()))
            whole, libraries = _with_suite([*options, "--constraint", str(constraints)], requirements)
    own = {distribution: release.sha256 for distribution, release in (wanted | beside).items()}
    # What the releases say is looked at before; this is what has come of it, whoever has said it.
    foreign = (
        [] if ledger.allows_direct_references else [f"{n} @ {url}" for n, url in _DIRECT.findall(whole) if n not in own]
    )
    if foreign:
        raise direct_reference(cell.name, foreign)
    return Lock(_own_hashes(packages, own), _own_hashes(whole, own), libraries, forced)


def _companions(contract: Contract, ledger: Ledger, cell: Cell) -> dict[str, Release]:
    """Unpublished builds of other packages that a release alone may be installed with, by distribution."""
    return {
        contract.packages[name].distribution: release
        for name, releases in ledger.releases.items()
        for release in releases
        if name not in cell.combination.packages and release.sha256 in ledger.candidate_wheels
    }


def _reasoned(contract: Contract, ledger: Ledger, cell: Cell, python: str, said: str) -> MetaError:
    """Why nothing satisfies the cell, in a sentence; undecided where that says nothing of its releases.

    An index without the packages under contract is another one than theirs, and a library that was published after the
    ledger's date is no fault of who requires it.
    """
    releases = {package: ledger.release(package, version) for package, version in cell.combination.versions}
    own = [package.distribution for package in contract.packages.values()]
    if missing := missing_projects(said) & set(own):
        what = f"the package index does not have {' and '.join(sorted(missing))}"
        return undecided(ErrorCode.WRONG_INDEX, what, hint="check the index your uv or pip is set up to use")
    if newer := too_new_projects(said):
        what = f"{cell.name} needs a version of {' and '.join(sorted(newer))} from after the ledger's date"
        return undecided(ErrorCode.TOO_NEW, what, resolver_message(said), "mdmeta releases --refresh")
    requirements = Requirements(contract.packages, version_of(python))
    reasons = unmet_third_party(said, releases, requirements)
    if len(releases) == 1:
        # Beside each other the packages are forced, whatever they require of one another.
        for name, release in releases.items():
            reasons += unmet_promises(name, release, requirements, ledger)
    return UninstallableError("; ".join(dict.fromkeys(reasons)) or resolver_message(said))


def _with_suite(options: list[str], requirements: list[str]) -> tuple[str, frozenset[str]]:
    """The lock of the packages and the suite, and which of the suite's optional libraries are in it."""
    needed = [*requirements, *SUITE]
    try:
        return uv("pip", "compile", "-", *options, text="\n".join([*needed, *OPTIONAL])), frozenset(OPTIONAL)
    except UninstallableError:
        return uv("pip", "compile", "-", *options, text="\n".join(needed)), frozenset()


def _own_hashes(text: str, own: Mapping[str, str]) -> str:
    """The lock with the ledger's hash, and no other, for each package under test."""
    for distribution, sha256 in own.items():
        entry = re.compile(rf"^({re.escape(distribution)}(?:==| @ )[^\s\\]+)(?: \\\n    --hash=\S+)*", re.MULTILINE)
        text, found = entry.subn(rf"\1 \\\n    --hash=sha256:{sha256}", text)
        if found > 1:
            raise MetaError(
                ErrorCode.ODD_LOCK, f"the lock has {found} entries of {distribution}", exit=Exit.TOOL_FAILED
            )
    return text


def base_of(python: str) -> str:
    """The interpreter that an environment was made from: to ask it runs nothing of what is installed."""
    return os.path.realpath(python)


def create(folder: Path, python: str | None) -> str:
    """Make a virtual environment in ``folder`` unless it is there; the path of its interpreter."""
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        # What is left of an environment whose making was interrupted.
        shutil.rmtree(folder, ignore_errors=True)
        own = os.environ.get("MDMETA_PYTHON") or str(getattr(sys, "_base_executable", sys.executable))
        try:
            uv("venv", "--quiet", "--no-project", "--python", python or own, str(folder))
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
    # Without site: what an environment under test would have started with its interpreter is not to run here.
    command = [interpreter, "-I", "-S", "-c", "import sys; print(*sys.version_info[:3], sep='.')"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise undecided(ErrorCode.NO_INTERPRETER, f"{python} does not run", str(error)[:300]) from None


def install(python: str, text: str) -> None:
    """Make the environment of ``python`` hold exactly what the lock says, every download checked against its hash."""
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
        file = Path(folder) / "lock.txt"
        file.write_text(text)
        uv("pip", "sync", "--quiet", "--python", python, "--require-hashes", "--only-binary", ":all:", str(file))
