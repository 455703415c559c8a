"""The second source of breaks: mutants of the lines that the suite executes, shown to the checks that execute them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from market_data_meta.contract import read_toml
from market_data_meta.errors import MetaError
from market_data_meta.matrix.runner import Step
from market_data_meta.prove.changes import Change, Edit
from market_data_meta.prove.mutants import mutants
from market_data_meta.prove.proving import Ground, Run, proved
from market_data_meta.prove.score import Noted, Placed, trial
from market_data_meta.record import Record


def placed(ground: Ground, traced: Record) -> Iterator[Placed]:
    """Every mutant of the lines that the traced run executed in functions of the packages."""
    for package, site in ground.sites.items():
        executed: dict[str, dict[int, set[str]]] = {}
        for clause, files in traced.lines.items():
            for file, numbers in files.items():
                if (site / file).is_file():
                    for number in numbers:
                        executed.setdefault(file, {}).setdefault(number, set()).add(clause)
        for file, lines in sorted(executed.items()):
            text = (site / file).read_bytes().decode("utf-8").replace("\r\n", "\n")
            rows = text.split("\n")
            for one in mutants(file, text, lines):
                yield Placed(package, one, rows[one.line - 1].strip(), tuple(sorted(lines[one.line])))


def chosen(every: Sequence[Placed], number: int) -> list[Placed]:
    """The sample: the same mutants as long as their text is the same, spread over all lines."""
    return sorted(every, key=lambda one: hashlib.sha256("\0".join(one.identity).encode()).hexdigest())[:number]


def reasons(root: Path) -> dict[tuple[str, ...], str]:
    """The survivors that no consumer could notice, from ``tests/mutants.toml``: identity to reason."""
    tables = read_toml(root / "tests" / "mutants.toml").get("unnoticed", [])
    fields = ("package", "file", "where", "kind", "before", "after")
    try:
        return {tuple(table[name] for name in fields): table["reason"] for table in tables}
    except KeyError as missing:
        raise MetaError("bad-mutant", f"a table in tests/mutants.toml has no {missing}") from None


def noted(
    ground: Ground, number: int, root: Path, folder: Path, tell: Callable[[Step], None]
) -> tuple[list[Noted], int]:
    """Try ``number`` mutants; they with what became of them, and how many there are in all.

    The whole releases are run once with tracing, to know the lines, and once as they are on what each mutant is
    compared with.
    """
    as_it_is = Run(ground.clauses(None))
    traced = Run(ground.clauses(None), trace=True)
    base = proved(ground, [as_it_is, traced], tell)
    every = list(placed(ground, base[traced]))
    sample = chosen(every, number)
    runs = {one: _run(ground, one, folder / str(count)) for count, one in enumerate(sample)}
    records = proved(ground, list(runs.values()), tell)
    known = reasons(root)
    return [_noted(one, run, records[run], base[as_it_is], known) for one, run in runs.items()], len(every)


def _run(ground: Ground, one: Placed, folder: Path) -> Run:
    text = (ground.sites[one.package] / one.mutant.file).read_bytes().decode("utf-8").replace("\r\n", "\n")
    why = f"{one.mutant.kind} at {one.mutant.file}:{one.mutant.line}"
    change = Change(one.package, (Edit(one.mutant.file, text, one.mutant.text),), why, ("controls.must-pass",))
    return Run((*one.clauses, *ground.contract.controls), ground.variant(change, folder))


def _noted(one: Placed, run: Run, record: Record, whole: Record, known: Mapping[tuple[str, ...], str]) -> Noted:
    assert run.variant is not None
    return Noted(one, trial(run.variant.change, record, whole), known.get(one.identity, ""))
