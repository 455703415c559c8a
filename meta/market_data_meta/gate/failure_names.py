"""What a failure says by name: the names that an exception, or a sentence of a check, misses. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from market_data_meta.inside.mdm_raised import Raised
from market_data_meta.judging.records import Check

SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")
_KIND = re.compile(r"\b([A-Z]\w*(?:Error|Exception)): ")
_PARTIES = (
    re.compile(r"cannot import name '(?P<name>\w+)' from (?:partially initialized module )?'(?P<owner>[\w.]+)'"),
    re.compile(r"module '(?P<owner>[\w.]+)' has no attribute '(?P<name>\w+)'"),
    re.compile(r"type object '(?P<owner>\w+)' has no attribute '(?P<name>\w+)'"),
    re.compile(r"'(?P<owner>\w+)' object has no attribute '(?P<name>\w+)'"),
    re.compile(r"(?P<owner>[\w.]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'"),
    re.compile(r"(?P<owner>[\w.]+)\(\) missing 1 required (?:positional|keyword-only) argument: '(?P<name>\w+)'"),
)
"""How Python names what it misses: its owner (a module, class or function) and its name."""
_MODULE = re.compile(r"No module named '(?P<module>[\w.]+)'")
_INVALID = re.compile(r"(?P<count>\d+) validation errors? for (?P<owner>\w+)\n")
_INVALID_FIELD = re.compile(r"^(?P<name>\w+)\n  .*\[type=(?P<kind>missing|extra_forbidden)[,\]]", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One sentence of a failure. ``raised`` is the exception that the check itself ended with, if it did."""

    text: str
    raised: Raised | None = None

    @property
    def exception(self) -> tuple[str, str] | None:
        """The kind and the text of the exception that it tells of."""
        if self.raised:
            return self.raised.kind, self.raised.text
        match = _KIND.search(self.text)
        return (match[1], self.text[match.end() :]) if match else None

    @property
    def missing(self) -> list[str]:
        """What it says is missing or not wanted, each as ``owner.name``; all of that must be explained."""
        if invalid := _INVALID.match(self.text):
            names = [f"{invalid['owner']}.{field['name']}" for field in _INVALID_FIELD.finditer(self.text)]
            # One that is wrong for another reason is not explained by a name.
            return names if len(names) == int(invalid["count"]) else []
        for pattern in _PARTIES:
            if match := pattern.search(self.text):
                return [f"{match['owner'].removesuffix('.__init__')}.{match['name']}"]
        return []

    @property
    def missing_module(self) -> str | None:
        """The module that it says is not there."""
        match = _MODULE.search(self.text)
        return match["module"] if match else None

    def speaks_of(self, owner: str, name: str) -> bool:
        """Whether it is one of the suite's own sentences that begin with what they are about: ``Owner: no name``."""
        pattern = rf"(?<![\w.]){re.escape(owner)}(?:[./:]|: (?:no |requires )?){re.escape(name)}\b"
        return self.raised is None and re.search(pattern, self.text) is not None


def statements(check: Check) -> Iterator[Statement]:
    """The sentences of a failure; none where it says what it got in another way than in words."""
    if check.raised:
        yield Statement(check.raised.text, check.raised)
    elif check.outcome == "failed":
        problems = check.got if isinstance(check.got, list) else [check.got]
        if all(isinstance(problem, str) for problem in problems):
            yield from map(Statement, problems)
