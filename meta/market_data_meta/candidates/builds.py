"""Building a candidate: check out a git ref, build an sdist or a source tree into a wheel. All of it is hostile."""

from __future__ import annotations

import json
import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from market_data_meta import suite
from market_data_meta.candidates.git import git
from market_data_meta.candidates.project_files import Backend, read_backend
from market_data_meta.candidates.source_copies import copy_source, missing_submodules
from market_data_meta.errors import ErrorCode, MetaError, UninstallableError, direct_reference, undecided
from market_data_meta.files import read_json
from market_data_meta.running import environments
from market_data_meta.running.isolated import clean_environment
from market_data_meta.running.sandbox import run_in_sandbox

BUILD_SECONDS = 120.0
"""CPU time of a build: the packages take about two seconds."""
LAST_LINES = 15
"""Lines of a failed build that are told."""
_ABBREVIATED = re.compile("[0-9a-f]{4,39}")
_FRAME = re.compile(r'  File "([^"]+)", line ')
MAX_BYTES = 500 << 20
"""What an sdist may hold when unpacked."""


def address_and_ref(source: str) -> tuple[str, str]:
    """The two parts of ``git+URL@REF``; without a ref it is the remote's HEAD."""
    address = source.removeprefix("git+")
    url, separator, ref = address.rpartition("@")
    # The @ of ssh://git@host/… stands before the path and names no ref.
    return (url, ref) if separator and "/" in url.partition("://")[2] else (address, "HEAD")


def check_out(source: str, folder: Path, on_progress: Callable[[str], None]) -> tuple[Path, str]:
    """Check ``git+URL@REF`` out into ``folder``: its work tree and its commit. Without a ref it is the remote's HEAD.

    Raises MetaError where the repository or the ref cannot be had. Nothing of the repository is executed: it gets no
    hooks, no submodules, and only the transports that git allows to strangers.
    """
    url, ref = address_and_ref(source)
    if url.startswith("-") or ref.startswith("-") or not ref:
        raise MetaError(ErrorCode.BAD_SOURCE, f"{source[:200]!r} is not a git source", hint="write git+URL@REF")
    on_progress(f"fetching {ref} of {url}")
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    try:
        git(folder, "fetch", "--quiet", "--no-recurse-submodules", "--depth", "1", "--", url, ref)
    except MetaError as error:
        hint = "check the address, the ref, and that git may read it without asking"
        if _ABBREVIATED.fullmatch(ref):
            hint = "give the commit with all its 40 digits: git fetches none by its first few"
        raise undecided(ErrorCode.NO_REF, f"{ref[:100]} of {url[:200]} could not be fetched", error.why, hint) from None
    commit = git(folder, "rev-parse", "FETCH_HEAD^{commit}").strip()
    git(folder, "checkout", "--quiet", "--detach", commit)
    return folder, commit


def build_wheel(
    source: Path,
    folder: Path,
    as_of: str,
    on_progress: Callable[[str], None],
    *,
    name: str | None = None,
    allow_direct: bool = False,
) -> Path:
    """Build an sdist or a source tree in ``folder``, and return the wheel. Raises MetaError where there is none.

    Errors call it by ``name``, or else by the name of its file or folder. A build requirement that names an address is
    refused, unless ``allow_direct``.

    As pip does, what the project declares is installed first, then what its backend asks for beside that, all of it as
    of the ledger's date. Both hooks run on a copy, in the sandbox that releases run in, without network.
    """
    on_progress(f"building {source}")
    tree = source if source.is_dir() else _unpack(source, folder / "sdist")
    project = copy_source(tree, folder / "tree", knows_git=source.is_dir())
    name = name or source.resolve().name
    backend = read_backend(project, name)
    try:
        build = _Build(name, folder, project, backend, as_of, allow_direct)
        build.install([*backend.requirements, "pyproject_hooks"])
        build.install(build.requirements_of_hook())
        return build.wheel()
    except MetaError as error:
        if error.code == ErrorCode.NO_BUILD and (modules := missing_submodules(tree)):
            raise replace(error, hint=f"submodules are not fetched: {', '.join(modules)[:200]}") from None
        raise


