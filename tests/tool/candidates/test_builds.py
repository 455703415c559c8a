"""Builds: a candidate is built as pip builds a wheel, from what git tracks and what it does not ignore."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from market_data_meta.candidates.sources import read_candidate
from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.releases.ledger import Ledger

BACKEND = r'''
import base64, hashlib, os, subprocess, sys
from pathlib import Path
from zipfile import ZipFile

NAME = "market_data_core-1.4.62"


def get_requires_for_build_wheel(config_settings=None):
    return [line for line in Path("needed.txt").read_text().splitlines()] if Path("needed.txt").exists() else []


def build_wheel(folder, config_settings=None, metadata_directory=None):
    """All files of the tree, and a module that says what the build saw."""
    files = {p.relative_to(".").as_posix(): p.read_bytes() for p in Path(".").rglob("*") if p.is_file()}
    files = {f"market_data_core/{n}": data for n, data in files.items() if not n.startswith((".git/", "_build/"))}
    for command in (Path("commands.txt").read_text().splitlines() if Path("commands.txt").exists() else ()):
        done = subprocess.run(command, shell=True, capture_output=True, text=True)
        files[f"market_data_core/{command.split()[0]}.out"] = (done.stdout + done.stderr).encode()
    info = f"{NAME}.dist-info"
    files[f"{info}/METADATA"] = b"Metadata-Version: 2.1\nName: market-data-core\nVersion: 1.4.62\n"
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\n"
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"]).encode()
    with ZipFile(Path(folder) / f"{NAME}-py3-none-any.whl", "w") as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
    return f"{NAME}-py3-none-any.whl"
'''
"""A backend without requirements: its wheel shows what it was built from."""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["_build"]\n'
SETUPTOOLS = """
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"
[project]
name = "market-data-core"
version = "1.4.62"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree that is built by the backend above."""
    folder = tmp_path / "core"
    written(folder, {"pyproject.toml": PROJECT, "_build/backend.py": BACKEND, "kept.py": ""})
    return folder


def written(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    command = ["git", *identity, "-c", "protocol.file.allow=always", "-C", str(folder), *arguments]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=variables).stdout.strip()


def committed(folder: Path) -> str:
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a commit")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def built(contract: Contract, ledger: Ledger, tmp_path: Path) -> Callable[[Path | str], dict[str, str]]:
    """Build a source as core's candidate: its modules, and their texts."""

    def build(source: Path | str) -> dict[str, str]:
        folder = tmp_path / "scratch" / str(len(list(tmp_path.glob("scratch/*"))))
        candidate = read_candidate(contract, ledger, "core", str(source), folder, lambda _: None)
        assert candidate.wheel is not None
        with ZipFile(candidate.wheel) as archive:
            return {
                name.removeprefix("market_data_core/"): archive.read(name).decode()
                for name in archive.namelist()
                if name.startswith("market_data_core/")
            }

    return build


Build = Callable[[Path | str], dict[str, str]]


def test_a_build_takes_what_git_tracks_and_what_it_does_not_ignore(built: Build, tree: Path) -> None:
    """What was edited, added or deleted since the last commit counts; what is ignored does not."""
    written(tree, {".gitignore": "ignored.py\nbuild/\n", "deleted.py": "", "edited.py": "1"})
    committed(tree)
    (tree / "deleted.py").unlink()
    written(tree, {"ignored.py": "", "build/lib/old.py": "", "edited.py": "2", "new.py": "", "ä b.py": ""})
    modules = built(tree)
    assert modules.keys() == {".gitignore", "pyproject.toml", "kept.py", "edited.py", "new.py", "ä b.py"}
    assert modules["edited.py"] == "2"
    assert (tree / "build" / "lib" / "old.py").exists()


@pytest.mark.parametrize("in_git", [True, False])
def test_a_module_that_is_gone_from_the_source_is_not_built(built: Build, tmp_path: Path, *, in_git: bool) -> None:
    """Setuptools takes a module from the build before, where it finds one."""
    tree = tmp_path / "plain"
    package = {"market_data_core/__init__.py": "", "market_data_core/kept.py": ""}
    written(tree, {"pyproject.toml": SETUPTOOLS, ".gitignore": "build/\n*.egg-info\n", **package})
    written(tree, {f"build/lib/{name}": text for name, text in package.items()})
    written(tree, {"build/lib/market_data_core/gone.py": ""})
    if in_git:
        committed(tree)
    assert built(tree).keys() == {"__init__.py", "kept.py"}


