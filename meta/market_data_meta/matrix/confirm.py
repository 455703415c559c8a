"""The isolated lane confirms the warm one: sampled cells are run there too, and compared check by check."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, Exit, MetaError
from market_data_meta.judging.records import Check, Record, read_records
from market_data_meta.judging.verdicts import reasons_to_run_again, weaknesses
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations, corner_combinations
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cells import CellRecords
from market_data_meta.running.decisions import contents_of
from market_data_meta.running.isolated import run_cell


@dataclass(frozen=True)
class Disagreement:
    """A check that came out otherwise in the isolated lane than in the warm one."""

    cell: str
    clause: str
    isolated: str
    warm: str


@dataclass(frozen=True)
class Confirmation:
    """What the isolated lane says of the warm one: how many cells and checks were compared, and where they differ."""

    cells: tuple[str, ...]
    agreed: int
    disagreements: tuple[Disagreement, ...]


def sample(
    codes: Mapping[str, tuple[Content, ...]], number: int, seed: str
) -> list[tuple[ContentCombination, Combination]]:
    """The corners and then random cells up to ``number``, each with random releases of its codes; the seed decides.

    Any release of a code will do, and taking any of them also puts to the test that they run the same code.
    """
    # Not for secrets: the same commit must take the same sample.
    chance = random.Random(seed)  # noqa: S311
    chosen = corner_combinations(codes)
    others = [square for square in content_combinations(codes) if square not in chosen]
    chosen += chance.sample(others, min(len(others), max(0, number - len(chosen))))
    return [
        (square, Combination(tuple((code.package, chance.choice(code.releases).version) for code in square.codes)))
        for square in chosen
    ]


def confirm(
    contract: Contract,
    ledger: Ledger,
    records: CellRecords,
    sampled: Sequence[tuple[ContentCombination, Combination]],
    *,
    out: Path,
    on_progress: Callable[[str], None],
) -> Confirmation:
    """Compare the warm lane with every isolated record of this suite in ``out``, after running those that lack.

    ``on_progress`` is called with each that is run. Raises MetaError where a sampled cell brings no whole record: then
    nothing is confirmed.
    """
    digest = suite.digest(contract.root)
    known = whole_isolated(out, digest)
    for cell, combination in sampled:
        if tuple(cell.contents.values()) not in known:
            on_progress(str(combination))
            run_cell(contract, ledger, Cell(combination), out=out)
    known = whole_isolated(out, digest)
    warm = {tuple(cell.contents.values()): record for cell, record in records.records.items()}
    missing = [combination for cell, combination in sampled if tuple(cell.contents.values()) not in known]
    if missing:
        what = f"the isolated lane brought no whole record of {missing[0]}"
        raise MetaError(ErrorCode.NOT_CONFIRMED, what, hint=f"./scripts/mdmeta run {missing[0]}", exit=Exit.UNDECIDED)
    disagreements: list[Disagreement] = []
    agreed, cells = 0, []
    for contents, isolated in known.items():
        for record in isolated if contents in warm else ():
            differences = lane_disagreements(contract, record, warm[contents])
            disagreements += differences
            agreed += len(record.checks) - len(differences)
            cells.append(record.cell)
    return Confirmation(tuple(cells), agreed, tuple(disagreements))


def whole_isolated(out: Path, suite_digest: str) -> dict[tuple[str, ...], list[Record]]:
    """The whole isolated records of combinations by their contents; the warm lane has the usual third-party choice.

    A record with a check in error or missing is not whole: its combination is run again.
    """
    whole: dict[tuple[str, ...], list[Record]] = {}
    for record in read_records(out / "records"):
        header = record.header
        usual = header.get("third_party_choice") == "highest" and not record.cell.startswith("py")
        of_this_suite = (
            header.get("suite") == suite_digest and not weaknesses(record) and not reasons_to_run_again(record)
        )
        if len(record.versions) > 1 and usual and of_this_suite:
            whole.setdefault(tuple(contents_of(record).values()), []).append(record)
    return whole


def lane_disagreements(contract: Contract, isolated: Record, warm: Record) -> Sequence[Disagreement]:
    """Where the two lanes differ: a check's outcome, a failure's fingerprint, or the third-party versions."""
    pairs = {
        name: (_outcome_text(isolated.checks.get(name)), _outcome_text(warm.checks.get(name)))
        for name in contract.clauses_for(tuple(isolated.versions))
    }
    isolated_versions, warm_versions = (record.header.get("third_party", {}) for record in (isolated, warm))
    pairs |= {
        f"third-party {name}": (str(isolated_versions.get(name)), str(warm_versions.get(name)))
        for name in sorted(isolated_versions.keys() | warm_versions.keys())
    }
    return [Disagreement(isolated.cell, name, *pair) for name, pair in pairs.items() if pair[0] != pair[1]]


def _outcome_text(check: Check | None) -> str:
    if check is None:
        return "missing"
    return f"failed {check.fingerprint}" if check.outcome == "failed" else check.outcome
