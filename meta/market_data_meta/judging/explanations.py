"""All there is to know about one clause."""

from __future__ import annotations

import difflib
import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from market_data_meta.contract import Clause, Contract
from market_data_meta.errors import ErrorCode, MetaError
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
    slug = name.split(".", 1)[1].replace("-", "_")
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
        "check": f"tests/conformance/test_{clause.area}.py::test_{slug}",
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
    table = Table(box=None, show_header=False, padding=(0, 1))
    for key, value in data.items():
        if key != "format" and value:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
            table.add_row(Text(key, style="dim"), Text(text))
    console.print(table)


def listed(contract: Contract, waivers: tuple[Waiver, ...]) -> dict[str, Any]:
    """Every clause with its rule, and whether a waiver accepts its failure somewhere."""
    waived = {waiver.clause for waiver in waivers}
    rows = [
        {"clause": c.id, "level": c.level, "scope": c.scope, "rule": c.rule, "waived": c.id in waived}
        for c in contract.clauses.values()
    ]
    return {"format": 1, "clauses": rows}


def show_listed(data: dict[str, Any], console: Console) -> None:
    """Print one line for each clause."""
    table = Table(box=None, pad_edge=False)
    for column in ("clause", "level", "rule"):
        table.add_column(column, no_wrap=column != "rule")
    for row in data["clauses"]:
        name = Text(row["clause"], style="yellow" if row["waived"] else "")
        table.add_row(name, row["level"], Text(row["rule"]))
    console.print(table)
    waived = sum(row["waived"] for row in data["clauses"])
    console.print(f"{len(data['clauses'])} clauses, {waived} with a waiver [yellow](yellow)[/]")