def test_a_linked_worktree_is_built_with_its_history(built: Build, tree: Path, tmp_path: Path) -> None:
    """A worktree's history lies elsewhere; projects that number themselves by it find it, tags and edits included."""
    written(tree, {"commands.txt": "git describe --tags --dirty --always"})
    committed(tree)
    git(tree, "tag", "v1.4.62")
    git(tree, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    assert built(tmp_path / "linked")["git.out"] == "v1.4.62\n"
    (tmp_path / "linked" / "kept.py").write_text("edited = True\n")
    assert built(tmp_path / "linked")["git.out"] == "v1.4.62-dirty\n"
    assert built(tree)["git.out"] == "v1.4.62\n"


def test_a_project_below_the_top_of_its_repository_has_what_is_beside_it(built: Build, tree: Path) -> None:
    top = tree.parent / "several"
    top.mkdir()
    tree.rename(top / "core")
    written(top, {"README.md": "for both", "core/commands.txt": "cat ../README.md"})
    committed(top)
    written(top, {"untracked.md": ""})
    assert built(top / "core")["cat.out"] == "for both"


def test_a_folder_that_its_repository_ignores_is_built_whole(built: Build, tree: Path) -> None:
    written(tree.parent, {".gitignore": "core/\n"})
    git(tree.parent, "init", "--quiet")
    assert built(tree).keys() == {"pyproject.toml", "kept.py"}


def test_a_repository_without_a_commit_is_built(built: Build, tree: Path) -> None:
    written(tree, {".gitignore": "ignored.py\n", "ignored.py": ""})
    git(tree, "init", "--quiet")
    assert built(tree).keys() == {".gitignore", "pyproject.toml", "kept.py"}


def test_a_hook_of_another_repository_does_not_lead_astray(
    built: Build, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git tells a hook about its own repository in the environment."""
    committed(tree)
    other = tmp_path / "other"
    written(other, {"other.py": ""})
    committed(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert built(tree).keys() == {"pyproject.toml", "kept.py"}


def test_nothing_that_a_repository_brings_along_is_executed(built: Build, tree: Path, tmp_path: Path) -> None:
    """A source tree's own settings of git, its hooks and filters start nothing outside of the sandbox."""
    committed(tree)
    trap = tmp_path / "trap"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o755)
    for name in ("core.fsmonitor", "core.sshCommand", "filter.x.smudge", "uploadpack.packObjectsHook"):
        git(tree, "config", name, str(script))
    for hook in ("post-checkout", "post-index-change", "pre-auto-gc"):
        (tree / ".git" / "hooks").mkdir(exist_ok=True)
        (tree / ".git" / "hooks" / hook).write_text(script.read_text())
        (tree / ".git" / "hooks" / hook).chmod(0o755)
    assert "kept.py" in built(tree)
    assert not trap.exists()


def test_submodules_that_are_there_are_built_and_others_are_named(built: Build, tree: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    written(part, {"part.py": ""})
    committed(part)
    committed(tree)
    git(tree, "submodule", "--quiet", "add", str(part), "inner")
    git(tree, "commit", "--quiet", "--message", "with a part")
    assert "inner/part.py" in built(tree)
    written(
        tree, {"_build/backend.py": BACKEND.replace("files = {p", "Path('inner/part.py').read_text()\n    files = {p")}
    )
    git(tree, "commit", "--quiet", "--all", "--message", "needs the part")
    with pytest.raises(MetaError, match="does not build") as caught:
        built(f"git+file://{tree}@main")
    assert caught.value.hint == "submodules are not fetched: inner"


def test_links_are_copied_and_not_followed_out(built: Build, tree: Path, tmp_path: Path) -> None:
    """A link may lead to what is the caller's alone: a build that reads it fails."""
    written(tmp_path, {"secret.py": "secret"})
    (tree / "inner.py").symlink_to("kept.py")
    (tree / "folder").symlink_to(tmp_path)
    committed(tree)
    assert built(tree).keys() == {"pyproject.toml", "kept.py", "inner.py"}
    (tree / "outer.py").symlink_to(tmp_path / "secret.py")
    with pytest.raises(MetaError, match=r"Permission denied: 'outer\.py'"):
        built(tree)


def test_what_is_no_file_is_left_out(built: Build, tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert built(tree).keys() == {"pyproject.toml", "kept.py"}


def test_what_a_backend_asks_for_is_installed(built: Build, tree: Path) -> None:
    """A backend may say what it needs when it has looked at the project, beside what the project declares."""
    written(tree, {"needed.txt": "iniconfig\nsetuptools; python_version < '3'\n"})
    written(tree, {"commands.txt": 'python -c "import iniconfig; print(7)"'})
    assert built(tree)["python.out"] == "7\n"


@pytest.mark.parametrize(
    ("needed", "message"),
    [
        ("thing @ file:///thing-1.0-py3-none-any.whl", "thing @ file:///thing"),
        ("--index-url=https://example.invalid", "cannot be read"),
        ("iniconfig<0.0.1", "what it is built with cannot be installed"),
    ],
)
def test_what_a_backend_must_not_ask_for_is_refused(built: Build, tree: Path, needed: str, message: str) -> None:
    written(tree, {"needed.txt": needed})
    with pytest.raises(MetaError) as caught:
        built(tree)
    assert message in str(caught.value)
    assert caught.value.exit == Exit.BAD_INPUT


SETUP = (
    "from setuptools import setup\nsetup(name='market-data-core', version='1.4.62', packages=['market_data_core'])\n"
)


@pytest.mark.parametrize(
    "files",
    [
        {"setup.py": SETUP},
        {"setup.py": SETUP, "pyproject.toml": "[tool.other]\n"},
        {"setup.py": "import helper\n" + SETUP, "helper.py": "", "pyproject.toml": "[tool.other]\n"},
        {"setup.py": SETUP, "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'},
        {"pyproject.toml": SETUPTOOLS},
    ],
)
def test_the_ways_to_name_a_backend_are_those_of_the_standards(
    built: Build, tmp_path: Path, files: dict[str, str]
) -> None:
    tree = tmp_path / "plain"
    written(tree, {"market_data_core/__init__.py": "", **files})
    assert built(tree).keys() == {"__init__.py"}


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ("[build-system]\n", "does not say how it is built"),
        ("build-system = 3\n", "does not say how it is built"),
        ("[build-system]\nrequires = 'setuptools'\n", "does not say how it is built"),
        ("[build-system]\nrequires = [3]\n", "does not say how it is built"),
        ("[build-system]\nrequires = []\nbuild-backend = ['a']\n", "does not say how it is built"),
        ("[build-system]\nrequires = []\nbackend-path = 'a'\n", "does not say how it is built"),
        ("[build-system\n", "pyproject.toml cannot be read"),
        ('[project]\ndependencies = [\n  "core>=1.3,<2\n  "fastapi"]\n', 'at line 3, column 16): "core>=1.3,<2'),
        ("[project]\ndependencies = ['core>=,<2']\n", "project.dependencies[0] is 'core>=,<2'"),
        ("[project.optional-dependencies]\ndev = ['a', '==1']\n", "project.optional-dependencies.dev[1] is '==1'"),
        ("[project]\nversion = ''\n", "project.version is ''"),
        ("[build-system]\nrequires = ['a >> 1']\n", "what it is built with cannot be read"),
        ("[build-system]\nrequires = []\nbuild-backend = 'absent'\n", "absent cannot be used"),
        (PROJECT.replace("_build", "../elsewhere"), "does not build"),
        (PROJECT.replace("_build", "_absent"), "does not build"),
        (PROJECT.replace('"backend"', '"backend:nothing"'), "does not build"),
        (
            PROJECT.replace("requires = []", "requires = ['iniconfig<0.0.1']"),
            "what it is built with cannot be installed",
        ),
    ],
)
def test_a_project_that_breaks_the_standards_is_refused(built: Build, tree: Path, project: str, message: str) -> None:
    (tree / "pyproject.toml").write_text(project)
    with pytest.raises(MetaError) as caught:
        built(tree)
    assert message in str(caught.value)
    assert caught.value.exit == Exit.BAD_INPUT


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("print('why it fails'); raise SystemExit(3)", "why it fails"),
        ("print('why it fails', flush=True); os.kill(os.getpid(), 9)", "why it fails"),
        ("raise ValueError('why it fails')", "why it fails"),
        ("return 'absent.whl'", "it brought no wheel"),
        ("return '../../tree/kept.whl'", "it brought no wheel"),
        ("return 3", "it brought no wheel"),
        ("os.mkfifo(os.path.join(folder, 'x.whl')); return 'x.whl'", "it brought no wheel"),
        ("os.symlink('/etc/passwd', os.path.join(folder, 'x.whl')); return 'x.whl'", "it brought no wheel"),
    ],
)
def test_a_backend_that_brings_no_wheel_is_told_with_its_last_lines(
    built: Build, tree: Path, end: str, message: str
) -> None:
    written(tree, {"_build/backend.py": BACKEND.replace("    info = f", f"    {end}\n    info = f")})
    with pytest.raises(MetaError, match="core does not build") as caught:
        built(tree)
    assert message in str(caught.value)
    assert caught.value.exit == Exit.BAD_INPUT


