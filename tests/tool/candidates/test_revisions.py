"""The revision of a source tree: commit, branch, and whether it has edits; found without running anything of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from market_data_meta.candidates.revisions import Revision, revision_of


def git(folder: Path, *arguments: str) -> str:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    variables |= {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree with one commit on its branch ``feature``."""
    folder = tmp_path / "tree"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "part.py").write_text("x = 1\n")
    (folder / ".gitignore").write_text("build/\n")
    git(folder, "init", "--quiet", "--initial-branch", "feature")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "First")
    return folder


def test_a_clean_tree_has_its_commit_and_branch(tree: Path) -> None:
    assert revision_of(tree) == Revision(git(tree, "rev-parse", "HEAD"), "feature", edited=False)


@pytest.mark.parametrize("folder", ["build/copy", "beside"])
def test_a_folder_that_the_repository_has_nothing_of_has_no_revision(tree: Path, folder: str) -> None:
    """Ignored or not tracked yet: no commit has it."""
    (tree / folder).mkdir(parents=True)
    (tree / folder / "pyproject.toml").write_text("")
    assert revision_of(tree / folder) is None


def test_a_commit_that_is_checked_out_by_itself_has_a_ref_that_names_it(tree: Path) -> None:
    git(tree, "update-ref", "refs/remotes/pull/7/merge", "HEAD")
    git(tree, "checkout", "--quiet", "--detach")
    git(tree, "branch", "--quiet", "-D", "feature")
    revision = revision_of(tree)
    assert revision
    assert revision.ref == "pull/7/merge"


def edit(tree: Path) -> None:
    (tree / "src" / "part.py").write_text("x = 2\n")


def stage(tree: Path) -> None:
    edit(tree)
    git(tree, "add", ".")


def remove(tree: Path) -> None:
    (tree / "src" / "part.py").unlink()


def add(tree: Path) -> None:
    (tree / "src" / "new.py").write_text("")


@pytest.mark.parametrize("change", [edit, stage, remove, add])
def test_edits_that_are_not_committed_are_seen(tree: Path, change: Callable[[Path], None]) -> None:
    change(tree)
    revision = revision_of(tree)
    assert revision
    assert revision.edited


def touch(tree: Path) -> None:
    os.utime(tree / "src" / "part.py", (1, 1))


def build(tree: Path) -> None:
    (tree / "build").mkdir()
    (tree / "build" / "part.py").write_text("")


@pytest.mark.parametrize("change", [touch, build])
def test_another_date_and_what_is_ignored_are_no_edits(tree: Path, change: Callable[[Path], None]) -> None:
    change(tree)
    revision = revision_of(tree)
    assert revision
    assert not revision.edited


def test_of_a_project_in_a_larger_tree_only_its_own_edits_count(tree: Path) -> None:
    (tree / ".gitignore").write_text("")
    revision = revision_of(tree / "src")
    assert revision
    assert not revision.edited
    edit(tree)
    revision = revision_of(tree / "src")
    assert revision
    assert revision.edited


def test_a_tree_that_git_does_not_know_has_none(tree: Path, tmp_path: Path) -> None:
    shutil.rmtree(tree / ".git")
    assert revision_of(tree) is None
    assert revision_of(tree / "src" / "part.py") is None
    git(tmp_path, "init", "--quiet", "tree")
    assert revision_of(tree) is None


def test_a_filter_that_the_repository_names_is_not_run(tree: Path, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    (tree / ".gitattributes").write_text("*.py filter=evil\n")
    for name in ("filter.evil.clean", "filter.evil.smudge"):
        git(tree, "config", name, f"touch {witness}")
    touch(tree)
    assert revision_of(tree)
    assert not witness.exists()
    # It would have been: git's own answer runs it.
    git(tree, "status")
    assert witness.exists()
