"""Third-party sets: which libraries a cell's releases run with, resolved once for each distinct set of requirements."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import canonicalize_name

from market_data_meta.contract import Contract
from market_data_meta.errors import SuiteConflictError, UninstallableError
from market_data_meta.files import exclusive_lock, write_whole
from market_data_meta.releases.combinations import HIGHEST, TODAY, Cell
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.releases.index_settings import configured_indexes
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import bytecode, environments

_RESOLUTIONS = 3
"""How many sets are resolved at a time, each in a process of its own.

Each of these sends the index some hundred requests at once. Three at a time resolve the sets of the matrix as soon as
twelve do; of twelve, some lose an answer and wait until they give it up (5 to 20 s on a small machine).
"""
ThirdPartyRequirements = tuple[tuple[str, ...], ...]
"""What the releases of a cell require of other libraries, for each package: cells that agree on it share a set."""


@dataclass(frozen=True)
class ThirdPartyLock:
    """A resolved third-party set: a lock without the packages under test, and which optional libraries are in it.

    ``candidate_entries`` are the entries that no set of published releases has: a candidate has chosen them. Such a set
    shares nothing with others.
    """

    lock: str
    optional: frozenset[str]
    candidate_entries: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Sixteen digits that stand for the exact set."""
        return hashlib.sha256(self.lock.encode()).hexdigest()[:16]

    def cache_folder(self, cache: Path) -> Path:
        """The folder for its environment and its runs: one of its own if it has entries that a candidate has chosen."""
        return cache / "candidates" / self.digest if self.candidate_entries else cache

    def compared_with(self, published: Iterable[ThirdPartyLock]) -> ThirdPartyLock:
        """The same set, with the entries that none of the published sets has as its ``candidate_entries``."""
        known = {entry for lock in published for entry in entries(lock.lock)}
        return replace(self, candidate_entries=tuple(entry for entry in entries(self.lock) if entry not in known))


@dataclass(frozen=True)
class Unresolvable:
    """Requirements that no set of libraries satisfies, and the sentence that says why.

    With ``of_suite`` they could be installed: it is the suite that has no room beside them.
    """

    reason: str
    of_suite: bool = False


def resolve_all(
    contract: Contract,
    ledger: Ledger,
    cells: Iterable[ContentCombination],
    python: str,
    cache: Path,
    choice: str = HIGHEST,
    to_install: Collection[ThirdPartyRequirements] = (),
) -> dict[ThirdPartyRequirements, ThirdPartyLock | Unresolvable]:
    """For each distinct set of requirements the set that it resolves to by a choice of versions.

    ``python`` is the interpreter that will run it. What was resolved before is read from ``cache``: a resolution as of
    a date does not change, and that of this day is made once a day. The sets of ``to_install`` are resolved first. They
    are installed one after the other while others are resolved, which mostly waits for the index: whoever needs one
    calls ``install``, and gets the error if there is one.
    """
    representatives: dict[ThirdPartyRequirements, ContentCombination] = {}
    for cell in cells:
        representatives.setdefault(cell.requirements, cell)
    interpreter = environments.uv("python", "find", "--no-project", python).strip()
    # Another index may have another file under the same name.
    moment = datetime.now(UTC).date().isoformat() if choice == TODAY else ledger.as_of
    circumstances = [moment, interpreter, *(index.url for index in configured_indexes())]

    order = sorted(representatives, key=lambda requirements: requirements not in to_install)
    installer = ThreadPoolExecutor(1)

    def resolve(requirements: ThirdPartyRequirements) -> ThirdPartyLock | Unresolvable:
        cell = representatives[requirements]
        file = _file(contract, cell, choice, circumstances, cache)
        known = _read(file)
        if known is not None:
            return known
        resolution = _resolve(contract, ledger, cell, choice, python, file)
        if requirements in to_install and isinstance(resolution, ThirdPartyLock):
            installer.submit(install, resolution, python, cache)
        return resolution

    try:
        with ThreadPoolExecutor(_RESOLUTIONS) as pool:
            resolved = dict(zip(order, pool.map(resolve, order), strict=True))
    finally:
        installer.shutdown(wait=False, cancel_futures=True)
    return {requirements: resolved[requirements] for requirements in representatives}


def _file(contract: Contract, cell: ContentCombination, choice: str, circumstances: Sequence[str], cache: Path) -> Path:
    """The file that keeps a resolution: it is named by all that the resolution depends on."""
    question: list[object] = [choice, *circumstances, cell.requirements, environments.SUITE, environments.OPTIONAL]
    if service := contract.service_with(cell.combination.packages):
        question += [{package: list(extras) for package, extras in service.extras.items()}, service.libraries]
    return cache / "locks" / f"{hashlib.sha256(json.dumps(question).encode()).hexdigest()[:16]}.json"


