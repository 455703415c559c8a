"""The conformance suite as files: where it is, and the digest that identifies it in its records."""

from __future__ import annotations

import hashlib
from pathlib import Path

INSIDE = Path(__file__).parent / "inside"
"""The folder that goes on ``PYTHONPATH`` in an environment under test."""


def command(python: Path) -> list[str]:
    """The command that runs pytest in the environment of ``python``, before any code of that environment can run."""
    return [str(python), "-S", str(INSIDE / "mdm_start.py"), "--quiet"]


def folder(root: Path) -> Path:
    """Where the checks are."""
    return root / "tests" / "conformance"


def digest(root: Path) -> str:
    """The sha256 of all files that decide outcomes: the checks, the modules that run them, the clauses, the schemas."""
    suite_digest = hashlib.sha256()
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
            file_digest = hashlib.sha256(file.read_bytes()).hexdigest()
            suite_digest.update(f"{name}/{file.relative_to(base).as_posix()}\0{file_digest}\n".encode())
    return suite_digest.hexdigest()
