"""Text for people: what a package says is shown as text whatever it says, and counts stand in words."""

from __future__ import annotations

from collections.abc import Mapping


def printable(text: str) -> str:
    """The text with control characters spelt out: what a package says must not steer the reader's terminal."""
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)


def counts_in_words(counts: Mapping[str, int]) -> str:
    """The counts of a cell in words: ``81 passed, 12 known failures, 2 not applicable``."""
    words = {
        "passed": "passed",
        "failed": "failed",
        "error": "errors",
        "known": "known failures",
        "not-applicable": "not applicable",
    }
    texts = [
        f"{counts[key]} {word.removesuffix('s') if counts[key] == 1 else word}"
        for key, word in words.items()
        if counts.get(key)
    ]
    return ", ".join(texts) or "no checks"


def users_servers_lines(servers: Mapping[str, str]) -> list[str]:
    """A line for each server of the user's own that a run had: ``MDMETA_REDIS_URL: redis://example.org:6379``."""
    return [f"with a server of your own, {variable}: {address}" for variable, address in servers.items()]


def left_in_words(seconds: float) -> str:
    """How much longer something takes, roughly: ``about 3 min left``."""
    if seconds < 1:
        return "the last"
    return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"


def number(count: int, things: str) -> str:
    """The count with its noun: ``1 cell``, ``1,034 cells``, ``2 cells that …``."""
    noun, space, rest = things.partition(" that ")
    return f"{count:,} {noun}{'' if count == 1 else 's'}{space}{rest}"
