"""Building a candidate: check out a git ref, build an sdist or a source tree into a wheel. All of it is hostile."""

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
_NOT_COPIED = shutil.ignore_patterns(".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache")


def check_out(source: str, folder: Path, on_progress: Callable[[str], None]) -> tuple[Path, str]:
    """Check ``git+URL@REF`` out into ``folder``: its work tree and its commit. Without a ref it is the remote's HEAD.

    Raises MetaError where the repository or the ref cannot be had. Nothing of the repository is executed: it gets no
    hooks, no submodules, and only the transports that git allows to strangers.
    """
    address = source.removeprefix("git+")
    url, separator, ref = address.rpartition("@")
    # The @ of ssh://git@host/… stands before the path and names no ref.
    if not separator or "/" not in url.partition("://")[2]:
        url, ref = address, "HEAD"
    if url.startswith("-") or ref.startswith("-") or not ref:
        raise MetaError(ErrorCode.BAD_SOURCE, f"{source[:200]!r} is not a git source", hint="write git+URL@REF")
    on_progress(f"fetching {ref} of {url}")
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
    settings = ["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", "-c", "protocol.ext.allow=never"]
    variables = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", *settings, "-C", str(folder), *arguments]
    try:
        process = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=GIT_SECONDS, check=False, errors="replace"
        )
    except FileNotFoundError:
        raise MetaError(ErrorCode.NO_GIT, "git is not installed") from None
    except subprocess.TimeoutExpired:
        raise undecided(ErrorCode.GIT_TIMEOUT, f"git {arguments[0]} took more than {GIT_SECONDS:g} s") from None
    if process.returncode:
        raise MetaError(ErrorCode.GIT_FAILED, f"git {arguments[0]} failed", process.stderr.strip()[:500])
    return process.stdout


def build_wheel(
    source: Path, folder: Path, as_of: str, on_progress: Callable[[str], None], *, allow_direct: bool = False
) -> Path:
    """Build an sdist or a source tree in ``folder``, and return the wheel. Raises MetaError where there is none.

    A build requirement that names an address is refused, unless ``allow_direct``.

    The build's own requirements are installed first, as of the ledger's date; the build then runs on a copy, in the
    sandbox that releases run in, without network.
    """
    tree = source if source.is_dir() else _unpack(source, folder / "sdist")
    requirements = [*_requirements(tree), "build"]
    references = _references(requirements)
    if references and not allow_direct:
        raise direct_reference(f"the build of {source.name}", references)
    on_progress(f"building {source}")
    copy = shutil.copytree(tree, folder / "tree", symlinks=True, ignore=_NOT_COPIED)
    python = environments.create(folder / "builder", None)
    options = ["--quiet", "--python", python, "--only-binary", ":all:", "--exclude-newer", as_of]
    environments.uv("pip", "install", *options, "--requirements", "-", text="\n".join(requirements))
    dist, log = folder / "dist", folder / "build.log"
    dist.mkdir()
    command = [python, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", "--outdir", str(dist)]
    command.append(str(copy))
    with tempfile.TemporaryDirectory(prefix="mdmeta-build-", dir=folder) as home:
        # Zip has no dates before 1980, and the time of the build is nobody's business.
        variables = clean_environment(home, Path(home)) | {"SOURCE_DATE_EPOCH": "315532800"}
        ending = run_in_sandbox(
            command, log, home=home, variables=variables, writable=[folder], network=False, seconds=BUILD_SECONDS
        )
    wheels = sorted(dist.glob("*.whl"))
    if ending.cause or len(wheels) != 1:
        output = log.read_text(encoding="utf-8", errors="replace").strip()[-1500:]
        raise MetaError(ErrorCode.NO_BUILD, f"{source} does not build: {ending.cause or 'it brought no wheel'}", output)
    return wheels[0]


def _requirements(tree: Path) -> list[str]:
    """The requirements of the build that the project declares."""
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
    """The requirements that name an address. Raises MetaError for what is none: uv would read it as an option."""
    try:
        return [f"{r.name} @ {r.url}" for r in map(Requirement, requirements) if r.url]
    except InvalidRequirement as error:
        raise MetaError(ErrorCode.NO_PROJECT, "what it is built with cannot be read", str(error)[:300]) from None


def _unpack(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist, and return the only folder in it.

    Raises MetaError for a file that is no sdist, writes outside of its folder or is too large.
    """
    try:
        with tarfile.open(sdist, "r:gz") as archive:
            members = archive.getmembers()
            if sum(member.size for member in members) > MAX_BYTES:
                raise MetaError(ErrorCode.BAD_SDIST, f"{sdist.name} would unpack to more than {MAX_BYTES >> 20} MiB")
            archive.extractall(folder, members, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        hint = "a wheel, an sdist (.tar.gz), a source tree, git+URL@REF or a published version"
        raise MetaError(ErrorCode.BAD_SDIST, f"{sdist.name} is not an sdist", str(error)[:300], hint) from None
    folders = [path for path in folder.iterdir() if path.is_dir()]
    if len(folders) != 1:
        raise MetaError(ErrorCode.BAD_SDIST, f"{sdist.name} is not an sdist", f"it holds {len(folders)} folders")
    return folders[0]
