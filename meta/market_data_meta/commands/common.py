"""What the commands share: the checkout they work on, their common options, and how they speak."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console
from rich.markup import escape

from market_data_meta.contract import Contract, find_root
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Record
from market_data_meta.releases.earlier_ledger import ledger_at, moment_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.text import printable

if TYPE_CHECKING:
    from market_data_meta.matrix.verdicts import MatrixVerdicts
    from market_data_meta.results.matrix import MatrixResult
    from market_data_meta.results.report import ReportResult

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
cache_option = click.option(
    "--cache",
    type=click.Path(path_type=Path, resolve_path=True),
    help="Folder for wheels, environments and runs [$XDG_CACHE_HOME/market-data-meta].",
)
out_option = click.option("--out", type=click.Path(path_type=Path), help="Folder for records and reports [results/].")
verbose_option = click.option(
    "--verbose", is_flag=True, help="Show in full what is otherwise only counted or named, such as known failures."
)


def _go_back(context: click.Context, option: click.Parameter, text: str | None) -> None:
    """Give the command the ledger as of the time that is named."""
    checkout: Checkout = context.obj
    if text:
        try:
            checkout.moment = moment_of(text)
        except ValueError:
            what = f"{text!r} is neither a day such as 2025-10-22 nor a time such as 2025-10-22T12:00Z"
            raise click.BadParameter(what, context, option) from None


as_of_option = click.option(
    "--as-of",
    metavar="DATE",
    callback=_go_back,
    expose_value=False,
    help="With the releases that were out then, and the libraries of then: a day, or a time such as 2025-10-22T12:00Z.",
)


released_option = click.option(
    "--released",
    nargs=2,
    metavar="ORIGIN VERSION",
    help="A release that a repository announces: a package, distribution or repository, and 1.2.3 or v1.2.3.",
)


@dataclass
class Checkout:
    """The checkout that a command works on, read as far as it needs.

    ``moment`` is the time as of which it has the ledger, if it is not to be that of its own date. What reads its files
    is imported where it is needed: it loads pydantic, which ``--help`` can do without.
    """

    start: Path
    moment: str | None = None

    @cached_property
    def root(self) -> Path:
        """The folder that holds ``contracts/`` and ``tox.ini``."""
        return find_root(self.start)

    @cached_property
    def contract(self) -> Contract:
        """Packages and clauses."""
        from market_data_meta.contract_files import load_contract

        return load_contract(self.root)

    @cached_property
    def ledger(self) -> Ledger:
        """The committed ledger, or what it says of the time that the command was asked about."""
        from market_data_meta.releases.ledger_files import load_ledger

        ledger = load_ledger(self.root, self.contract.packages)
        return ledger_at(ledger, self.moment) if self.moment else ledger

    @property
    def as_of_words(self) -> str:
        """What is to follow a command that is proposed, so that it is about the same time."""
        return f" --as-of {self.moment}" if self.moment else ""

    @property
    def matrix_command(self) -> str:
        """The command that makes the evidence of the same time."""
        return f"mdmeta matrix{self.as_of_words}"

    @cached_property
    def known_defects(self) -> KnownDefects:
        """The known defects of published releases."""
        from market_data_meta.judging.defect_file import load_defects

        return load_defects(self.root)

    def unexpected(self, record: Record) -> list[str]:
        """The clauses of a run that show a new failure, or no longer a known one."""
        from market_data_meta.judging.repeated_checks import unexpected_checks

        return [check.clause for check in unexpected_checks(self.contract, record, self.known_defects)]

    @property
    def out(self) -> Path:
        """Where results go unless ``--out`` says otherwise."""
        return self.root / "results"


def known_matrix(checkout: Checkout, cache: Path | None) -> MatrixVerdicts:
    """The matrix of all records that are in the cache; nothing is run."""
    # Imported here: they load pydantic, which the list of commands can do without.
    from market_data_meta import suite
    from market_data_meta.matrix.complete import decide_matrix
    from market_data_meta.matrix.verdicts import MatrixVerdicts
    from market_data_meta.running.cache import default_cache
    from market_data_meta.running.cells import RunOptions

    options = RunOptions(cache or default_cache(), run=False)
    records = decide_matrix(checkout.contract, checkout.ledger, options, lambda _: None)
    return MatrixVerdicts(checkout.contract, suite.digest(checkout.root), records, checkout.known_defects)


def matrix_without_runs(checkout: Checkout) -> MatrixResult:
    """The matrix as far as the releases' requirements decide it: nothing is looked up, and no library resolved."""
    from market_data_meta import suite
    from market_data_meta.matrix.document import matrix_result
    from market_data_meta.matrix.verdicts import MatrixVerdicts
    from market_data_meta.releases.contents import content_combinations, distinct_contents
    from market_data_meta.running.cell_records import CellRecords

    contract, ledger = checkout.contract, checkout.ledger
    contents = distinct_contents(contract, ledger)
    cells = tuple(content_combinations(contents))
    records = CellRecords(contents, cells, {}, {}, {}, frozenset(), 0)
    matrix = MatrixVerdicts(contract, suite.digest(checkout.root), records, checkout.known_defects)
    return matrix_result(contract, ledger, matrix)


