"""A new clause for people at a terminal: what was written, and what they have to write."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape

from market_data_meta.judging.check_files import check_words
from market_data_meta.results.new_clause import NewClauseResult


def new_clause_lines(result: NewClauseResult) -> Iterator[str]:
    """The lines to print, with rich's markup."""
    area, slug = result.clause.split(".", maxsplit=1)
    check = check_words(result.clause)
    yield f"[green]✔[/] wrote the table {escape(f'[clauses.{slug}] in contracts/clauses/{area}.toml')}"
    yield f"[green]✔[/] wrote the skeleton of {check}"
    yield "still to be written:"
    yield f"  1. the body of {check}; to try it: mdmeta run newest --clause {result.clause}"
    yield (
        f"  2. a {escape('[[break]]')} that it must catch, in tests/breaks/{area}.toml; "
        f"to try it: mdmeta prove {result.clause} --quick"
    )
    if not result.has_capability:
        names = f"{result.clause} or {area}"
        yield f"  3. the capability that it belongs to: {names} among its others in contracts/capabilities.toml"
    yield "mdmeta check says what is missing"
