"""What changed with each release of new code, by observation: its predecessor and it, beside the same partners."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from market_data_meta import judging, suite
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.files import write_whole
from market_data_meta.judging.observation_document import NAMES, added_symbols, comparison_groups, finding_document
from market_data_meta.judging.observation_findings import find_findings
from market_data_meta.matrix.publications import Publication, Publications
from market_data_meta.releases.contents import Content, ContentCombination, contents_by_version, distinct_contents
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.results.observations import ObservedChanges
from market_data_meta.running import environments
from market_data_meta.running.cache import interpreter_digest
from market_data_meta.running.cells import RunOptions, resolve_third_party
from market_data_meta.running.observation_runs import NOT_OBSERVED
from market_data_meta.running.observed_pairs import ObservedPair, PairedCells, observe_pair
from market_data_meta.running.seals import text_or_empty
from market_data_meta.running.source_changes import read_source_changes
from market_data_meta.running.third_party import ThirdPartyLock
from market_data_meta.running.warm_runner import ProgressStep
from market_data_meta.running.wheels import is_unpacked

SIGNS, LETTERS = 3, 300
"""Signs of a finding that are listed, and characters of a value: releases have many findings, and few look at each."""

NO_CELL = "there is no cell in which both can be installed"


@dataclass(frozen=True)
class ReleaseChange:
    """A release with other code than its predecessor, and the cells that both may be observed in, the best first."""

    package: str
    release: Release
    predecessor: Release
    cells: tuple[tuple[ContentCombination, ContentCombination], ...]

    @property
    def name(self) -> str:
        """Package and version: ``core 1.2.33``."""
        return f"{self.package} {self.release.version}"


@dataclass(frozen=True)
class ReleaseObserver:
    """Observes releases of other code than their predecessors. Without ``options.run`` only the cache is asked."""

    contract: Contract
    ledger: Ledger
    options: RunOptions
    on_progress: Callable[[ProgressStep], None] = lambda _: None

    @cached_property
    def _python(self) -> str:
        return environments.version_of(self.options.interpreter)

    @cached_property
    def _publications(self) -> Publications:
        return Publications(self.contract, self.ledger, self._python)

    @cached_property
    def _contents(self) -> dict[tuple[str, str], Content]:
        return contents_by_version(distinct_contents(self.contract, self.ledger))

    def observe(self, package: str | None = None, version: str | None = None) -> dict[str, ObservedChanges]:
        """What changed with each release (by its name) of other code, of all packages, of one, or with one release.

        Where the checkout has no probes, nothing is said of any.
        """
        if not (suite.observations_folder(self.contract.root) / "observe.py").is_file():
            return {}
        changes = [
            change
            for change in self.changes()
            if package in (None, change.package) and version in (None, change.release.version)
        ]
        pairs = {change.name: [pair for pair in change.cells if self._may_observe(*pair)] for change in changes}
        cells = [cell for rows in pairs.values() for pair in rows for cell in pair]
        python, cache = self.options.interpreter, self.options.cache
        locks = resolve_third_party(self.contract, self.ledger, cells, python, cache)[0] if cells else {}
        result = {}
        for change in changes:
            fault = NOT_OBSERVED if not pairs[change.name] and change.cells else NO_CELL
            result[change.name] = _nothing(change, fault)
            for now, was in pairs[change.name]:
                lock_now, lock_was = locks.get(now.requirements), locks.get(was.requirements)
                if isinstance(lock_now, ThirdPartyLock) and isinstance(lock_was, ThirdPartyLock):
                    result[change.name] = self._observe(change, PairedCells(now, was, lock_now, lock_was))
                    break
        return result

    def _may_observe(self, *cells: ContentCombination) -> bool:
        """Whether the cells may be run, or might be known: without a run, nothing is downloaded or resolved."""
        releases = (content.newest for cell in cells for content in cell.contents)
        return self.options.run or all(is_unpacked(release, self.options.cache) for release in releases)

    def changes(self) -> Iterator[ReleaseChange]:
        """The releases whose code is not that of their predecessors, in the order of upload."""
        for publication in self._publications.in_order:
            predecessor = self._publications.predecessor(publication)
            if predecessor and predecessor.content != publication.release.content:
                cells = tuple(self._cells(publication, predecessor))
                yield ReleaseChange(publication.package, publication.release, predecessor, cells)

    def _cells(
        self, publication: Publication, predecessor: Release
    ) -> Iterator[tuple[ContentCombination, ContentCombination]]:
        """The cells with the release and with its predecessor, those first whose partners both of them accept."""
        for partners in dict.fromkeys(self._partners(publication, predecessor)):
            now, was = (
                ContentCombination(
                    tuple(
                        replace(self._contents[name, release.version], releases=(release,))
                        for name, partner in zip(self.contract.packages, partners, strict=True)
                        if (release := side if name == publication.package else partner)
                    )
                )
                for side in (publication.release, predecessor)
            )
            if not (now.why_not_installable(self._python) or was.why_not_installable(self._python)):
                yield now, was

    def _partners(self, publication: Publication, predecessor: Release) -> Iterator[tuple[Release, ...]]:
        """Partners that were out (of a package without a release, its first): the newest that both accept, that the
        release accepts, and the newest; each with the release itself.
        """
        package, release = publication.package, publication.release
        requirements, combinations = self._publications.requirements, self._publications.combinations
        columns = {
            name: (release,) if name == package else releases or self.ledger.releases[name][:1]
            for name, releases in publication.out.items()
        }
        accepted = {
            name: releases
            if name == package
            else tuple(
                other
                for other in releases
                if requirements.accepts(predecessor, name, other.version)
                and requirements.accepts(other, package, predecessor.version)
            )
            for name, releases in columns.items()
        }
        for within in (accepted, columns):
            if all(within.values()) and (allowed := combinations.first(within)):
                yield allowed
        yield tuple(releases[0] for releases in columns.values())

    def _observe(self, change: ReleaseChange, cells: PairedCells) -> ObservedChanges:
        file = self._file(cells)
        if known := text_or_empty(file):
            try:
                return ObservedChanges.model_validate_json(known)
            except ValueError:
                # What cannot be read is compared again.
                file.unlink(missing_ok=True)
        try:
            pair = observe_pair(
                self.contract, cells, (change.package,), self.options, self.on_progress, as_of=self.ledger.as_of
            )
            document = self._document(change, cells, pair)
        except MetaError as error:
            fault = f"{error.what}: {error.why}" if error.why else error.what
            return _nothing(change, fault, cells)
        write_whole(file, document.model_dump_json())
        return document

    def _file(self, cells: PairedCells) -> Path:
        """The file for what was compared: its name stands for the releases, the probes, and how they are compared.

        To compare takes seconds for each release, and nothing of it changes.
        """
        wheels = [content.newest.sha256 for cell in (cells.now, cells.was) for content in cell.contents]
        locks = [cells.lock_now.digest, cells.lock_was.digest]
        question = [self._how, wheels, locks, self.ledger.as_of, interpreter_digest(self.options.interpreter)]
        name = hashlib.sha256(json.dumps(question).encode()).hexdigest()[:32]
        return self.options.cache / "changes" / f"{name}.json"

    @cached_property
    def _how(self) -> list[str]:
        root = self.contract.root
        files = [*sorted(Path(judging.__file__).parent.glob("*.py")), root / "contracts" / "observation_rules.toml"]
        digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
        return [suite.observations_digest(root), *digests, str(SIGNS), str(LETTERS)]

    def _document(self, change: ReleaseChange, cells: PairedCells, pair: ObservedPair) -> ObservedChanges:
        package, comparison = change.package, pair.comparison
        with tempfile.TemporaryDirectory(prefix="mdmeta-") as scratch:
            source = read_source_changes(
                self.contract, package, change.predecessor, change.release, self.options, Path(scratch)
            )
        groups = comparison_groups(comparison, self.contract, (package,), pair.used)
        findings = find_findings(groups, pair.definitions({package: source}))
        return ObservedChanges(
            cell=cells.now.combination.label,
            baseline=cells.was.combination.label,
            fault=None,
            findings=tuple(finding_document(finding, signs=SIGNS, letters=LETTERS) for finding in findings),
            added=added_symbols(groups),
            compared=comparison.compared,
            unstable=comparison.unstable[:NAMES],
            unobserved=comparison.unobserved[:NAMES],
        )


def _nothing(change: ReleaseChange, fault: str, cells: PairedCells | None = None) -> ObservedChanges:
    return ObservedChanges(
        cell=cells.now.combination.label if cells else f"{change.package}{change.release.version}",
        baseline=cells.was.combination.label if cells else f"{change.package}{change.predecessor.version}",
        fault=fault,
        findings=(),
        added=(),
        compared=0,
        unstable=(),
        unobserved=(),
    )
