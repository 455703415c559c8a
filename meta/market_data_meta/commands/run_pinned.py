"""``mdmeta run pinned``: every pinned combination in a tox environment of its own, the newest set first."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from market_data_meta import suite
from market_data_meta.commands.common import Checkout, say
from market_data_meta.commands.written_report import write_report
from market_data_meta.judging.records import Record
from market_data_meta.judging.report_document import report_result
from market_data_meta.judging.verdicts import judge_records
from market_data_meta.releases import pins
from market_data_meta.releases.combinations import Cell, Combination, newest_of
from market_data_meta.render.report.terminal import show_capabilities
from market_data_meta.render.signs import with_mark
from market_data_meta.render.text import counts_in_words, left_in_words
from market_data_meta.results.report import ReportResult
from market_data_meta.running.tox_runs import run_in_tox

PINNED = "pinned"
"""The word that stands for the combinations that tox.ini pins."""
AFTER_PINNED = ("./scripts/tox run -e matrix", "what works in every published combination")


def run_pinned(checkout: Checkout, folder: Path, *, as_json: bool) -> ReportResult:
    """Run them side by side and write the report; earlier records in the folder are removed.

    The answer by capability for the newest set comes as soon as its own cells are through. Each cell has a line when it
    ends.
    """
    pinned = pins.pinned_environments(checkout.root)
    first = _cells_of_newest(checkout)
    names = sorted(pinned, key=lambda name: name not in first)
    shutil.rmtree(folder / "records", ignore_errors=True)
    if not as_json:
        say(f"{len(names)} pinned cells, each in an environment of its own; those of the newest set come first …")
    began, records = time.monotonic(), list[Record]()
    of_newest = {name for name in names if name in first}
    for record in run_in_tox(checkout.root, names, out=folder):
        records.append(record)
        of_newest_ended = record.cell in of_newest
        of_newest.discard(record.cell)
        if not as_json:
            left = (time.monotonic() - began) / len(records) * (len(names) - len(records))
            # The first cells of each kind say nothing yet of how long the others take.
            left_text = "" if of_newest or of_newest_ended else f"; {left_in_words(left)}"
            _say_ended(checkout, record, f"{len(records):2}/{len(names)}", left_text)
            if of_newest_ended and not of_newest:
                _show_newest(checkout, [each for each in records if each.cell in first])
    if not as_json and len(records) < len(names):
        say(f"{len(names) - len(records)} brought no record: {escape(str(folder / 'logs' / 'tox.log'))} says why")
    return write_report(checkout, folder, pinned, quiet=as_json)


def _cells_of_newest(checkout: Checkout) -> frozenset[str]:
    """The newest set, its services, and each of its releases alone: all that decides what works in it."""
    contract = checkout.contract
    newest = Cell(newest_of(tuple(contract.packages), checkout.ledger))
    alone = [Combination((release,)) for release in newest.combination.versions]
    cells = [newest, *newest.services(contract.service_packages), *map(Cell, alone)]
    return frozenset(cell.name for cell in cells)


def _say_ended(checkout: Checkout, record: Record, place: str, time_left: str) -> None:
    (cell,) = _report(checkout, [record]).cells
    counts = f": {counts_in_words(cell.counts)}" if cell.counts else ""
    say(f"{place} {with_mark(cell.verdict)} {escape(cell.cell)}{counts}{time_left}")


def _show_newest(checkout: Checkout, records: list[Record]) -> None:
    say("\nthe newest set:")
    show_capabilities(_report(checkout, records), Console(stderr=True))


def _report(checkout: Checkout, records: list[Record]) -> ReportResult:
    contract, known = checkout.contract, checkout.known_defects
    return report_result(contract, judge_records(contract, suite.digest(checkout.root), records, known), known)
