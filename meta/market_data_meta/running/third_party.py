"""Third-party sets: which libraries a cell's releases run with, resolved once for each distinct set of requirements."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from market_data_meta.contract import Contract
from market_data_meta.errors import UninstallableError
from market_data_meta.files import exclusive_lock, write_whole
from market_data_meta.releases.combinations import Cell
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import bytecode, environments


@dataclass(frozen=True)
class ThirdPartyLock:
    """A resolved third-party set: a lock without the packages under test, and which optional libraries are in it.

    ``brought`` are the entries that no set of published releases has: a candidate has chosen them. Such a set shares
    nothing with others.
    """

    lock: str
    optional: frozenset[str]
    brought: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Sixteen digits that stand for the exact set."""
        return hashlib.sha256(self.lock.encode()).hexdigest()[:16]

    def home(self, cache: Path) -> Path:
        """The folder that keeps its environment and its runs: a candidate's own where it has brought something."""
        return cache / "candidates" / self.digest if self.brought else cache

    def beside(self, published: Iterable[ThirdPartyLock]) -> ThirdPartyLock:
        """The same set, knowing what it has that none of the published ones has."""
        known = {entry for one in published for entry in entries(one.lock)}
        return replace(self, brought=tuple(entry for entry in entries(self.lock) if entry not in known))


def resolved(
    contract: Contract, ledger: Ledger, squares: Iterable[ContentCombination], python: str, cache: Path
) -> dict[tuple[tuple[str, ...], ...], ThirdPartyLock | str]:
    """For each distinct set of requirements what it resolves to as of the ledger's date, or why nothing satisfies it.

    ``python`` is the interpreter that will run it. What was resolved before is read from ``cache``: a resolution as of
    a date does not change.
    """
    representatives: dict[tuple[tuple[str, ...], ...], ContentCombination] = {}
    for square in squares:
        representatives.setdefault(square.requirements, square)
    about = environments.uv("python", "find", "--no-project", python).strip()
    # Threads, because the resolver is a process of its own.
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        found = pool.map(lambda one: _resolved(contract, ledger, one, python, about, cache), representatives.values())
        return dict(zip(representatives, found, strict=True))


def _resolved(
    contract: Contract, ledger: Ledger, square: ContentCombination, python: str, about: str, cache: Path
) -> ThirdPartyLock | str:
    asked = [ledger.as_of, about, square.requirements, environments.SUITE, environments.OPTIONAL]
    file = cache / "locks" / f"{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]}.json"
    known = _read(file)
    if known is not None:
        return known
    try:
        whole = environments.lock(contract, ledger, Cell(square.combination), python)
    except UninstallableError as error:
        return error.why
    own = {package.distribution for package in contract.packages.values()}
    found = ThirdPartyLock(without(whole.whole, own), whole.libraries)
    write_whole(file, json.dumps({"lock": found.lock, "optional": sorted(found.optional)}))
    return found


def _read(file: Path) -> ThirdPartyLock | None:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return ThirdPartyLock(data["lock"], frozenset(data["optional"]))
    except (OSError, ValueError, KeyError, TypeError):
        # What cannot be read is resolved again.
        return None


def without(lock: str, distributions: Iterable[str]) -> str:
    """The lock less the entries of some distributions."""
    for name in distributions:
        entry = rf"^{re.escape(name)}(?:==| @ )[^\s\\]+(?: \\\n    --hash=\S+)*\n?"
        lock = re.sub(entry, "", lock, flags=re.MULTILINE)
    return lock


def entries(lock: str) -> list[str]:
    """What a lock installs, one by one: name, version or address, and hashes."""
    return [entry.strip() for entry in re.split(r"\n(?=\S)", lock) if entry.strip()]


def families(
    published: Sequence[ThirdPartyLock], candidates: Sequence[ThirdPartyLock] = ()
) -> dict[ThirdPartyLock, str]:
    """A digest for each set, the same for sets that agree on the version of every library that they share.

    Sets of one family differ only in libraries that the others do not ask for at all. The digest is that of what is
    published: a candidate joins a family as it is. With something that it has brought along it joins none: what was
    run with that says nothing of anybody else, nor the other way round.
    """
    found = _merged([], published)
    digests = {one: _digest(versions) for versions, members in found for one in members}
    known = len(found)
    for number, (versions, members) in enumerate(_merged(found, [one for one in candidates if not one.brought])):
        digest = digests[members[0]] if number < known else _digest(versions)
        digests |= dict.fromkeys(members, digest)
    return digests | {one: f"own-{one.digest}" for one in candidates if one.brought}


def _merged(
    families_: list[tuple[dict[str, str], list[ThirdPartyLock]]], sets: Sequence[ThirdPartyLock]
) -> list[tuple[dict[str, str], list[ThirdPartyLock]]]:
    """The families with more sets in them: each in the first that it agrees with, or in a new one."""
    merged = [(dict(versions), list(members)) for versions, members in families_]
    for one in sets:
        pins = environments.pins(one.lock)
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


def installed(libraries: ThirdPartyLock, python: str, cache: Path) -> Path:
    """The interpreter of an environment that holds the set and nothing else; made once."""
    name = hashlib.sha256(f"{libraries.digest} {python}".encode()).hexdigest()[:16]
    folder = libraries.home(cache) / "environments" / name
    with exclusive_lock(folder):
        interpreter = environments.create(folder, python)
        ready = folder / "ready"
        if not ready.exists():
            environments.install(interpreter, libraries.lock)
            # Of a candidate's own nobody else has any use, nor it of theirs.
            others = () if libraries.brought else (file.parent for file in folder.parent.glob("*/ready"))
            bytecode.complete(folder, Path(interpreter), others)
            ready.touch()
    return Path(interpreter)


def begins(libraries: ThirdPartyLock, python: Path) -> str:
    """What a candidate has brought along that Python runs at every start, or nothing; ``python`` has it installed.

    It is not run in what judges. It is in every other process that a check starts, and no evidence comes of that.
    """
    names = [canonicalize_name(re.split(r"==| @ ", entry, maxsplit=1)[0]) for entry in libraries.brought]
    for site in sorted((python.parent.parent / "lib").glob("python*/site-packages")):
        owners: dict[str, str] = {}
        for info in sorted(site.glob("*.dist-info")):
            for line in (info / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines():
                owners[line.partition(",")[0].strip('"')] = info.name.removesuffix(".dist-info")
        for path in sorted(site.iterdir()):
            owner = owners.get(path.name, "")
            if _begins(path) and (not owner or canonicalize_name(owner.rpartition("-")[0]) in names):
                who = owner.replace("-", " ") or "what it installs"
                return f"{who}, which was brought along, has code that Python runs at every start: {path.name}"
    return ""


def _begins(path: Path) -> bool:
    if path.name.partition(".")[0] in ("sitecustomize", "usercustomize"):
        return True
    if path.suffix != ".pth" or not path.is_file():
        return False
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.startswith(("import ", "import\t")) for line in lines)
