"""The glossary is short and easy to look things up in."""

from __future__ import annotations

import re
from pathlib import Path

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"


def test_each_term_has_a_line_and_the_terms_are_sorted() -> None:
    lines = GLOSSARY.read_text().splitlines()[4:]
    terms = [term[1] for line in lines if (term := re.fullmatch(r"- \*\*([\w -]+)\*\*: \S.*\.", line))]
    assert len(terms) == len(lines)
    assert terms == sorted(set(terms))
    assert 25 <= len(terms) <= 30
