"""The runs of releases alone that a backtest compares: those of other code than their predecessors, and of these."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.judging.records import Record
from market_data_meta.matrix.publications import Publications
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.release_runs import ReleaseAlone
from market_data_meta.running.warm_runner import ProgressStep

RecordsAlone = Mapping[tuple[str, str], Record]
"""The record of a release alone, by its package and version."""


def run_releases_alone(
    contract: Contract,
    ledger: Ledger,
    publications: Publications,
    options: RunOptions,
    to_repeat: Callable[[Record], Collection[str]],
    on_progress: Callable[[ProgressStep], None],
    about: tuple[str | None, str | None] = (None, None),
) -> dict[tuple[str, str], Record]:
    """Run what is not known yet of the releases of a package, or of one version, or of all.

    Without ``options.run`` there is what the cache knows. A release that cannot be run now has no record.
    """
    releases: dict[tuple[str, str], None] = {}
    for publication in publications.in_order:
        package, release = publication.package, publication.release
        predecessor = publications.predecessor(publication)
        wanted = about[0] in (None, package) and about[1] in (None, release.version)
        if wanted and predecessor and predecessor.content != release.content:
            releases |= dict.fromkeys(((package, predecessor.version), (package, release.version)))
    ended = 0

    def run(release: tuple[str, str]) -> Record | None:
        nonlocal ended
        alone = ReleaseAlone(contract, ledger, *release, options.interpreter, options.cache)
        if not options.run:
            return alone.known_run()
        try:
            return alone.run(to_repeat=to_repeat)
        except MetaError:
            return None
        finally:
            ended += 1
            on_progress(ProgressStep(ended, len(releases), f"{' '.join(release)} alone"))

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        records = zip(releases, pool.map(run, releases), strict=True)
        return {release: record for release, record in records if record}
