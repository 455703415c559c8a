"""Which commit a source tree is at, on which branch, and whether it has edits that are not in it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.candidates.git import git
from market_data_meta.errors import MetaError

# Of whoever checked it out: nothing in it is executed.
_LOCAL = ("safe.directory=*",)


@dataclass(frozen=True)
class Revision:
    """A commit, the branch or another ref that names it (None where none does), and whether the tree has edits."""

    commit: str
    ref: str | None = None
    edited: bool = False


def revision_of(tree: Path) -> Revision | None:
    """The revision of a source tree; None where git does not know it.

    Git's own answer to what is edited would run the filters that a repository may name, so contents are compared here.
    """
    tree = tree.resolve()
    if not tree.is_dir() or not any((folder / ".git").exists() for folder in (tree, *tree.parents)):
        return None
    try:
        if not _git(tree, "ls-files", "--cached", "--", "."):
            # A folder of a work tree that the repository has nothing of: its commits say nothing of it.
            return None
        commit = _git(tree, "rev-parse", "--verify", "HEAD^{commit}").strip()
        return Revision(commit, _ref(tree), _is_edited(tree))
    except MetaError:
        # A tree without a commit, or without git: the gate looks at its files all the same.
        return None


def _ref(tree: Path) -> str | None:
    """The branch; of a commit that is checked out by itself, as CI systems do, one of the refs that name it."""
    branch = _git(tree, "rev-parse", "--abbrev-ref", "HEAD").strip()
    if branch != "HEAD":
        return branch
    refs = _git(tree, "for-each-ref", "--points-at=HEAD", "--count=1", "--format=%(refname:short)").split()
    return refs[0] if refs else None


def _is_edited(tree: Path) -> bool:
    """Whether a file of the tree is staged, changed, gone, or new and not ignored."""
    if _git(tree, "diff-index", "--cached", "--name-only", "HEAD", "--", "."):
        return True
    if _git(tree, "ls-files", "--others", "--exclude-standard", "--directory"):
        return True
    # These may only have another date: ":mode mode blob blob status", then the path.
    parts = _git(tree, "diff-files", "--raw", "-z", "--no-abbrev", "--relative", "--", ".").split("\0")
    rows = [row for row in zip(parts[::2], parts[1::2], strict=False) if not row[0].startswith(":160000")]
    return any(_blob(tree / path, len(row.split()[2])) != row.split()[2] for row, path in rows)


def _blob(file: Path, digits: int) -> str | None:
    """The name that git would give the content of a file; None where there is none."""
    try:
        content = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
    except OSError:
        return None
    blob = b"blob %d\0" % len(content) + content
    return (hashlib.sha256(blob) if digits == 64 else hashlib.sha1(blob, usedforsecurity=False)).hexdigest()


def _git(tree: Path, *arguments: str) -> str:
    return git(tree, *arguments, settings=_LOCAL)
