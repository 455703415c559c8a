"""The docstrings of checks are filled from the rules of their clauses, and nothing else of a file changes."""

from __future__ import annotations

import ast

import pytest

from market_data_meta.judging.check_files import checks_of, docstring_lines, skeleton, with_rules

TEXT = '''"""An area: Ünïcode before what is rewritten."""

from mdm_clause import ClauseCheck


async def test_first_rule(clause: ClauseCheck) -> None:
    """The first   rule,
    on two lines.
    """  # a remark
    x = "späte"  ;  y = 'odd   style'


@mark
def test_second_rule(clause: ClauseCheck) -> None:
    """The second rule."""
    assert clause


def test_third_rule(clause: ClauseCheck) -> None:
    # no docstring yet
    assert clause


def test_on_one_line(clause: ClauseCheck) -> None: ...


def helper() -> None:
    """Not a check."""
'''
RULES = {
    "area.first-rule": "The first rule, on two lines.",
    "area.second-rule": "Another second rule.",
    "area.third-rule": "The third rule.",
    "area.on-one-line": "It has no place for a docstring.",
}


def test_only_a_docstring_that_differs_is_rewritten() -> None:
    fixed, changed = with_rules("f", "area", TEXT, RULES)
    assert changed == ["area.second-rule", "area.third-rule"]
    third = '    """The third rule."""\n    assert clause'
    expected = TEXT.replace("The second rule.", "Another second rule.")
    assert fixed == expected.replace("    # no docstring yet\n    assert clause", f"    # no docstring yet\n{third}")
    assert with_rules("f", "area", fixed, RULES) == (fixed, [])


def test_a_docstring_on_several_lines_is_replaced_as_a_whole() -> None:
    fixed, _ = with_rules("f", "area", TEXT, {"area.first-rule": "Short."})
    whole = '"""The first   rule,\n    on two lines.\n    """  # a remark'
    assert fixed == TEXT.replace(whole, '"""Short."""  # a remark')


def test_the_ends_of_lines_stay_as_they_are() -> None:
    text = TEXT.replace("\n", "\r\n")
    fixed, _ = with_rules("f", "area", text, RULES | {"area.first-rule": f"{'Long words ' * 20}end."})
    assert "\n" not in fixed.replace("\r\n", "")


@pytest.mark.parametrize(
    "rule",
    ["Short.", f"{'Long words ' * 30}end.", r"A path C:\new.", 'It prints """x""" and \\ so.', f"{'x' * 107}."],
)
def test_a_docstring_reads_back_as_the_rule_and_fits_the_line(rule: str) -> None:
    text = "def test_it():\n" + "\n".join(docstring_lines(rule)) + "\n"
    (check,) = checks_of("f", "area", text)
    assert (check.clause, check.docstring) == ("area.it", rule)
    assert max(map(len, text.splitlines())) <= 120


def test_a_skeleton_is_a_check_that_is_still_to_be_written() -> None:
    (check,) = checks_of("f", "area", skeleton("area.new-rule", "A rule."))
    assert (check.clause, check.docstring, check.unwritten) == ("area.new-rule", "A rule.", True)
    assert ast.parse(skeleton("area.new-rule", "A rule."))
    assert not any(check.unwritten for check in checks_of("f", "area", TEXT))
