"""All there is to know about one clause, the clauses of an area, and the error codes."""

from __future__ import annotations

import difflib
import json
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from market_data_meta.contract import Clause, Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.judging.check_files import check_place
from market_data_meta.judging.waivers import Waiver


def clause_of(contract: Contract, name: str) -> Clause:
    """The clause of this id. Raises MetaError with the nearest ids for one that does not exist."""
    clause = contract.clauses.get(name)
    if clause is None:
        near = (
            difflib.get_close_matches(name, contract.clauses, 3) or sorted(c for c in contract.clauses if name in c)[:5]
        )
        hint = f"did you mean {' or '.join(near)}?" if near else "contracts/clauses/ has one file for each area"
        raise MetaError(ErrorCode.UNKNOWN_CLAUSE, f"there is no clause {name!r}", hint=hint)
    return clause


def explained(contract: Contract, waivers: tuple[Waiver, ...], name: str) -> dict[str, Any]:
    """The clause with its check and waivers. Raises MetaError with the nearest ids for one that does not exist."""
    clause = clause_of(contract, name)
    return {
        "format": 1,
        "clause": clause.id,
        "rule": clause.rule,
        "level": clause.level,
        "scope": clause.scope,
        "binds": list(clause.binds),
        "applies": dict(clause.applies),
        "needs": list(clause.needs),
        "source": clause.source,
        "expect": clause.expect,
        "check": check_place(name),
        "waivers": [
            {
                "versions": {p: list(ends) for p, ends in w.versions.items()},
                "fingerprint": w.fingerprint,
                "reason": w.reason,
            }
            for w in waivers
            if w.clause == name
        ],
    }


def show_explained(data: dict[str, Any], console: Console) -> None:
    """Print it for people."""
    width = max(map(len, data))
    for key, value in data.items():
        title = Text(f" {key:{width}}  ", style="dim")
        if key in ("clause", "check"):
            # What is copied from here is on one line, however narrow the terminal.
            console.print(title + Text(value, style="not dim"), soft_wrap=True)
        elif key != "format" and value:
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


def listed(contract: Contract, waivers: tuple[Waiver, ...], area: str | None = None) -> dict[str, Any]:
    """Every clause, or those of one area, with its rule, and whether a waiver accepts its failure somewhere.

    Raises MetaError with the nearest names for an area that does not exist.
    """
    areas = list(dict.fromkeys(clause.area for clause in contract.clauses.values()))
    if area is not None and area not in areas:
        near = difflib.get_close_matches(area, areas, 3) or [name for name in contract.clauses if area in name][:5]
        hint = f"did you mean {' or '.join(near)}?" if near else f"the areas are {', '.join(areas)}"
        raise MetaError(ErrorCode.UNKNOWN_AREA, f"there is no area {area!r}", hint=hint)
    waived = {waiver.clause for waiver in waivers}
    rows = [
        {"clause": c.id, "level": c.level, "scope": c.scope, "rule": c.rule, "waived": c.id in waived}
        for c in contract.clauses.values()
        if area in (None, c.area)
    ]
    return {"format": 1, "clauses": rows}


def show_listed(data: dict[str, Any], console: Console) -> None:
    """Print each clause's id on a line of its own, which no terminal is too narrow for, and its rule below it."""
    for row in data["clauses"]:
        waived = ", waived" if row["waived"] else ""
        title = Text.assemble((row["clause"], "yellow" if waived else "bold"), (f"  {row['level']}{waived}", "dim"))
        console.print(title, soft_wrap=True)
        console.print(Padding(Text(row["rule"]), (0, 0, 0, 2)))
    waivers = sum(row["waived"] for row in data["clauses"])
    console.print(f"{len(data['clauses'])} clauses, {waivers} with a waiver [yellow](yellow)[/]", highlight=False)


def error_codes() -> dict[str, Any]:
    """Every code that an error may have, with what it means."""
    return {"format": 1, "errors": [{"code": code.value, "meaning": code.meaning} for code in ErrorCode]}


def show_error_codes(data: dict[str, Any], console: Console) -> None:
    """Print one line for each code."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in data["errors"]:
        table.add_row(row["code"], Text(row["meaning"]))
    console.print(table)
