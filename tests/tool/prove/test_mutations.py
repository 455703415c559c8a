"""Mutations: of every kind, only on lines that were executed, and never where no consumer could notice."""

from __future__ import annotations

import textwrap

import pytest

from market_data_meta.prove.mutations import mutations

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


def mutations_of(lines: range | list[int]) -> list[tuple[str, str, str]]:
    """Kind, and first line before and after, of every mutation of some lines of the source."""
    return [
        (mutation.kind, mutation.before.split("\n")[0], mutation.after.split("\n")[0])
        for mutation in mutations("x.py", SOURCE, lines)
    ]


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
def test_each_kind_of_mutation_is_made(expected: tuple[str, str, str]) -> None:
    assert expected in mutations_of(range(1, 100))


def test_nothing_is_mutated_where_no_consumer_could_notice() -> None:
    """Docstrings, log lines and the texts of exceptions stay as they are."""
    texts = ("working", "Do it", "module", "full")
    changed = [
        before
        for kind, before, _ in mutations_of(range(1, 100))
        if kind != "no raise" and any(text in before for text in texts)
    ]
    # The condition under which the exception is raised may be turned round, with all that stands below it.
    assert not [before for before in changed if not before.startswith("if ")]


def test_only_executed_lines_are_mutated() -> None:
    assert {mutation.line for mutation in mutations("x.py", SOURCE, [16])} == {16}
    assert not mutations_of([])


def test_the_text_after_each_mutation_is_a_module_that_differs() -> None:
    for mutation in mutations("x.py", SOURCE, range(1, 100)):
        compile(mutation.text, "x.py", "exec")
        assert mutation.text != SOURCE


def test_text_beyond_ascii_stays_the_same() -> None:
    text = "def f():\n    x = 'ü', 1\n    return x\n"
    assert [mutation.text for mutation in mutations("x.py", text, [2]) if mutation.before == "1"] == [
        "def f():\n    x = 'ü', (2)\n    return x\n"
    ]
