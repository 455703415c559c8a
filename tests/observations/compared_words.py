"""Words that a name may stand for, as the packages' sources have it: ``if source_type == "synthetic"``.

They are what a name is compared with, and what is listed beside it: ``source_type: str  # "synthetic" | "replay"``.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import describing

_WORD = r"""["']([A-Za-z][\w-]*)["']"""
_NAME = r"\b(\w+)(?:\.(?:lower|upper|strip)\(\))*"
_EQUALS = re.compile(rf"{_NAME}\s*[!=]=\s*{_WORD}")
_IS_IN = re.compile(rf"{_NAME}\s+(?:not\s+)?in\s+[({{\[]\s*((?:{_WORD}[,\s]*)+)[)}}\]]")
_LISTED = re.compile(rf"\b(\w+)\s*:[^#\n]*#\s*((?:{_WORD}\s*\|\s*)+{_WORD})")
_SPEAKING = re.compile(r"(^|_)(type|kind|mode|backend|operation|action|method)$")
"""Names that are the same wherever they stand: what they are compared with is what they may be."""


class ComparedWords:
    """The words, by the name that they are compared with: of the packages as they are, or those of another run."""

    def __init__(self) -> None:
        self._given: Mapping[str, Iterable[str]] | None = None

    def give(self, words: Mapping[str, Iterable[str]] | None) -> None:
        """Take these words, which the run has that this one is compared with: both hand over the same."""
        self._given = words

    def with_name(self, name: str) -> tuple[str, ...]:
        """The words that this name is compared with anywhere in the packages."""
        return tuple(self.all().get(name, ()))

    def all(self) -> Mapping[str, Iterable[str]]:
        """All names that speak for themselves, with their words."""
        return _in_sources(frozenset(describing.PACKAGES)) if self._given is None else self._given


WORDS = ComparedWords()


@functools.cache
def _in_sources(packages: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    modules = (module for name, module in sorted(sys.modules.items()) if name.split(".")[0] in packages)
    for file in dict.fromkeys(str(getattr(module, "__file__", None)) for module in modules):
        text = Path(file).read_text(encoding="utf-8", errors="replace") if file.endswith(".py") else ""
        for match in (*_LISTED.finditer(text), *_EQUALS.finditer(text), *_IS_IN.finditer(text)):
            if _SPEAKING.search(match[1]):
                found.setdefault(match[1], {}).update(dict.fromkeys(re.findall(_WORD, match[0])))
    return {name: tuple(words) for name, words in found.items()}