def _resolve(
    contract: Contract, ledger: Ledger, cell: ContentCombination, choice: str, python: str, file: Path
) -> ThirdPartyLock | Unresolvable:
    """The set of a cell, and that in ``file``; the reason why there is none is asked for again each time."""
    try:
        cell_lock = environments.resolve_cell(contract, ledger, Cell(cell.combination, choice), python)
    except UninstallableError as error:
        return Unresolvable(error.why)
    except SuiteConflictError as error:
        return Unresolvable(f"{error.what}: {error.why}", of_suite=True)
    distributions = {package.distribution for package in contract.packages.values()}
    lock = ThirdPartyLock(remove_entries(cell_lock.suite, distributions), cell_lock.optional)
    write_whole(file, json.dumps({"lock": lock.lock, "optional": sorted(lock.optional)}))
    return lock


def _read(file: Path) -> ThirdPartyLock | None:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return ThirdPartyLock(data["lock"], frozenset(data["optional"]))
    except (OSError, ValueError, KeyError, TypeError):
        # What cannot be read is resolved again.
        return None


def remove_entries(lock: str, distributions: Iterable[str]) -> str:
    """The lock without the entries of some distributions."""
    for name in distributions:
        entry = rf"^{re.escape(name)}(?:==| @ )[^\s\\]+(?: \\\n    --hash=\S+)*\n?"
        lock = re.sub(entry, "", lock, flags=re.MULTILINE)
    return lock


def entries(lock: str) -> list[str]:
    """The entries of a lock, each with a library's name, its version or address, and its hashes."""
    return [entry.strip() for entry in re.split(r"\n(?=\S)", lock) if entry.strip()]


@dataclass
class _Group:
    """Sets that agree on every library that they share: its version by name, and the sets."""

    versions: dict[str, str]
    locks: list[ThirdPartyLock]

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(sorted(self.versions.items())).encode()).hexdigest()[:16]


def group_digests(
    published: Sequence[ThirdPartyLock], candidates: Sequence[ThirdPartyLock] = ()
) -> dict[ThirdPartyLock, str]:
    """A digest for each set, the same for sets that agree on the version of every library that they share.

    Sets of one group differ only in libraries that the others do not ask for at all. The digest is that of what is
    published: a candidate's set joins a group without changing it. A set with entries that a candidate has chosen joins
    none: a run with these libraries says nothing about cells without them, nor the other way round.
    """
    groups = _merge([], published)
    digests = {lock: group.digest for group in groups for lock in group.locks}
    merged = _merge(groups, [lock for lock in candidates if not lock.candidate_entries])
    for number, group in enumerate(merged):
        digest = digests[group.locks[0]] if number < len(groups) else group.digest
        digests |= dict.fromkeys(group.locks, digest)
    return digests | {lock: f"own-{lock.digest}" for lock in candidates if lock.candidate_entries}


def _merge(groups: Sequence[_Group], locks: Sequence[ThirdPartyLock]) -> list[_Group]:
    """The groups with more sets in them: each in the first group that it agrees with, or in a new one."""
    merged = [_Group(dict(group.versions), list(group.locks)) for group in groups]
    for lock in locks:
        locked = environments.locked_versions(lock.lock)
        for group in merged:
            if all(group.versions.get(name, version) == version for name, version in locked.items()):
                group.versions.update(locked)
                group.locks.append(lock)
                break
        else:
            merged.append(_Group(dict(locked), [lock]))
    return merged


def install(lock: ThirdPartyLock, python: str, cache: Path) -> Path:
    """The interpreter of an environment that holds the set and nothing else. It is made once, and read from then on."""
    name = hashlib.sha256(f"{lock.digest} {python}".encode()).hexdigest()[:16]
    folder = lock.cache_folder(cache) / "environments" / name
    with exclusive_lock(folder):
        interpreter = environments.create(folder, python)
        ready = folder / "ready"
        if not ready.exists():
            environments.install(interpreter, lock.lock)
            # A candidate's own environment shares no files with others, in neither direction.
            others = () if lock.candidate_entries else (file.parent for file in folder.parent.glob("*/ready"))
            bytecode.compile_environment(folder, Path(interpreter), others)
            ready.touch()
    return Path(interpreter)


def startup_code(lock: ThirdPartyLock, python: Path) -> str | None:
    """A sentence that names what a candidate has brought along and Python runs at every start, or None.

    ``python`` has the set installed. Such code is not run in the process that judges. It would run in every other
    process that a check starts, so no run with it is evidence.
    """
    names = [canonicalize_name(re.split(r"==| @ ", entry, maxsplit=1)[0]) for entry in lock.candidate_entries]
    for site in sorted((python.parent.parent / "lib").glob("python*/site-packages")):
        owners: dict[str, str] = {}
        for info in sorted(site.glob("*.dist-info")):
            for line in (info / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines():
                owners[line.partition(",")[0].strip('"')] = info.name.removesuffix(".dist-info")
        for path in sorted(site.iterdir()):
            owner = owners.get(path.name, "")
            if _runs_at_startup(path) and (not owner or canonicalize_name(owner.rpartition("-")[0]) in names):
                who = owner.replace("-", " ") or "what it installs"
                return f"{who}, which was brought along, has code that Python runs at every start: {path.name}"
    return None


def _runs_at_startup(path: Path) -> bool:
    if path.name.partition(".")[0] in ("sitecustomize", "usercustomize"):
        return True
    if path.suffix != ".pth" or not path.is_file():
        return False
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.startswith(("import ", "import\t")) for line in lines)
