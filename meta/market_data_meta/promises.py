"""What the packages promise, and which clauses speak of it: ``contracts/promises.md``.

Run as a program, this module writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from market_data_meta.contract import Contract, find_root
from market_data_meta.contract_files import load_contract
from market_data_meta.field_types import NonEmptyText
from market_data_meta.files import read_toml, write_whole
from market_data_meta.models import InputFile, InputTable, read_input

OUR_OWN = "our own demand"
"""The source of a clause whose demand is written nowhere (``contracts/README.md``)."""


class UncoveredPromise(InputTable):
    """A promise of a package that no clause speaks of: its words, and where they stand."""

    package: NonEmptyText
    says: NonEmptyText
    place: NonEmptyText


class PromisesFile(InputFile):
    """contracts/promises.toml: what the packages promise in their documents, and no clause speaks of."""

    schema_name: ClassVar[str] = "promises"

    promises: tuple[UncoveredPromise, ...] = ()


def promises_path(root: Path) -> Path:
    """Where the promises of a checkout are that no clause speaks of."""
    return root / "contracts" / "promises.toml"


def load_promises(root: Path) -> tuple[UncoveredPromise, ...]:
    """These promises, in their order. Raises MetaError for a file that is not there or not of its format."""
    file = promises_path(root)
    return read_input(PromisesFile, read_toml(file), file).promises


def promises_text(contract: Contract, uncovered: Sequence[UncoveredPromise]) -> str:
    """The file: for each package the promises that no clause speaks of, and those that clauses do, with these."""
    return "\n".join(_lines(contract, uncovered)) + "\n"


def _lines(contract: Contract, uncovered: Sequence[UncoveredPromise]) -> Iterator[str]:
    yield "# What the packages promise, and which clauses speak of it"
    yield ""
    yield "Made from the sources of the clauses and from `promises.toml`: `./scripts/write-promises` writes it."
    for package in contract.packages:
        silent = [promise for promise in uncovered if promise.package == package]
        sources = _clauses_by_source(contract, package)
        yield from ("", f"## {package}", "", f"### No clause speaks of ({len(silent)})", "")
        yield from ("| promise | where it stands |", "|---|---|")
        yield from (f"| {_cell(promise.says)} | {_cell(promise.place)} |" for promise in silent)
        yield from ("", f"### Clauses speak of ({len(sources)})", "", "| source | clauses |", "|---|---|")
        yield from (f"| {_cell(source)} | {', '.join(f'`{id_}`' for id_ in ids)} |" for source, ids in sources.items())


def _clauses_by_source(contract: Contract, package: str) -> dict[str, list[str]]:
    """The ids of the clauses that bind a package, by what they go back to; not those that are our own demand."""
    ids: dict[str, list[str]] = {}
    for clause in contract.clauses.values():
        is_promise = clause.id not in contract.controls and not clause.source.lower().startswith(OUR_OWN)
        if package in clause.binds and is_promise:
            ids.setdefault(clause.source, []).append(clause.id)
    return ids


def _cell(text: str) -> str:
    """The text in a cell of a table: on one line, its bars and angle brackets as they are."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write the file if it differs, and print its name."""
    root = find_root(Path.cwd())
    file, text = root / "contracts" / "promises.md", promises_text(load_contract(root), load_promises(root))
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        write_whole(file, text)
        print(f"wrote {file}", file=sys.stderr)


if __name__ == "__main__":
    main()
