"""Errors with fields: what is wrong, why, what to do next, and the exit code they end the command with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of ``mdmeta``; the table in the README is this one."""

    COMPATIBLE = 0
    VIOLATED = 1
    BAD_INPUT = 2
    UNDECIDED = 3
    TOOL_FAILED = 4
    INTERRUPTED = 130


@dataclass
class MetaError(Exception):
    """A problem to tell the user: a stable code, what is wrong, and optionally why and what to do next."""

    code: str
    what: str
    why: str = ""
    hint: str = ""
    exit: Exit = Exit.BAD_INPUT

    def __str__(self) -> str:
        parts = [
            f"{self.what} [{self.code}]",
            self.why and f"  because: {self.why}",
            self.hint and f"  try: {self.hint}",
        ]
        return "\n".join(part for part in parts if part)


class UninstallableError(MetaError):
    """No set of versions satisfies what was asked for; ``why`` is the resolver's reason."""

    def __init__(self, why: str) -> None:
        super().__init__("uninstallable", "no set of versions satisfies it", why, exit=Exit.UNDECIDED)


def direct_reference(who: str, references: Iterable[str]) -> MetaError:
    """The error for what asks for something by its address."""
    why = "what stands at an address is nobody's release, and no index would take it"
    hint = "ask for a version that is on the index; mdmeta gate --allow-direct follows it all the same"
    return MetaError("direct-reference", f"{who} asks for {', '.join(references)}, which is not followed", why, hint)


def undecided(code: str, what: str, why: str = "", hint: str = "") -> MetaError:
    """The error for a question that could not be answered (not installable, no network, stopped)."""
    return MetaError(code, what, why, hint, Exit.UNDECIDED)
