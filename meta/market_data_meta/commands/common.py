"""What the commands share: the checkout they work on, their common options, and how they speak."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click
from rich.console import Console

from market_data_meta.contract import Contract, find_root, load_contract
from market_data_meta.judging.findings import printable
from market_data_meta.judging.report_document import report_json
from market_data_meta.judging.verdicts import Report
from market_data_meta.releases.ledger import Ledger, load_ledger
from market_data_meta.render.report.terminal import show

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
out_option = click.option("--out", type=click.Path(path_type=Path), help="Folder for records and reports [results/].")
verbose_option = click.option("--verbose", is_flag=True, help="Show waived failures in full.")


@dataclass
class Checkout:
    """The checkout that a command works on, read as far as it needs."""

    start: Path

    @cached_property
    def root(self) -> Path:
        """The checkout."""
        return find_root(self.start)

    @cached_property
    def contract(self) -> Contract:
        """Packages and clauses."""
        return load_contract(self.root)

    @cached_property
    def ledger(self) -> Ledger:
        """The committed ledger."""
        return load_ledger(self.root, self.contract.packages)

    @property
    def out(self) -> Path:
        """Where results go unless a command is told otherwise."""
        return self.root / "results"


def say(text: str) -> None:
    """Tell the person at the terminal; standard output is for results."""
    # An index may be reached by a URL that holds a password, and errors quote URLs.
    text = printable(re.sub(r"//[^/@\s]+@", "//…@", text))
    Console(stderr=True).print(text, highlight=False, soft_wrap=True)


def finish(report: Report, *, as_json: bool, verbose: bool) -> None:
    """Show the report and end with the exit code that it stands for."""
    if as_json:
        click.echo(json.dumps(report_json(report), indent=1))
    else:
        show(report, Console(), verbose=verbose)
    sys.exit(report.exit)
