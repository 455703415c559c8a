"""The copy of a source tree that a wheel is built from: what git tracks, and what it does not ignore.

A build leaves files behind (``build/``, ``*.egg-info``), from which the next one would take modules that are no longer
in the source. What a tree is built from is therefore copied, and what is left behind stays where it is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from market_data_meta.candidates.git import git
from market_data_meta.errors import ErrorCode, MetaError

PROJECT_FILES = ("pyproject.toml", "setup.py")
"""Each of them makes a folder a project."""
_NO_SOURCE = {".git", ".tox", ".nox", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache"}
"""Folders that no wheel is built from, where git does not say so."""
# Of whoever checked it out. All that could execute something is overridden.
_LOCAL = ("safe.directory=*",)


def copy_source(source: Path, target: Path, *, knows_git: bool = True) -> Path:
    """Copy the tree that ``source`` is or is a part of to ``target``, and return the project's folder in there.

    In a git work tree, a linked one too, that is what git tracks in all of it and, in ``source``, what it does not
    ignore; with the history, as some projects take their version from it. Elsewhere, and where git does not
    know the project, it is all files but environments, caches and what setuptools has left behind. Links are copied as
    links. Raises MetaError where a file cannot be read, or git does not answer.
    """
    try:
        source = source.resolve()
        if knows_git and any((folder / ".git").exists() for folder in (source, *source.parents)):
            top = Path(git(source, "rev-parse", "--show-toplevel", settings=_LOCAL).removesuffix("\n"))
            project = source.relative_to(top)
            if files := _files_of_git(top, project):
                _copy_history(top, target)
                _copy_files(top, target, files)
                return target / project
        _copy_files(source, target, _files_of_folder(source))
    except (OSError, ValueError) as error:
        raise MetaError(ErrorCode.NO_PROJECT, f"{source} cannot be copied", str(error)[:300]) from None
    return target


def missing_submodules(folder: Path) -> list[str]:
    """The submodules of a checkout that are not there: nothing that a repository names is fetched."""
    if not (folder / ".gitmodules").is_file():
        return []
    rows = git(folder, "ls-files", "--stage", "-z", settings=_LOCAL).split("\0")
    modules = [row.partition("\t")[2] for row in rows if row.startswith("160000 ")]
    return [module for module in modules if not any((folder / module).glob("*"))]


def _files_of_git(top: Path, project: Path) -> list[str]:
    """What git has of the project, relative to ``top``; nothing where it does not know it."""
    within = f"{project.as_posix()}/" if project.parts else ""
    files = set(_listed(top / project, within, "--cached", "--others", "--exclude-standard"))
    if not files & {f"{within}{name}" for name in PROJECT_FILES}:
        return []
    tracked = set(_listed(top / project, within, "--cached"))
    if tracked & {f"{within}{name}" for name in PROJECT_FILES}:
        # It may be built from files beside it, such as one README for several projects.
        files |= set(_listed(top, "", "--cached"))
    return sorted(files)


def _listed(folder: Path, prefix: str, *options: str) -> Iterator[str]:
    for name in git(folder, "ls-files", "-z", *options, settings=_LOCAL).split("\0"):
        path = name.rstrip("/")
        if not path or _NO_SOURCE & set(PurePosixPath(path).parts):
            continue
        inner = folder / path
        if inner.is_dir() and not inner.is_symlink():
            # A repository in the repository: a submodule, or one that is not tracked.
            if (inner / ".git").exists():
                yield from _listed(inner, f"{prefix}{path}/", *options)
        else:
            yield f"{prefix}{path}"


def _copy_history(top: Path, target: Path) -> None:
    """Give the copy a repository of its own, in the state of the original's.

    Where the history cannot be had, such as in a repository without a commit, there is none.
    """
    try:
        options = ["--quiet", "--no-checkout", "--no-hardlinks", "--template="]
        git(top, "clone", *options, "--", str(top), str(target), settings=_LOCAL)
        index = git(top, "rev-parse", "--path-format=absolute", "--git-path", "index", settings=_LOCAL)
        shutil.copyfile(index.removesuffix("\n"), target / ".git" / "index")
    except (MetaError, OSError):
        shutil.rmtree(target, ignore_errors=True)


def _files_of_folder(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        here = Path(parent).relative_to(folder)
        # setuptools takes what is in build/lib for a part of what it builds.
        left_behind = {n for n in folders if here.parts == ("build",) and n.startswith(("lib", "bdist."))}
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        folders[:] = [name for name in folders if name not in {*_NO_SOURCE, *left_behind, *links}]
        yield from ((here / name).as_posix() for name in (*files, *links))


def _copy_files(source: Path, target: Path, files: Iterable[str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file in files:
        original, copy = source / file, target / file
        with contextlib.suppress(FileNotFoundError):
            # A file that git tracks may be gone, and what is no file (a socket, a pipe) is no source.
            if stat.S_IFMT(original.lstat().st_mode) in (stat.S_IFREG, stat.S_IFLNK):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(original, copy, follow_symlinks=False)
