"""The explanation of a clause, the list of clauses and the list of error codes, for people at a terminal."""

from __future__ import annotations

import json

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from market_data_meta.results.explanation import ClauseExplanation, ClauseList, ErrorList


def show_clause(explanation: ClauseExplanation, console: Console) -> None:
    """Print the fields of the clause, those that it has."""
    fields = explanation.model_dump(mode="json", exclude={"format"})
    width = max(map(len, fields))
    for field, value in fields.items():
        title = Text(f" {field:{width}}  ", style="dim")
        if field in ("clause", "check"):
            # What is copied from here is on one line, however narrow the terminal.
            console.print(title + Text(value, style="not dim"), soft_wrap=True)
        elif value:
            row = Table.grid()
            row.add_column(no_wrap=True)
            row.add_column(overflow="fold")
            row.add_row(title, Text(_readable(value)))
            console.print(row)


def _readable(value: object) -> str:
    """A value on as few lines as it reads well on: names beside each other, tables with a line for each key."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {json.dumps(item, ensure_ascii=False)}" for key, item in value.items())
    return "\n".join(map(_readable, value)) if isinstance(value, list) else json.dumps(value, ensure_ascii=False)


def show_clause_list(clause_list: ClauseList, console: Console) -> None:
    """Print each clause's id on a line of its own, which no terminal is too narrow for, and its rule below it."""
    for clause in clause_list.clauses:
        waived = ", waived" if clause.waived else ""
        title = Text.assemble((clause.clause, "yellow" if waived else "bold"), (f"  {clause.level}{waived}", "dim"))
        console.print(title, soft_wrap=True)
        console.print(Padding(Text(clause.rule), (0, 0, 0, 2)))
    waivers = sum(clause.waived for clause in clause_list.clauses)
    console.print(f"{len(clause_list.clauses)} clauses, {waivers} with a waiver [yellow](yellow)[/]", highlight=False)


def show_error_list(error_list: ErrorList, console: Console) -> None:
    """Print one line for each code."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for error in error_list.errors:
        table.add_row(error.code, Text(error.meaning))
    console.print(table)
