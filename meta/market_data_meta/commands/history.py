"""``mdmeta history``: in which releases a clause started or stopped holding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from market_data_meta.commands.common import Checkout, json_option
from market_data_meta.commands.matrix import cache_option, known_matrix
from market_data_meta.contract import Clause
from market_data_meta.errors import undecided
from market_data_meta.judging.explanations import clause_of
from market_data_meta.judging.findings import printable
from market_data_meta.matrix.history import History, ReleaseSpan, history

_SAID = {
    "passed": "[green]holds with all partners[/]",
    "failed": "[red]fails with all partners[/]",
    "not-applicable": "[dim]does not apply[/]",
    "error": "[yellow]could not be decided[/]",
    "mixed": "[yellow]depends on partners[/]",
    "unknown": "[yellow]unknown[/]",
    "uninstallable": "[dim]cannot be installed[/]",
}
_WIDTH = 120


@click.command("history")
@click.argument("clause")
@cache_option
@json_option
@click.pass_obj
def history_command(here: Checkout, clause: str, cache: Path | None, *, as_json: bool) -> None:
    r"""Tell in which releases a clause started or stopped holding, from what mdmeta matrix has seen; nothing is run.

    Each package that the clause binds is followed from its oldest release to its newest, its partners held fixed.

    \b
    Example: mdmeta history chain.hard-pauses
    """
    contract = here.contract
    found = clause_of(contract, clause)
    matrix = known_matrix(here, cache)
    told = history(contract, matrix, clause)
    if not told.known:
        raise undecided("no-evidence", f"nothing is known of {clause}", *_why_not(found))
    if as_json:
        click.echo(json.dumps(history_json(told), indent=1))
    else:
        _show(found, told, Console(soft_wrap=True))


def _why_not(clause: Clause) -> tuple[str, str]:
    """Why there is no evidence, and what would make it."""
    if clause.scope != "combination":
        return f"its scope is {clause.scope}, and the matrix decides combinations", f"mdmeta explain {clause.id}"
    return "no run of it is in the cache", "mdmeta matrix makes the evidence"


def history_json(told: History) -> dict[str, Any]:
    """The history, in the shape of ``contracts/schemas/history.schema.json``."""
    packages = {name: [_stretch(one) for one in rows] for name, rows in told.packages.items()}
    return {"format": 1, "clause": told.clause, "packages": packages}


def _stretch(one: ReleaseSpan) -> dict[str, Any]:
    return {
        "from": one.first,
        "to": one.last,
        "state": one.state,
        "partners": dict(one.partners),
        "changed": one.change is not None,
        "got": one.got,
    }


def _show(clause: Clause, told: History, console: Console) -> None:
    console.print(f"{clause.id}  {escape(clause.rule)}", highlight=False)
    width = max(len(one.label) for rows in told.packages.values() for one in rows)
    for name, rows in told.packages.items():
        console.print(f"\n{name}", highlight=False)
        for previous, one in zip((None, *rows), rows, strict=False):
            mark = "[bold]*[/]" if one.change else " "
            console.print(f"{mark} {one.label:{width}}  {_SAID[one.state]}{_counts(one)}", highlight=False)
            if one.change and previous and one.change.since != previous.last:
                text = f"changed after {one.change.since}, at the latest in {one.change.release}"
                console.print(f"    {text}: what lies between is not known", highlight=False)
            if one.got is not None and (one.change or previous is None or previous.got != one.got):
                text = printable(json.dumps(one.got, ensure_ascii=False))
                text = text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
                console.print(f"    got {escape(text)}", highlight=False)
    number = len(told.changes)
    console.print(f"\n{number} {'change' if number == 1 else 'changes'} (*)", highlight=False)


def _counts(one: ReleaseSpan) -> str:
    """With how many combinations of partners it came out how, where not all came out alike."""
    if len(one.partners) < 2:
        return ""
    return f" ({', '.join(f'{number} {outcome}' for outcome, number in sorted(one.partners.items()))})"
