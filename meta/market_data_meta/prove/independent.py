"""Independent changes: each is built as a candidate and gated as a user would gate it, and the answer is counted."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from market_data_meta.candidates.renumbering import pack_wheel, renumber
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.variant import file_digests, make_variant
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.running.cells import RunOptions

if TYPE_CHECKING:
    from market_data_meta.results.gate import GateResult


@dataclass(frozen=True)
class ChangedRelease:
    """Edits of one published release."""

    package: str
    version: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class IndependentChange:
    """Releases that are changed together, of what kind the change is, and what a consumer notices (of a break)."""

    parts: tuple[ChangedRelease, ...]
    kind: str
    why: str
    file: str
    harmless: bool

    @property
    def package(self) -> str:
        """The package that it is about."""
        return self.parts[0].package

    @property
    def words(self) -> set[str]:
        """By what it may be chosen: its package, its kind, and whether it breaks something."""
        return {self.package, self.kind, "harmless" if self.harmless else "break"}

    @property
    def place(self) -> str:
        """Where it is written, for whoever has to mend it."""
        return f"tests/independent/{self.file}: {self.why}"


@dataclass(frozen=True)
class IndependentTrial:
    """What a gate said to a change: which clauses got worse, which findings of observations there are, and its exit.

    ``fault`` says why the gate could not be run. ``told`` are all signs but those of what was added.
    """

    change: IndependentChange
    exit: int | None
    clauses: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    fault: str = ""

    @property
    def told(self) -> bool:
        """Whether the gate told that something got worse or changed."""
        return bool(self.clauses or self.findings) or self.exit == 1


def sample(changes: Sequence[IndependentChange], number: int) -> list[IndependentChange]:
    """So many of the changes, spread over all of them, always the same; all of them for 0."""
    if not number:
        return list(changes)
    chosen = shuffled(changes)[:number]
    return [change for change in changes if change in chosen]


def shuffled(changes: Iterable[IndependentChange]) -> list[IndependentChange]:
    """The changes in an order that is always the same, and has nothing to do with where they are."""
    return sorted(changes, key=lambda change: hashlib.sha256(change.why.encode()).hexdigest())


def try_independent(
    contract: Contract,
    ledger: Ledger,
    changes: Sequence[IndependentChange],
    options: RunOptions,
    gate: Callable[[Mapping[str, Path]], GateResult],
    on_trial: Callable[[IndependentTrial], None],
) -> None:
    """Gate each change; ``gate`` takes the candidates' wheels by package. Raises MetaError where one does not fit."""
    releases = sorted({(part.package, part.version) for change in changes for part in change.parts})
    sites = release_sites(contract, ledger, releases, options.cache, options.interpreter)
    for change in changes:
        with tempfile.TemporaryDirectory(prefix="mdmeta-") as folder:
            wheels = changed_wheels(change, sites, Path(folder))
            try:
                trial = judge_gate(change, gate(wheels))
            except MetaError as error:
                trial = IndependentTrial(change, None, fault=f"{error.what}: {error.why}")
        on_trial(trial)


def release_sites(
    contract: Contract, ledger: Ledger, releases: Iterable[tuple[str, str]], cache: Path, python: str
) -> dict[tuple[str, str], Path]:
    """The unpacked wheel of each release, by package and version. Raises MetaError for one that cannot be had."""
    # Imported here: the client of the index costs more to load than reading what is cached.
    from market_data_meta.running.wheels import unpack_all

    published = {(package, version): ledger.release(package, version) for package, version in releases}
    wanted: dict[str, list[Release]] = {}
    for (package, _), release in published.items():
        wanted.setdefault(contract.packages[package].distribution, []).append(release)
    sites = unpack_all(wanted, cache, python).all_sites(ErrorCode.NO_WHEEL)
    return {key: sites[release.sha256] for key, release in published.items()}


def changed_wheels(change: IndependentChange, sites: Mapping[tuple[str, str], Path], folder: Path) -> dict[str, Path]:
    """The changed releases as wheels in ``folder``, by package. Raises MetaError where the change does not fit."""
    folder.mkdir(exist_ok=True)
    return {part.package: _wheel(part, change, sites[part.package, part.version], folder) for part in change.parts}


def edited_release(part: ChangedRelease, change: IndependentChange, site: Path) -> Change:
    """The edits of a release, and those of whoever gives it a new version."""
    edits = (*part.edits, *_version_edits(site, part.version, _new_version(part)))
    return Change(part.package, edits, change.why)


def _wheel(part: ChangedRelease, change: IndependentChange, site: Path, folder: Path) -> Path:
    """The changed release as the wheel of a post-release: its predecessor is the release as it is."""
    edited = edited_release(part, change, site)
    try:
        variant = make_variant(edited, site, file_digests(site), folder / f"{part.package}-edited")
    except MetaError as error:
        raise replace(error, hint=f"mend it in {change.place}") from None
    return pack_wheel(renumber(variant.site, _new_version(part), folder / part.package), folder)


def _new_version(part: ChangedRelease) -> str:
    return f"{part.version}.post1"


@cache
def _version_edits(site: Path, version: str, new_version: str) -> tuple[Edit, ...]:
    """What whoever releases it changes as well: modules that say its version say the new one.

    Otherwise each change of such a release would be caught by the version that it says, whatever it breaks.
    """
    says = re.compile(rf'(?:__)?version(?:__)?\s*=\s*"{re.escape(version)}"')
    edits = []
    for module in sorted(site.rglob("*.py")):
        said = Counter(says.findall(module.read_text(encoding="utf-8", errors="replace")))
        file = module.relative_to(site).as_posix()
        edits += [Edit(file, text, text.replace(version, new_version), count) for text, count in said.items()]
    return tuple(edits)


def judge_gate(change: IndependentChange, result: GateResult) -> IndependentTrial:
    """What the gate's result says of the change."""
    clauses = [each.clause for each in result.of_kind("regression")]
    observed = result.observations
    findings = [f"{each.kind} {each.symbol}" for each in observed.findings if each.kind != "added"] if observed else []
    if any(not cell.before for cell in result.uninstallable):
        clauses.append("cannot be installed")
    why = "; ".join(cell.why for cell in result.undecided)[:300] if result.undecided else ""
    return IndependentTrial(change, result.exit, tuple(clauses), tuple(dict.fromkeys(findings)), fault=why)
