"""The check of the contract for people at a terminal: what was mended, then each problem in a line."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape

from market_data_meta.judging.check_files import check_words
from market_data_meta.results.contract_check import ContractCheckResult


def contract_check_lines(result: ContractCheckResult) -> Iterator[str]:
    """The lines to print, with rich's markup."""
    for clause in result.fixed:
        yield f"[green]✔[/] rewrote the docstring of {escape(check_words(clause))}"
    for problem in result.problems:
        yield f"[red]✘[/] {escape(problem)}"
    for what in result.not_looked_at:
        yield f"[yellow]?[/] not looked at: {escape(what)}"
    if not result.problems and not result.not_looked_at:
        yield f"[green]✔[/] {result.clauses} clauses, their checks and breaks, the ledger and tox.ini agree"