@dataclass(frozen=True)
class _Build:
    """A build in ``folder``: ``name`` is what to call its source, ``project`` the copy that it is made from."""

    name: str
    folder: Path
    project: Path
    backend: Backend
    as_of: str
    allow_direct: bool

    @cached_property
    def python(self) -> str:
        """The interpreter of the environment that the backend runs in."""
        return environments.create(self.folder / "builder", None)

    def install(self, requirements: Sequence[str]) -> None:
        """Install requirements of the build. Raises MetaError that says which cannot be had, or are addresses."""
        references = _references(requirements)
        if references and not self.allow_direct:
            raise direct_reference(f"the build of {self.name}", references)
        if not requirements:
            return
        options = ["--quiet", "--python", self.python, "--exclude-newer", self.as_of]
        try:
            environments.uv("pip", "install", *options, "--requirements", "-", text="\n".join(requirements))
        except UninstallableError as error:
            what = f"{self.name} does not build: what it is built with cannot be installed"
            raise MetaError(ErrorCode.NO_BUILD, what, error.why[:1500]) from None

    def requirements_of_hook(self) -> list[str]:
        """What the backend asks for beside what the project declares, and does not have yet."""
        answer = self._call("get_requires_for_build_wheel")
        if not isinstance(answer, list) or not all(isinstance(text, str) for text in answer):
            raise self._failure("its backend did not say what it needs")
        return [text for text in answer if text not in self.backend.requirements]

    def wheel(self) -> Path:
        """The wheel that the backend makes."""
        dist = self.folder / "dist"
        dist.mkdir()
        name = self._call("build_wheel", str(dist))
        wheel = dist / name if isinstance(name, str) and Path(name).name == name else dist
        if wheel.suffix != ".whl" or wheel.is_symlink() or not wheel.is_file():
            raise self._failure("it brought no wheel")
        return wheel

    def _call(self, hook: str, *arguments: str) -> object:
        """The answer of a hook. Raises MetaError with the last lines that it printed where it fails."""
        log = self.folder / f"{hook}.log"
        with tempfile.TemporaryDirectory(prefix="mdmeta-build-", dir=self.folder) as home:
            answer = Path(home) / "answer.json"
            call = {
                "tree": str(self.project),
                "backend": self.backend.name,
                "backend_path": self.backend.path,
                "hook": hook,
                "arguments": arguments,
                "answer": str(answer),
            }
            # Zip has no dates before 1980, and the time of the build is nobody's business.
            variables = clean_environment(home, Path(home)) | {"SOURCE_DATE_EPOCH": "315532800"}
            # Backends start what was installed for them by its name.
            variables["PATH"] = os.pathsep.join([str(Path(self.python).parent), variables.get("PATH", os.defpath)])
            ending = run_in_sandbox(
                [self.python, str(suite.INSIDE / "mdm_build.py"), json.dumps(call)],
                log,
                home=home,
                variables=variables,
                writable=[self.folder],
                readable=[suite.INSIDE],
                network=False,
                seconds=BUILD_SECONDS,
            )
            if ending.cause or answer.is_symlink() or not answer.is_file():
                raise self._failure(ending.cause or "its backend did not answer", log)
            try:
                return read_json(answer)
            except MetaError as error:
                raise self._failure(error.what, log) from None

    def _failure(self, cause: str, log: Path | None = None) -> MetaError:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log else []
        output = "\n".join(line[:200] for line in _without_frames(lines, self.project)[-LAST_LINES:])
        return MetaError(ErrorCode.NO_BUILD, f"{self.name} does not build: {cause}", output)


def _without_frames(lines: Sequence[str], project: Path) -> list[str]:
    """The lines without those of a traceback that show code other than the project's: its author did not write that."""
    kept, is_foreign = [], False
    for line in lines:
        if frame := _FRAME.match(line):
            is_foreign = Path(frame[1]).is_absolute() and not Path(frame[1]).is_relative_to(project)
        elif not line.startswith(" "):
            is_foreign = line.startswith("Traceback (most recent call last)")
        if not is_foreign:
            kept.append(line)
    return kept


def _references(requirements: Sequence[str]) -> list[str]:
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
