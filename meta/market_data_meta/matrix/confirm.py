"""The isolated lane confirms the warm one: sampled cells are run through tox too, and compared check by check."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.judging.records import Check, Record, read_records
from market_data_meta.judging.verdicts import weaknesses
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import Content, ContentCombination, content_combinations, corner_combinations
from market_data_meta.running.cells import CellRecords
from market_data_meta.running.decisions import contents_of


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
    complete: CellRecords,
    suite: str,
    *,
    wanted: Sequence[tuple[ContentCombination, Combination]],
    out: Path,
    tell: Callable[[str], None],
) -> Confirmation:
    """Compare the warm lane with every isolated record of this suite in ``out``, after running those that lack.

    ``tell`` is called with each that is run. Raises MetaError where a wanted cell brings no whole record: then nothing
    is confirmed.
    """
    have = _isolated(out, suite)
    for square, one in wanted:
        if tuple(square.contents.values()) not in have:
            tell(str(one))
            command = [
                str(contract.root / "scripts" / "tox"),
                "run",
                "-e",
                "combination",
                "--",
                *str(one).split(),
                "--out",
                str(out),
            ]
            # Its exit code speaks of verdicts; what was run and what not is in the records.
            subprocess.run(command, cwd=contract.root, capture_output=True, check=False)
    have = _isolated(out, suite)
    warm = {tuple(square.contents.values()): record for square, record in complete.records.items()}
    missing = [str(one) for square, one in wanted if tuple(square.contents.values()) not in have]
    if missing:
        what = f"the isolated lane brought no whole record of {missing[0]}"
        raise MetaError("not-confirmed", what, hint=f"./scripts/mdmeta run {missing[0]}", exit=Exit.UNDECIDED)
    found: list[Disagreement] = []
    agreed, cells = 0, []
    for contents, records in have.items():
        for record in records if contents in warm else ():
            differing = compared(contract, record, warm[contents])
            found += differing
            agreed += len(record.checks) - len(differing)
            cells.append(record.cell)
    return Confirmation(tuple(cells), agreed, tuple(found))


def _isolated(out: Path, suite: str) -> dict[tuple[str, ...], list[Record]]:
    """The whole isolated records of combinations by their contents; the warm lane has the usual third-party choice."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in read_records(out / "records"):
        header = record.header
        usual = header.get("third_party_choice") == "highest" and not record.cell.startswith("py")
        if len(record.versions) > 1 and usual and header.get("suite") == suite and not weaknesses(record):
            found.setdefault(tuple(contents_of(record).values()), []).append(record)
    return found


def compared(contract: Contract, isolated: Record, warm: Record) -> Sequence[Disagreement]:
    """Where the two lanes differ: a check's outcome, a failure's fingerprint, or the third-party versions."""
    found = [
        Disagreement(isolated.cell, name, _said(isolated.checks.get(name)), _said(warm.checks.get(name)))
        for name in contract.clauses_for(tuple(isolated.versions))
        if _said(isolated.checks.get(name)) != _said(warm.checks.get(name))
    ]
    one, other = (record.header["third_party"] for record in (isolated, warm))
    return found + [
        Disagreement(isolated.cell, f"third-party {name}", str(one.get(name)), str(other.get(name)))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]


def _said(check: Check | None) -> str:
    if check is None:
        return "missing"
    return f"failed {check.fingerprint}" if check.outcome == "failed" else check.outcome
