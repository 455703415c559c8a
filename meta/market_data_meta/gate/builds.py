"""Building a candidate: git refs checked out, sdists and source trees built into a wheel. What is built is hostile."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from market_data_meta.errors import ErrorCode, MetaError, direct_reference, undecided
from market_data_meta.running import environments
from market_data_meta.running.isolated import clean_environment
from market_data_meta.running.sandbox import run_in_sandbox

BUILD_SECONDS = 120.0
"""CPU time of a build: the packages take about two seconds."""
GIT_SECONDS = 300.0
"""Wall time of one git command: a cold clone on a slow line."""
MAX_BYTES = 500 << 20
"""What an sdist may hold when unpacked."""
DEFAULT_BACKEND = ("setuptools>=40.8.0",)
"""What builds a project that names no backend, as the packaging standards say."""
_LEFT_OUT = shutil.ignore_patterns(".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache")


def checked_out(source: str, folder: Path, tell: Callable[[str], None]) -> tuple[Path, str]:
    """The work tree of ``git+URL@REF`` in ``folder``, and its commit. Without a ref it is the remote's HEAD.

    Raises MetaError where the repository or the ref cannot be had. Nothing of the repository is executed: it gets no
    hooks, no submodules, and only the transports that git allows to strangers.
    """
    address = source.removeprefix("git+")
    url, at, ref = address.rpartition("@")
    # The @ of ssh://git@host/… stands before the path and names no ref.
    if not at or "/" not in url.partition("://")[2]:
        url, ref = address, "HEAD"
    if url.startswith("-") or ref.startswith("-") or not ref:
        raise MetaError(ErrorCode.BAD_SOURCE, f"{source[:200]!r} is not a git source", hint="write git+URL@REF")
    tell(f"fetching {ref} of {url}")
    folder.mkdir(parents=True)
    _git(folder, "init", "--quiet")
    try:
        _git(folder, "fetch", "--quiet", "--no-recurse-submodules", "--depth", "1", "--", url, ref)
    except MetaError as error:
        hint = "check the address, the ref, and that git may read it without asking"
        raise undecided(ErrorCode.NO_REF, f"{ref[:100]} of {url[:200]} could not be fetched", error.why, hint) from None
    commit = _git(folder, "rev-parse", "FETCH_HEAD^{commit}").strip()
    _git(folder, "checkout", "--quiet", "--detach", commit)
    return folder, commit


def _git(folder: Path, *arguments: str) -> str:
    quiet = ["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", "-c", "protocol.ext.allow=never"]
    variables = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", *quiet, "-C", str(folder), *arguments]
    try:
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=GIT_SECONDS, check=False, errors="replace"
        )
    except FileNotFoundError:
        raise MetaError(ErrorCode.NO_GIT, "git is not installed") from None
    except subprocess.TimeoutExpired:
        raise undecided(ErrorCode.GIT_TIMEOUT, f"git {arguments[0]} took more than {GIT_SECONDS:g} s") from None
    if done.returncode:
        raise MetaError(ErrorCode.GIT_FAILED, f"git {arguments[0]} failed", done.stderr.strip()[:500])
    return done.stdout


def built(source: Path, folder: Path, as_of: str, tell: Callable[[str], None], *, allow_direct: bool = False) -> Path:
    """The wheel built from an sdist or a source tree, in ``folder``. Raises MetaError where none comes of it.

    What the build asks for by address is refused, unless ``allow_direct``.

    The build's own requirements are installed first, as of the ledger's date; the build then runs on a copy, contained
    as a release is, and needs no network.
    """
    tree = source if source.is_dir() else _unpacked(source, folder / "sdist")
    requirements = [*_requirements(tree), "build"]
    references = _references(requirements)
    if references and not allow_direct:
        raise direct_reference(f"the build of {source.name}", references)
    tell(f"building {source}")
    copy = shutil.copytree(tree, folder / "tree", symlinks=True, ignore=_LEFT_OUT)
    python = environments.create(folder / "builder", None)
    options = ["--quiet", "--python", python, "--only-binary", ":all:", "--exclude-newer", as_of]
    environments.uv("pip", "install", *options, "--requirements", "-", text="\n".join(requirements))
    out, log = folder / "dist", folder / "build.log"
    out.mkdir()
    command = [python, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", "--outdir", str(out)]
    command.append(str(copy))
    with tempfile.TemporaryDirectory(prefix="mdmeta-build-", dir=folder) as home:
        # Zip has no dates before 1980, and the time of the build is nobody's business.
        variables = clean_environment(home, Path(home)) | {"SOURCE_DATE_EPOCH": "315532800"}
        ending = run_in_sandbox(
            command, log, home=home, variables=variables, writable=[folder], network=False, seconds=BUILD_SECONDS
        )
    wheels = sorted(out.glob("*.whl"))
    if ending.cause or len(wheels) != 1:
        said = log.read_text(encoding="utf-8", errors="replace").strip()[-1500:]
        raise MetaError(ErrorCode.NO_BUILD, f"{source} does not build: {ending.cause or 'it brought no wheel'}", said)
    return wheels[0]


def _requirements(tree: Path) -> list[str]:
    """What the project says it is built with."""
    file = tree / "pyproject.toml"
    if not file.is_file():
        if (tree / "setup.py").is_file():
            return list(DEFAULT_BACKEND)
        raise MetaError(ErrorCode.NO_PROJECT, f"{tree.name} holds neither pyproject.toml nor setup.py")
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("build-system", {})
        return [str(text) for text in table.get("requires", DEFAULT_BACKEND)]
    except (ValueError, AttributeError, TypeError) as error:
        raise MetaError(ErrorCode.NO_PROJECT, "its pyproject.toml cannot be read", str(error)[:300]) from None


def _references(requirements: list[str]) -> list[str]:
    """Those that name an address. Raises MetaError for what is no requirement: uv would read it as an option."""
    try:
        return [f"{r.name} @ {r.url}" for r in map(Requirement, requirements) if r.url]
    except InvalidRequirement as error:
        raise MetaError(ErrorCode.NO_PROJECT, "what it is built with cannot be read", str(error)[:300]) from None


def _unpacked(sdist: Path, folder: Path) -> Path:
    """The one folder of an sdist. Raises MetaError for what is no sdist, leaves its folder or is too large."""
    try:
        with tarfile.open(sdist, "r:gz") as archive:
            members = archive.getmembers()
            if sum(member.size for member in members) > MAX_BYTES:
                raise MetaError(ErrorCode.BAD_SDIST, f"{sdist.name} would unpack to more than {MAX_BYTES >> 20} MiB")
            archive.extractall(folder, members, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        hint = "a wheel, an sdist (.tar.gz), a source tree, git+URL@REF or a published version"
        raise MetaError(ErrorCode.BAD_SDIST, f"{sdist.name} is not an sdist", str(error)[:300], hint) from None
    tops = [path for path in folder.iterdir() if path.is_dir()]
    if len(tops) != 1:
        raise MetaError(ErrorCode.BAD_SDIST, f"{sdist.name} is not an sdist", f"it holds {len(tops)} folders")
    return tops[0]
