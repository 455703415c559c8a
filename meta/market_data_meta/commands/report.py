"""``mdmeta report``: judge the records and render them."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from market_data_meta import suite
from market_data_meta.commands.common import Checkout, finish, json_option, out_option, say, verbose_option
from market_data_meta.commands.report_gate import report_gate
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.files import write_whole
from market_data_meta.judging.defect_proposals import propose_defects
from market_data_meta.judging.records import read_records
from market_data_meta.judging.report_document import report_result
from market_data_meta.judging.verdicts import judge_records
from market_data_meta.models import json_text
from market_data_meta.releases import pins
from market_data_meta.releases.combinations import parse_cell
from market_data_meta.render.matrix.files import NAME, read_matrix, write_matrix
from market_data_meta.render.report.junit import report_junit
from market_data_meta.render.report.markdown import report_markdown
from market_data_meta.render.report.picture import report_picture
from market_data_meta.running import environments


@click.command("report")
@click.option(
    "--complete",
    is_flag=True,
    help="Expect a record of every combination pinned in tox.ini, and a failure for every known defect.",
)
@click.option(
    "--propose", is_flag=True, help="Only print the entries of defects.toml that would make known what is violated now."
)
@click.option("--gate", type=click.Path(path_type=Path), help="Show a gate.json instead, and end with its exit code.")
@click.option("--github", is_flag=True, help="With --gate: append to the step's summary, and print annotations.")
@verbose_option
@out_option
@json_option
@click.pass_obj
def report_command(
    checkout: Checkout,
    out: Path | None,
    gate: Path | None,
    *,
    github: bool,
    complete: bool,
    propose: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    r"""Judge the records and write report.json, report.md, report.svg and junit.xml beside them; nothing is run.

    If there is a matrix.json, its page (site/), summary, picture and badge are written again too. The exit code is that
    of the records.

    \b
    Example: mdmeta report
             mdmeta report --complete --json
             mdmeta report --gate gate.json --github
    """
    if (complete or propose) if gate else github:
        raise click.UsageError("--complete and --propose are about records, --github is about --gate")
    if github and as_json:
        raise click.UsageError("--github and --json both write to standard output")
    if gate:
        report_gate(gate, out, github=github, as_json=as_json, verbose=verbose)
        return
    folder = out or checkout.out
    records = read_records(folder / "records")
    expected = pins.pinned_environments(checkout.root) if complete else None
    missing = set(expected or ()) - {record.cell for record in records}
    absent = tuple(name for name in sorted(missing) if not _interpreter_exists(checkout, name))
    report = judge_records(
        checkout.contract,
        suite.digest(checkout.root),
        records,
        checkout.known_defects,
        expected=expected,
        absent=absent,
    )
    if propose:
        click.echo(propose_defects(checkout.contract, checkout.ledger, report))
        return
    result = report_result(checkout.contract, report, checkout.known_defects)
    write_whole(folder / "report.json", json_text(result))
    write_whole(folder / "report.md", report_markdown(result))
    write_whole(folder / "junit.xml", report_junit(result))
    write_whole(folder / "report.svg", report_picture(result))
    if not as_json:
        say(f"[dim]wrote report.json, report.md, report.svg and junit.xml to {escape(str(folder))}[/]")
    if (folder / NAME).is_file():
        write_matrix(folder, read_matrix(folder / NAME), checkout.contract)
        if not as_json:
            say(f"[dim]wrote the page, summary, picture and badge of {escape(str(folder / NAME))}[/]")
    finish(result, as_json=as_json, verbose=verbose)


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
