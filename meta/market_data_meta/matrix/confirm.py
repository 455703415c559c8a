"""The isolated lane confirms the warm lane: sampled cells are run there too, and compared check by check."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, Exit, MetaError
from market_data_meta.judging.records import Check, Record, read_records
from market_data_meta.judging.verdicts import reasons_to_run_again, why_not_evidence
from market_data_meta.releases.combinations import HIGHEST, Cell, Combination
from market_data_meta.releases.contents import (
    Content,
    ContentCombination,
    content_combinations,
    oldest_and_newest_combinations,
)
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cell_records import CellRecords
from market_data_meta.running.decisions import contents_of
from market_data_meta.running.several_cells import CellStep, run_cells


@dataclass(frozen=True)
class Disagreement:
    """A check or a third-party version that differs between the isolated and the warm lane."""

    cell: str
    clause: str
    isolated: str
    warm: str


@dataclass(frozen=True)
class Confirmation:
    """The comparison of the two lanes: the compared cells, the number of checks that agree, and where they differ."""

    cells: tuple[str, ...]
    agreed: int
    disagreements: tuple[Disagreement, ...]


def sample_cells(
    contents: Mapping[str, tuple[Content, ...]], number: int, seed: str
) -> list[tuple[ContentCombination, Combination]]:
    """The corners of the matrix, then random cells up to ``number``, each with random releases of its contents.

    Releases of the same content should run alike, which random releases put to the test. The same seed gives the same
    sample.
    """
    # Not for secrets: the same commit must take the same sample.
    generator = random.Random(seed)  # noqa: S311
    cells = oldest_and_newest_combinations(contents)
    others = [cell for cell in content_combinations(contents) if cell not in cells]
    cells += generator.sample(others, min(len(others), max(0, number - len(cells))))
    return [
        (
            cell,
            Combination(tuple((c.package, generator.choice(c.releases).version) for c in cell.contents)),
        )
        for cell in cells
    ]


def confirm(
    contract: Contract,
    ledger: Ledger,
    cell_records: CellRecords,
    sampled: Sequence[tuple[ContentCombination, Combination]],
    *,
    out: Path,
    on_step: Callable[[CellStep], None],
) -> Confirmation:
    """Run the sampled cells that have no isolated record in ``out``, and compare the warm lane with all that are there.

    ``on_step`` is called at each step of the cells that are run. Raises MetaError where a sampled cell has
    no complete record afterwards: then nothing is confirmed.
    """
    suite_digest = suite.digest(contract.root)
    isolated = isolated_records(out, suite_digest)
    cells = [Cell(combination) for cell, combination in sampled if tuple(cell.digests.values()) not in isolated]
    run_cells(contract, ledger, cells, out=out, on_step=on_step)
    isolated = isolated_records(out, suite_digest)
    records = {**cell_records.records, **cell_records.services}
    warm = {tuple(cell.digests.values()): record for cell, record in records.items()}
    missing = [combination for cell, combination in sampled if tuple(cell.digests.values()) not in isolated]
    if missing:
        what = f"the isolated lane brought no whole record of {missing[0]}"
        raise MetaError(ErrorCode.NOT_CONFIRMED, what, hint=f"./scripts/mdmeta run {missing[0]}", exit=Exit.UNDECIDED)
    disagreements: list[Disagreement] = []
    agreed, compared = 0, []
    for digests, isolated_runs in isolated.items():
        for record in isolated_runs if digests in warm else ():
            differences = lane_disagreements(contract, record, warm[digests])
            disagreements += differences
            agreed += len(record.checks.keys() - {difference.clause for difference in differences})
            compared.append(record.cell)
    return Confirmation(tuple(compared), agreed, tuple(disagreements))


def isolated_records(out: Path, suite_digest: str) -> dict[tuple[str, ...], list[Record]]:
    """The complete isolated records of combinations and services, by the digests of their contents.

    Only records with the third-party choice of the warm lane count. A record with a check in error or missing is not
    complete: its combination is run again. One with servers of the user's own says nothing of the other lane.
    """
    records: dict[tuple[str, ...], list[Record]] = {}
    for record in read_records(out / "records"):
        header = record.header
        is_as_in_warm_lane = header.third_party_choice == HIGHEST and not record.cell.startswith("py")
        if header.users_servers:
            # The warm lane has the servers of the wheels, and none that a user names.
            continue
        is_complete = not why_not_evidence(record) and not reasons_to_run_again(record)
        if len(record.versions) > 1 and is_as_in_warm_lane and header.suite == suite_digest and is_complete:
            records.setdefault(tuple(contents_of(record).values()), []).append(record)
    return records


def lane_disagreements(contract: Contract, isolated: Record, warm: Record) -> Sequence[Disagreement]:
    """Where the two lanes differ: a check's outcome, a failure's fingerprint, or the third-party versions."""
    pairs = {
        name: (_outcome_text(isolated.checks.get(name)), _outcome_text(warm.checks.get(name)))
        for name in contract.clauses_for(tuple(isolated.versions))
    }
    isolated_versions, warm_versions = (record.header.third_party or {} for record in (isolated, warm))
    pairs |= {
        f"third-party {name}": (str(isolated_versions.get(name)), str(warm_versions.get(name)))
        for name in sorted(isolated_versions.keys() | warm_versions.keys())
    }
    return [Disagreement(isolated.cell, name, *pair) for name, pair in pairs.items() if pair[0] != pair[1]]


def _outcome_text(check: Check | None) -> str:
    if check is None:
        return "missing"
    return f"failed {check.fingerprint}" if check.outcome == "failed" else check.outcome
