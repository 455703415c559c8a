"""``mdmeta report``: judge the records and render them."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from market_data_meta.commands.common import Checkout, finish, json_option, out_option, say, verbose_option
from market_data_meta.commands.report_gate import report_gate
from market_data_meta.commands.written_report import judged_folder, write_report
from market_data_meta.judging.defect_proposals import propose_defects
from market_data_meta.releases import pins
from market_data_meta.render.matrix.files import NAME, read_matrix, write_matrix


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
    expected = pins.pinned_environments(checkout.root) if complete else None
    if propose:
        report = judged_folder(checkout, folder, expected)
        click.echo(propose_defects(checkout.contract, checkout.ledger, report))
        return
    result = write_report(checkout, folder, expected, quiet=as_json)
    if (folder / NAME).is_file():
        write_matrix(folder, read_matrix(folder / NAME), checkout.contract)
        if not as_json:
            say(f"[dim]wrote the page, summary, picture and badge of {escape(str(folder / NAME))}[/]")
    finish(result, as_json=as_json, verbose=verbose)
