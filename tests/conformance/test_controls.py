"""The two controls of every run: one must pass, one must fail."""

from mdm_clause import ClauseCheck


def test_must_pass(clause: ClauseCheck) -> None:
    """A check whose clause holds passes."""
    clause.equal("two and two", 2 + 2, clause.expect["sum"])


def test_must_fail(clause: ClauseCheck) -> None:
    """A check whose clause is broken fails."""
    clause.equal("two and two", 2 + 2, clause.expect["sum"])
