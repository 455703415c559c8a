"""Words that a name may stand for, as the packages' sources have it: ``if source_type == "synthetic"``.

They are what a name is compared with, what is listed beside it, ``source_type: str  # "synthetic" | "replay"``, and
what the parameter of that name is given in a call.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import describing
from syntax_trees import tree_of

_LETTERS = r"[A-Za-z][\w-]*"
_WORD = rf"""["']({_LETTERS})["']"""
_NAME = r"\b(\w+)(?:\.(?:lower|upper|strip)\(\))*"
_EQUALS = re.compile(rf"{_NAME}\s*[!=]=\s*{_WORD}")
_IS_IN = re.compile(rf"{_NAME}\s+(?:not\s+)?in\s+[({{\[]\s*((?:{_WORD}[,\s]*)+)[)}}\]]")
_LISTED = re.compile(rf"\b(\w+)\s*:[^#\n]*#\s*((?:{_WORD}\s*\|\s*)+{_WORD})")
_SPEAKING = re.compile(r"(^|_)(type|kind|mode|backend|operation|action|method|status|outcome|policy|strategy)$")
"""Names that are the same wherever they stand: what they are compared with is what they may be."""
_ALIAS = re.compile(
    r"^ +(\w+) = \(?(?:\w+\.)*(\w+)(?: or [\"'][\w-]*[\"']\))?(?:\.(?:lower|upper|strip)\(\))+$", re.MULTILINE
)
"""``src = spec.source.lower()``: what ``src`` is compared with is what a source may be."""
_SHORT = 3
"""Letters of a name that says nothing of what it stands for, such as ``v``."""


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
        """All names that are compared with words, with these."""
        return _in_sources(frozenset(describing.PACKAGES)) if self._given is None else self._given


WORDS = ComparedWords()
_AT_END = re.compile(r"(\w+)='([\w-]+)'$")


def ends_with_word(label: str) -> bool:
    """Whether a call is labelled with such a word for an argument, or for a part of one."""
    found = _AT_END.search(label)
    return found is not None and found[2] in WORDS.with_name(found[1])


@functools.cache
def _in_sources(packages: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    modules = (module for name, module in sorted(sys.modules.items()) if name.split(".")[0] in packages)
    files = dict.fromkeys(str(getattr(module, "__file__", None)) for module in modules)
    texts = [Path(file).read_text(encoding="utf-8", errors="replace") for file in files if file.endswith(".py")]
    found: dict[str, dict[str, None]] = {}
    for text in texts:
        for name, words in _in_text(text).items():
            # What a file compares a name with once may be an accident; twice, it chooses.
            if _SPEAKING.search(name) or (len(words) > 1 and len(name) >= _SHORT):
                found.setdefault(name, {}).update(words)
    for name, word in _handed_over([tree for file in files if (tree := tree_of(file))]):
        if _SPEAKING.search(name):
            found.setdefault(name, {})[word] = None
    return {name: tuple(words) for name, words in found.items()}


def _handed_over(trees: Sequence[ast.Module]) -> Iterator[tuple[str, str]]:
    """The parameters of functions that are called with a word somewhere, each with the word."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    parameters: dict[str, set[tuple[str, ...]]] = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [each.arg for each in node.args.args]
            parameters.setdefault(node.name, set()).add(tuple(names[names[:1] in (["self"], ["cls"]) :]))
    for node in nodes:
        if isinstance(node, ast.Call):
            several = parameters.get(getattr(node.func, "attr", getattr(node.func, "id", "")), set())
            # Which one of several is called, nobody knows without running it.
            known = next(iter(several)) if len(several) == 1 else ()
            by_position = zip(known, node.args, strict=False)
            by_name = ((each.arg, each.value) for each in node.keywords if each.arg in known)
            yield from ((str(name), str(word)) for name, value in (*by_position, *by_name) if (word := _word(value)))


def _word(value: ast.expr) -> str | None:
    text = value.value if isinstance(value, ast.Constant) else None
    return text if isinstance(text, str) and re.fullmatch(_LETTERS, text) else None


def _in_text(text: str) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    aliases: dict[str, str] = dict(_ALIAS.findall(text))
    for match in (*_LISTED.finditer(text), *_EQUALS.finditer(text), *_IS_IN.finditer(text)):
        name = aliases.get(str(match[1]), str(match[1]))
        found.setdefault(name, {}).update(dict.fromkeys(re.findall(_WORD, match[0])))
    return found