def test_a_failed_build_shows_the_lines_of_the_project_and_none_of_what_builds_it(built: Build, tree: Path) -> None:
    """Where in a backend's own code it stopped hides what its author can correct."""
    (tree / "pyproject.toml").write_text(SETUPTOOLS)
    (tree / "setup.py").write_text("from setuptools import setup\nsetup(install_requires=['core>=,<2'])\n")
    with pytest.raises(MetaError, match="core does not build") as caught:
        built(tree)
    assert "core>=,<2" in caught.value.why
    assert "Traceback" not in caught.value.why
    assert "site-packages" not in caught.value.why


def test_a_commit_that_is_named_by_its_first_digits_is_told_how_to_be_named(built: Build, tree: Path) -> None:
    with pytest.raises(MetaError) as caught:
        built(f"git+file://{tree}@{committed(tree)[:8]}")
    assert caught.value.hint == "give the commit with all its 40 digits: git fetches none by its first few"


def test_a_commit_that_does_not_build_is_called_by_its_package_and_commit(built: Build, tree: Path) -> None:
    (tree / "pyproject.toml").write_text("[build-system\n")
    commit = committed(tree)
    with pytest.raises(MetaError, match=f"^core at {commit[:12]}: its pyproject.toml cannot be read"):
        built(f"git+file://{tree}@{commit}")
