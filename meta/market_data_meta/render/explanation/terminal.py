"""The explanation of a clause, the lists of clauses, capabilities and error codes, for people at a terminal."""

from __future__ import annotations

import json

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from market_data_meta.results.explanation import (
    CapabilityDescription,
    CapabilityList,
    ClauseExplanation,
    ClauseList,
    ClauseSummary,
    ErrorList,
)


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
        _show_clause_summary(clause, console)
    known = sum(clause.known for clause in clause_list.clauses)
    text = f"{len(clause_list.clauses)} clauses, {known} of which show a known defect [yellow](yellow)[/]"
    console.print(text, highlight=False)


def _show_clause_summary(clause: ClauseSummary, console: Console) -> None:
    known = ", known defect" if clause.known else ""
    title = Text.assemble((clause.clause, "yellow" if known else "bold"), (f"  {clause.level}{known}", "dim"))
    console.print(title, soft_wrap=True)
    console.print(Padding(Text(clause.rule), (0, 0, 0, 2)))


def show_capability_list(capability_list: CapabilityList, console: Console) -> None:
    """Print each capability with the clauses that it cannot do without; a single one with all its clauses in full."""
    if len(capability_list.capabilities) == 1:
        _show_capability(capability_list.capabilities[0], console)
        return
    for capability in capability_list.capabilities:
        _show_capability_head(capability, console)
        essential = ", ".join(clause.clause for clause in capability.essential)
        text = Text.assemble(("cannot do without ", "dim"), essential, (f"; {len(capability.others)} others", "dim"))
        console.print(Padding(text, (0, 0, 0, 2)))
    console.print(f"{len(capability_list.capabilities)} capabilities; mdmeta explain NAME shows one in full")


def _show_capability_head(capability: CapabilityDescription, console: Console) -> None:
    console.print(Text.assemble((capability.name, "bold"), f"  {capability.title}"), soft_wrap=True)
    console.print(Padding(Text(capability.about), (0, 0, 0, 2)))


def _show_capability(capability: CapabilityDescription, console: Console) -> None:
    _show_capability_head(capability, console)
    console.print(Padding(Text.assemble(("source ", "dim"), capability.source), (0, 0, 0, 2)))
    console.print(Text("\nit cannot do without", style="dim"))
    for clause in capability.essential:
        _show_clause_summary(clause, console)
    console.print(Padding(Text.assemble(("why just these: ", "dim"), " ".join(capability.why.split())), (0, 0, 0, 2)))
    if capability.others:
        console.print(Text("\nits other clauses: if one fails, it is limited", style="dim"))
    for clause in capability.others:
        _show_clause_summary(clause, console)


def show_error_list(error_list: ErrorList, console: Console) -> None:
    """Print one line for each code."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for error in error_list.errors:
        table.add_row(error.code, Text(error.meaning))
    console.print(table)
