"""The conformance suite as files: where it is, and the digest that identifies it in its records."""

from __future__ import annotations

import hashlib
import json
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
    """The sha256 of all files that decide outcomes: checks, the modules that run them, clauses, schemas, recordings."""
    suite_digest = hashlib.sha256()
    roots = {
        "conformance": folder(root),
        "inside": INSIDE,
        "clauses": root / "contracts" / "clauses",
        "schemas": root / "contracts" / "schemas" / "dto",
        "recordings": root / "contracts" / "recordings",
        "sql": root / "contracts" / "schemas" / "sql",
    }
    files = [(name, file, base) for name, base in roots.items() for file in base.rglob("*")]
    files.append(("packages", root / "contracts" / "packages.toml", root / "contracts"))
    for name, file, base in sorted(files):
        if file.suffix in {".py", ".toml", ".json", ".ini", ".sql"} and file.is_file():
            file_digest = hashlib.sha256(
                _deciding_bytes(file) if name == "recordings" else file.read_bytes()
            ).hexdigest()
            suite_digest.update(f"{name}/{file.relative_to(base).as_posix()}\0{file_digest}\n".encode())
    return suite_digest.hexdigest()


def observations_folder(root: Path) -> Path:
    """Where the probes are that observe a package."""
    return root / "tests" / "observations"


def observations_digest(root: Path) -> str:
    """The sha256 of all files that decide what is observed: the probes, and the modules that run inside."""
    digest = hashlib.sha256()
    for base in (observations_folder(root), INSIDE):
        for file in sorted(base.rglob("*")):
            if file.suffix in {".py", ".toml", ".json"} and file.is_file():
                file_digest = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{base.name}/{file.relative_to(base).as_posix()}\0{file_digest}\n".encode())
    return digest.hexdigest()


def _deciding_bytes(file: Path) -> bytes:
    """What a recording holds, without its producers: checks do not read them, and each release may add one."""
    text = file.read_bytes()
    try:
        recording = json.loads(text)
    except ValueError:
        # Whoever reads it says what is wrong with it.
        return text
    if not isinstance(recording, dict):
        return text
    return json.dumps({name: value for name, value in recording.items() if name != "producers"}).encode()
