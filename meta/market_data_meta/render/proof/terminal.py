"""A proof for people at a terminal: what went wrong in full, the rest counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from market_data_meta.judging.findings import printable

KINDS = {"breaks": "breaks caught", "harmless": "harmless changes left alone"}


def show_proof(data: Mapping[str, Any], console: Console, *, verbose: bool) -> None:
    """Print the misses and false alarms, then the counts by package and area, then what depends on one check."""
    for kind in KINDS:
        for one in data[kind]["trials"]:
            if one["verdict"] not in ("caught", "silent"):
                _wrong(one, console)
    for kind, title in KINDS.items():
        score = data[kind]
        style = "green" if score["right"] == score["of"] else "bold red"
        console.print(Text(f"{score['right']} of {score['of']} {title}", style=style))
    _mutants(data["mutants"], console, verbose=verbose)
    console.print(_counts(data))
    fragile = data["fragile"]
    console.print(f"{len(fragile)} breaks are caught by one check only{'' if verbose else ' (--verbose lists them)'}")
    for one in fragile if verbose else ():
        console.print(Text(printable(f"  {one['clause']}  {one['package']}: {one['why']}"), style="dim"))
    for name in data["silent_clauses"]:
        console.print(Text(f"never fired: {name}", style="yellow"))


def _mutants(mutants: Mapping[str, Any], console: Console, *, verbose: bool) -> None:
    if not mutants["of"]:
        return
    told = f"{mutants['caught']} of {mutants['of']} mutants caught, {mutants['explained']} more explained"
    console.print(f"{told} (of {mutants['possible']:,} possible ones)")
    for text in mutants["stale_reasons"]:
        console.print(Text(printable(f"a reason without its mutant: {text}"), style="bold red"))
    for one in mutants["survivors"]:
        if verbose or not one["reason"]:
            change = f"{one['kind']}: {one['before']} -> {one['after']}  {one['reason']}"
            text = printable(f"  {one['file']}:{one['line']}  {change}".replace("\n", " "))
            console.print(Text(text, style="dim" if one["reason"] else "yellow"))


def _counts(data: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("by package or area", *KINDS.values()):
        table.add_column(column)
    found = [data[kind]["by_package"] | data[kind]["by_area"] for kind in KINDS]
    for name in dict.fromkeys(name for part in found for name in part):
        cells = [part.get(name) for part in found]
        table.add_row(name, *(f"{cell['right']} of {cell['of']}" if cell else "" for cell in cells))
    return table


def _wrong(one: Mapping[str, Any], console: Console) -> None:
    console.print(Text(f"{one['verdict']}  {one['package']} {one['file']}", style="bold red"))
    rows = {"why": one["why"], "aimed at": ", ".join(one["clauses"]), "got worse": ", ".join(one["worse"])}
    rows |= {"said": one["said"], "undecided": ", ".join(one["undecided"]), "fault": one["fault"]}
    for name, value in rows.items():
        if value:
            console.print(Text(printable(f"  {name:9}  {value}")))
