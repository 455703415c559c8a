"""Examples as the packages' authors wrote them: in docstrings, and in what a release says of itself."""

from __future__ import annotations

import ast
import contextlib
import doctest
import email
import importlib.metadata
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from surface import Surface, is_defined_in

README = "README"
"""What examples are listed under that stand in the text of the release as a whole."""
_FENCED = re.compile(r"^([ \t]*)```(?:python|py)[ \t]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^([ \t]*)(?:Examples?|Usage)(?:::?)[ \t]*\n((?:\1[ \t]+[^\n]*\n|[ \t]*\n)+)", re.MULTILINE)
_MAX_EXAMPLES = 40
"""Examples of one text: no README of today has as many."""

Examples = Mapping[str, Sequence[str]]
"""The source of each example, by what it stands in: a module, class, function or method, or README."""


class WrittenExamples:
    """The examples of the packages as they are, or those of another run."""

    def __init__(self) -> None:
        self._given: Examples | None = None

    def give(self, examples: Examples | None) -> None:
        """Take these examples, which the run has that this one is compared with: both try the same."""
        self._given = examples

    def of(self, surface: Surface) -> Examples:
        """The examples of a package; those that were given are of the one package that the run observes."""
        return _written(surface) if self._given is None else self._given


EXAMPLES = WrittenExamples()


def _written(surface: Surface) -> Examples:
    found: dict[str, list[str]] = {}
    for place, text in _texts(surface):
        for source in _sources(text):
            if _is_python(source) and source not in (several := found.setdefault(place, [])):
                several.append(source)
    return {place: several[:_MAX_EXAMPLES] for place, several in found.items()}


def _texts(surface: Surface) -> Iterator[tuple[str, str]]:
    for name, module in surface.modules.items():
        yield name, module.__doc__ or ""
    for each in surface.objects():
        yield each.location, _docstring(each.value)
        for name, member in vars(each.value).items() if isinstance(each.value, type) else ():
            function = getattr(member, "__func__", getattr(member, "fget", member))
            if not name.startswith("_") and inspect.isfunction(function) and is_defined_in(function, surface.imports):
                yield f"{each.location}.{name}", _docstring(function)
    distribution = str(surface.plan["packages"][surface.package]["distribution"])
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        metadata = importlib.metadata.distribution(distribution).read_text("METADATA") or ""
        yield README, str(email.message_from_string(metadata).get_payload()).replace("\r\n", "\n")


def _docstring(value: Any) -> str:
    return inspect.cleandoc(value.__doc__) + "\n" if isinstance(value.__doc__, str) else ""


def _sources(text: str) -> Iterator[str]:
    """The examples in a text: what follows prompts, what is fenced, what is indented below such a title."""
    try:
        prompted = doctest.DocTestParser().get_examples(text)
    except ValueError:
        prompted = []
    if prompted:
        yield "".join(example.source for example in prompted)
    fenced = [match[2] for match in _FENCED.finditer(text)]
    indented = [match[2] for match in _INDENTED.finditer(text) if "```" not in match[2] and ">>>" not in match[2]]
    for block in (*fenced, *indented):
        if ">>>" not in block:
            yield textwrap.dedent(block).strip() + "\n"


def parsed(source: str) -> ast.Module:
    """The statements of an example, which may wait at its top level. Raises SyntaxError."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree: ast.Module = compile(source, "<example>", "exec", flags=flags, dont_inherit=True)
    return tree


def _is_python(source: str) -> bool:
    """Whether it is code, and not a line of prose that happens to be an expression."""
    try:
        body = parsed(source).body
    except (SyntaxError, ValueError):
        return False
    return any(not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call | ast.Await) for node in body)
