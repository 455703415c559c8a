"""What the packages promise: the file is made from the clauses, and shows what none of them speaks of."""

from __future__ import annotations

from dataclasses import replace

from examples import ROOT

from market_data_meta.contract_files import load_contract
from market_data_meta.promises import OUR_OWN, UncoveredPromise, load_promises, promises_text

CONTRACT = load_contract(ROOT)


def test_the_file_is_what_the_clauses_say() -> None:
    """``scripts/write-promises`` writes it."""
    assert (ROOT / "contracts" / "promises.md").read_text() == promises_text(CONTRACT, load_promises(ROOT))


def test_each_clause_stands_beside_its_source_and_each_uncovered_promise_apart() -> None:
    """A clause stands under each package that it binds; our own demand is no promise of a package."""
    (first, *_) = [c for c in CONTRACT.clauses.values() if c.binds == ("store",)]
    clauses = {"a.one": replace(first, id="a.one", source="Store: 'a | b'"), "a.two": replace(first, id="a.two")}
    clauses["a.two"] = replace(clauses["a.two"], source="Store: 'a | b'", binds=("core", "store"))
    clauses["a.own"] = replace(first, id="a.own", source=f"{OUR_OWN.capitalize()}, for a reason.")
    text = promises_text(
        replace(CONTRACT, clauses=clauses),
        [UncoveredPromise(package="store", says="rows <= 5", place="README of Store")],
    )
    core, pipeline, store = text.split("\n## ")[1:]
    assert "| Store: 'a \\| b' | `a.two` |" in core
    assert "No clause speaks of (0)" in pipeline
    assert "| rows &lt;= 5 | README of Store |" in store
    assert "| Store: 'a \\| b' | `a.one`, `a.two` |" in store
    assert "a.own" not in text
