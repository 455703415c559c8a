"""What a check knows of its clause, and how it says that the clause is broken.

A check states what it expects and what it got; the sentence a reader sees is built from those fields, never parsed
back. The expected value comes from the clause's ``expect`` table, not from the package under test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mdm_raised import text_of


class ViolationError(AssertionError):
    """The clause does not hold: ``what`` was looked at, ``expected`` by the contract, and what was ``got``."""

    def __init__(self, what: str, expected: object, got: object) -> None:
        super().__init__(f"{what}: expected {expected!r}, got {got!r}")
        self.what, self.expected, self.got = what, expected, got


class NotApplicableError(Exception):
    """The clause says nothing about this installation; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def described(error: BaseException) -> str:
    """An exception for a reader: type and first line of the message."""
    # Where a module lies differs from machine to machine; which module it is does not.
    lines = re.sub(r" \(/[^)]*\)$", "", text_of(error).strip()).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@dataclass(frozen=True)
class ClauseCheck:
    """A clause for the check that decides it: what it says, and ways to say that it holds or does not."""

    id: str
    rule: str
    level: str
    scope: str
    expect: dict[str, Any] = field(default_factory=dict)

    # ``__tracebackhide__``: a debugger stops in the check that has failed, not here.

    def equal(self, what: str, got: object, expected: object) -> None:
        """Hold if ``got == expected``."""
        __tracebackhide__ = True
        if got != expected:
            raise ViolationError(what, expected, got)

    def that(self, what: str, holds: bool, *, expected: object, got: object) -> None:
        """Hold if ``holds``; a failure says ``expected`` and ``got``."""
        __tracebackhide__ = True
        if not holds:
            raise ViolationError(what, expected, got)

    def none(self, what: str, problems: Sequence[str], *, examined: int) -> None:
        """Hold if there are no ``problems``, among at least one thing ``examined`` (an empty loop proves nothing)."""
        __tracebackhide__ = True
        if examined < 1:
            raise ViolationError(what, "at least one thing to examine", "nothing was found to examine")
        if problems:
            raise ViolationError(what, [], sorted(problems))

    @contextmanager
    def works(self, what: str) -> Iterator[None]:
        """Hold if the block raises nothing; what it raises is what was got."""
        try:
            yield
        except (ViolationError, NotApplicableError):
            raise
        except Exception as error:
            raise ViolationError(what, "no exception", described(error)) from error

    @contextmanager
    def refuses(self, what: str, *kinds: type[BaseException]) -> Iterator[None]:
        """Hold if the block raises one of ``kinds``."""
        names = " or ".join(kind.__name__ for kind in kinds)
        try:
            yield
        except kinds:
            return
        except Exception as error:
            raise ViolationError(what, names, described(error)) from error
        raise ViolationError(what, names, "no exception")

    def not_applicable(self, reason: str) -> None:
        """Stop here: the clause says nothing about this installation. Never for something that is broken."""
        raise NotApplicableError(reason)
