"""The report of a folder of records, as ``mdmeta report`` and ``mdmeta run pinned`` write it."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape

from market_data_meta import suite
from market_data_meta.commands.common import Checkout, say
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.files import write_whole
from market_data_meta.judging.records import read_records
from market_data_meta.judging.report_document import report_result
from market_data_meta.judging.verdicts import JudgedRecords, judge_records
from market_data_meta.models import json_text
from market_data_meta.releases.combinations import parse_cell
from market_data_meta.render.report.junit import report_junit
from market_data_meta.render.report.markdown import report_markdown
from market_data_meta.render.report.picture import report_picture
from market_data_meta.results.report import ReportResult
from market_data_meta.running import environments


def write_report(checkout: Checkout, folder: Path, expected: list[str] | None, *, quiet: bool) -> ReportResult:
    """Judge the records in the folder and write report.json and its other forms there; ``quiet`` says nothing of it."""
    report = judged_folder(checkout, folder, expected)
    result = report_result(checkout.contract, report, checkout.known_defects)
    write_whole(folder / "report.json", json_text(result))
    write_whole(folder / "report.md", report_markdown(result))
    write_whole(folder / "junit.xml", report_junit(result))
    write_whole(folder / "report.svg", report_picture(result))
    if not quiet:
        say(f"[dim]wrote report.json, report.md, report.svg and junit.xml to {escape(str(folder))}[/]")
    return result


def judged_folder(checkout: Checkout, folder: Path, expected: list[str] | None) -> JudgedRecords:
    """The verdicts of the records in the folder; those of the ``expected`` cells, if any are named."""
    records = read_records(folder / "records")
    missing = set(expected or ()) - {record.cell for record in records}
    absent = tuple(name for name in sorted(missing) if not _interpreter_exists(checkout, name))
    return judge_records(
        checkout.contract,
        suite.digest(checkout.root),
        records,
        checkout.known_defects,
        expected=expected,
        absent=absent,
    )


def _interpreter_exists(checkout: Checkout, name: str) -> bool:
    """Whether the interpreter that a cell asks for is on this machine; a cell that asks for none has one."""
    contract = checkout.contract
    python = parse_cell([name], contract.packages, checkout.ledger, services=contract.service_packages).python
    if python is None:
        return True
    try:
        environments.uv("python", "find", "--no-project", python)
    except MetaError as error:
        # Anything but a plain "there is none" leaves the cell expected, and so unknown.
        return error.code != ErrorCode.UV_FAILED
    return True
