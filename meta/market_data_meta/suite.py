"""The conformance suite as files: where it is, and the digest by which its records are told apart."""

from __future__ import annotations

import hashlib
from pathlib import Path

INSIDE = Path(__file__).parent / "inside"
"""The folder that goes on ``PYTHONPATH`` in an environment under test."""


def command(python: Path) -> list[str]:
    """The command that runs pytest in the environment of ``python``, of which nothing runs before."""
    return [str(python), "-S", str(INSIDE / "mdm_start.py"), "--quiet"]


def folder(root: Path) -> Path:
    """Where the checks are."""
    return root / "tests" / "conformance"


def digest(root: Path) -> str:
    """Digest of all that decides an outcome: the checks, what runs them, the clauses and the schemas; 64 digits."""
    whole = hashlib.sha256()
    roots = {
        "conformance": folder(root),
        "inside": INSIDE,
        "clauses": root / "contracts" / "clauses",
        "schemas": root / "contracts" / "schemas" / "dto",
    }
    files = [(name, file, base) for name, base in roots.items() for file in base.rglob("*")]
    files.append(("packages", root / "contracts" / "packages.toml", root / "contracts"))
    for name, file, base in sorted(files):
        if file.suffix in {".py", ".toml", ".json", ".ini"} and file.is_file():
            data = hashlib.sha256(file.read_bytes()).hexdigest()
            whole.update(f"{name}/{file.relative_to(base).as_posix()}\0{data}\n".encode())
    return whole.hexdigest()
