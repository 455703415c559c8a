"""Machine-made breaks: each kind of change, only on lines that were executed, and never where nobody could notice."""

from __future__ import annotations

import textwrap

import pytest

from market_data_meta.prove.mutants import mutants

SOURCE = textwrap.dedent(
    '''
    """A module."""
    LIMIT = 3

    def work(items, *, limit=LIMIT):
        """Do it."""
        count = 0
        logger.debug("working")
        items.logger.info("Do it with working")
        for item in items:
            if item.ready:
                store.put(item)
            if count >= limit and not item.ready:
                raise ValueError("full")
            count += 1
        state["last"] = count * 2
        return count
    '''
)


def made(lines: range | list[int]) -> list[tuple[str, str, str]]:
    return [(one.kind, one.before.split("\n")[0], one.after.split("\n")[0]) for one in mutants("x.py", SOURCE, lines)]


@pytest.mark.parametrize(
    "expected",
    [
        ("constant", "0", "(1)"),
        ("condition", "if item.ready:", "if not item.ready:"),
        ("no call", "store.put(item)", "pass"),
        ("and/or", "count >= limit and not item.ready", "(count >= limit or not item.ready)"),
        ("comparison", "count >= limit", "(count > limit)"),
        ("not", "not item.ready", "(item.ready)"),
        ("no raise", 'raise ValueError("full")', "pass"),
        ("no assignment", "count += 1", "pass"),
        ("no assignment", 'state["last"] = count * 2', "pass"),
        ("arithmetic", "count * 2", "(count / 2)"),
        ("return", "return count", "return None"),
    ],
)
def test_each_kind_of_change_is_made(expected: tuple[str, str, str]) -> None:
    assert expected in made(range(1, 100))


def test_nothing_is_made_where_nobody_could_notice() -> None:
    """Docstrings, log lines and the texts of exceptions stay as they are."""
    unseen = ("working", "Do it", "module", "full")
    changed = [one for one in made(range(1, 100)) if one[0] != "no raise" and any(text in one[1] for text in unseen)]
    # The whole condition in which the exception is raised may be turned round.
    assert not [one for one in changed if not one[1].startswith("if ")]


def test_only_what_was_executed_is_changed() -> None:
    assert {one.line for one in mutants("x.py", SOURCE, [16])} == {16}
    assert not made([])


def test_each_mutant_is_a_module_that_differs_in_one_place() -> None:
    for one in mutants("x.py", SOURCE, range(1, 100)):
        compile(one.text, "x.py", "exec")
        assert one.text != SOURCE


def test_text_beyond_ascii_is_kept() -> None:
    text = "def f():\n    x = 'ü', 1\n    return x\n"
    found = [one.text for one in mutants("x.py", text, [2]) if one.before == "1"]
    assert found == ["def f():\n    x = 'ü', (2)\n    return x\n"]