def known_matrix_result(checkout: Checkout, cache: Path | None) -> MatrixResult:
    """The same as a result, with the sets that people ask about and what runs of their releases alone decide."""
    from market_data_meta.matrix.document import matrix_result
    from market_data_meta.matrix.sets import named_sets, releases_of
    from market_data_meta.running.cache import default_cache
    from market_data_meta.running.cells import RunOptions
    from market_data_meta.running.release_runs import ReleaseAlone

    contract, ledger = checkout.contract, checkout.ledger
    options = RunOptions(cache or default_cache(), run=False)
    records = known_matrix(checkout, cache)
    sets = named_sets(contract, ledger, records.cell_records.python)
    alone = [
        ReleaseAlone(contract, ledger, package, version, options.interpreter, options.cache).known_run()
        for package, version in releases_of(sets)
    ]
    release_records = tuple(record for record in alone if record)
    matrix = replace(records, release_records=release_records, sets=sets)
    return matrix_result(contract, ledger, matrix)


def names_of(options: Iterable[str]) -> tuple[str, ...]:
    """The names in a repeated option, each once: ``--needs write,redis --needs write``."""
    names = [name.strip() for option in options for name in option.split(",")]
    return tuple(dict.fromkeys(name for name in names if name))


def say(text: str) -> None:
    """Write a line for the person at the terminal to standard error; standard output is for results."""
    # An index may be reached by a URL that holds a password, and errors quote URLs.
    text = printable(re.sub(r"//[^/@\s]+@", "//…@", text))
    Console(stderr=True).print(text, highlight=False, soft_wrap=True)


def say_next(command: str, why: str) -> None:
    """Say at the end, in one line, what to do next: a command that can be pasted, and what it is for."""
    say(f"next: {escape(command)}  [dim]# {escape(why)}[/]")


def finish(report: ReportResult, *, as_json: bool, verbose: bool, then: tuple[str, str] = ("", "")) -> NoReturn:
    """Show the report and end with the exit code that it stands for.

    Where nothing is news, ``then`` is the command that comes next, and what it is for.
    """
    # Imported here: they load pydantic, which the list of commands can do without.
    from market_data_meta.models import json_text
    from market_data_meta.render.report.terminal import show_report

    if as_json:
        click.echo(json_text(report), nl=False)
    else:
        show_report(report, Console(), verbose=verbose)
        news = next((finding for finding in report.findings if finding.defect is None), None)
        if news:
            say_next(f"./scripts/mdmeta explain {news.clause}", "what it asks for, and who says so")
        elif then[0]:
            say_next(*then)
        elif report.findings:
            say_next(
                f"./scripts/mdmeta explain {report.findings[0].defect}", "a known defect, its cause and how to see it"
            )
        else:
            say_next("./scripts/mdmeta matrix", "what works in every published combination")
    sys.exit(report.exit)
