"""Third-party sets: which libraries a cell's releases run with, resolved once for each distinct set of requirements."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from market_data_meta import environment
from market_data_meta.combination import Cell
from market_data_meta.contract import Contract
from market_data_meta.errors import UninstallableError
from market_data_meta.ledger import Ledger, write_whole
from market_data_meta.matrix import bytecode
from market_data_meta.matrix.codes import Square


@dataclass(frozen=True)
class Libraries:
    """A resolved third-party set: a lock without the packages under test, and which optional libraries are in it."""

    lock: str
    optional: frozenset[str]

    @property
    def digest(self) -> str:
        """Sixteen digits that stand for the exact set."""
        return hashlib.sha256(self.lock.encode()).hexdigest()[:16]


def resolved(
    contract: Contract, ledger: Ledger, squares: Iterable[Square], python: str, cache: Path
) -> dict[tuple[tuple[str, ...], ...], Libraries | str]:
    """For each distinct set of requirements what it resolves to as of the ledger's date, or why nothing satisfies it.

    ``python`` is the interpreter that will run it. What was resolved before is read from ``cache``: a resolution as of
    a date does not change.
    """
    representatives: dict[tuple[tuple[str, ...], ...], Square] = {}
    for square in squares:
        representatives.setdefault(square.libraries, square)
    about = environment.uv("python", "find", "--no-project", python).strip()
    # Threads, because the resolver is a process of its own.
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        found = pool.map(lambda one: _resolved(contract, ledger, one, python, about, cache), representatives.values())
        return dict(zip(representatives, found, strict=True))


def _resolved(
    contract: Contract, ledger: Ledger, square: Square, python: str, about: str, cache: Path
) -> Libraries | str:
    asked = [ledger.as_of, about, square.libraries, environment.SUITE, environment.OPTIONAL]
    file = cache / "locks" / f"{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]}.json"
    known = _read(file)
    if known is not None:
        return known
    try:
        whole = environment.lock(contract, ledger, Cell(square.combination), python)
    except UninstallableError as error:
        return error.why
    own = {package.distribution for package in contract.packages.values()}
    found = Libraries(without(whole.whole, own), whole.libraries)
    write_whole(file, json.dumps({"lock": found.lock, "optional": sorted(found.optional)}))
    return found


def _read(file: Path) -> Libraries | None:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Libraries(data["lock"], frozenset(data["optional"]))
    except (OSError, ValueError, KeyError, TypeError):
        # What cannot be read is resolved again.
        return None


def without(lock: str, distributions: Iterable[str]) -> str:
    """The lock less the entries of some distributions."""
    for name in distributions:
        entry = rf"^{re.escape(name)}(?:==| @ )[^\s\\]+(?: \\\n    --hash=\S+)*\n?"
        lock = re.sub(entry, "", lock, flags=re.MULTILINE)
    return lock


def families(published: Sequence[Libraries], candidates: Sequence[Libraries] = ()) -> dict[Libraries, str]:
    """A digest for each set, the same for sets that agree on the version of every library that they share.

    Sets of one family differ only in libraries that the others do not ask for at all. The digest is that of what is
    published: a candidate joins a family as it is, or makes one of its own.
    """
    found = _merged([], published)
    digests = {one: _digest(versions) for versions, members in found for one in members}
    known = len(found)
    for number, (versions, members) in enumerate(_merged(found, candidates)):
        digest = digests[members[0]] if number < known else _digest(versions)
        digests |= dict.fromkeys(members, digest)
    return digests


def _merged(
    families_: list[tuple[dict[str, str], list[Libraries]]], sets: Sequence[Libraries]
) -> list[tuple[dict[str, str], list[Libraries]]]:
    """The families with more sets in them: each in the first that it agrees with, or in a new one."""
    merged = [(dict(versions), list(members)) for versions, members in families_]
    for one in sets:
        pins = environment.pins(one.lock)
        for versions, members in merged:
            if all(versions.get(name, version) == version for name, version in pins.items()):
                versions.update(pins)
                members.append(one)
                break
        else:
            merged.append((dict(pins), [one]))
    return merged


def _digest(versions: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(versions.items())).encode()).hexdigest()[:16]


def installed(libraries: Libraries, python: str, cache: Path) -> Path:
    """The interpreter of an environment that holds the set and nothing else; made once."""
    name = hashlib.sha256(f"{libraries.digest} {python}".encode()).hexdigest()[:16]
    folder = cache / "environments" / name
    with environment.held(folder):
        interpreter = environment.create(folder, python)
        ready = folder / "ready"
        if not ready.exists():
            environment.install(interpreter, libraries.lock)
            others = (file.parent for file in folder.parent.glob("*/ready"))
            bytecode.complete(folder, Path(interpreter), others)
            ready.touch()
    return Path(interpreter)
