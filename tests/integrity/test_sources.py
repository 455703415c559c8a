"""Sources that cite the planning assessment link to a heading of its account, and the account names real clauses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from market_data_meta.contract_files import load_contract

ROOT = Path(__file__).parents[2]
ACCOUNT = ROOT / "docs" / "planning-assessment.md"
LINK = re.compile(r"docs/planning-assessment\.md#([\w-]*+)")
FILES = sorted(file for file in (ROOT / "contracts").rglob("*") if file.suffix in (".toml", ".json", ".md"))
SOURCES = {clause.id: clause.source for clause in load_contract(ROOT).clauses.values()}


def anchors(markdown: str) -> list[str]:
    """The anchors that GitHub gives to the headings, which are plain words here."""
    return [heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ ([\w ]+)$", markdown, re.MULTILINE)]


def test_every_link_names_a_heading() -> None:
    headings = anchors(ACCOUNT.read_text())
    links = {(file.name, anchor) for file in [*FILES, ROOT / "README.md"] for anchor in LINK.findall(file.read_text())}
    assert len(headings) == len(set(headings))
    assert links
    assert sorted(link for link in links if link[1] not in headings) == []


@pytest.mark.parametrize("file", [file for file in FILES if file.suffix != ".md"], ids=lambda file: file.name)
def test_nothing_cites_the_assessment_without_a_link(file: Path) -> None:
    text = LINK.sub("", file.read_text())
    assert re.findall(r".*(?:assessment|seed excerpt).*", text, re.IGNORECASE) == []


def test_every_link_is_followed_by_what_the_account_demands() -> None:
    """The form reads well at a terminal: the link, a colon, and the demand."""
    linked = {name: source for name, source in SOURCES.items() if LINK.search(source)}
    assert linked
    assert sorted(name for name, source in linked.items() if re.search(LINK.pattern + r"(?!: \S)", source)) == []


def test_the_account_names_clauses_that_exist() -> None:
    named = set(re.findall(r"`([a-z_]+\.[a-z]+(?:-[a-z]+)+)`", ACCOUNT.read_text()))
    assert named
    assert named - SOURCES.keys() == set()
