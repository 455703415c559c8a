"""What modules do without because an import failed, and doubles of it: what would be done with it can be seen then."""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from collaborators import HANDED, Answer
from lifecycles import CLOSERS, OPENERS
from plausible import Row, plausible
from syntax_trees import tree_of

Names = Mapping[str, Sequence[str]]
"""Variables of modules, by module."""
_SCHEMA = {
    "type": "object",
    "required": ["symbol", "a"],
    "properties": {"symbol": {"type": "integer"}, "price": {"type": "string"}, "a": {"type": "integer"}},
}
"""A schema to check with, which a row breaks in three ways and another mapping in one."""


class Absent:
    """A double of what a library would offer that is not there: it records its calls."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> AbsentAnswer:
        HANDED.note(self._name, args, kwargs)
        return AbsentAnswer(self._name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")


class AbsentAnswer(Row):
    """What such a call returns: it can be awaited, and answers by the name that it is asked for."""

    def __init__(self, name: str) -> None:
        super().__init__()
        object.__setattr__(self, "_name", name)

    __await__ = Answer.__await__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ("content", "schema"):
            return dict(_SCHEMA)
        # What a bar calls its last price is how a client is closed.
        value = None if name in (*OPENERS, *CLOSERS) else plausible(name)
        return Absent(f"{self._name}.{name}") if value is None else value


def absent_names(modules: Mapping[str, ModuleType]) -> Names:
    """The variables of modules that are None because an import failed, by module."""
    found = {
        name: [each for each in _assigned(module) if vars(module).get(each, module) is None]
        for name, module in modules.items()
    }
    return {name: several for name, several in found.items() if several}


def _assigned(module: ModuleType) -> tuple[str, ...]:
    """The names that a module imports, and sets to None where that fails."""
    tree = tree_of(str(module.__file__))
    statements = tree.body if tree else ()
    return tuple(name for node in statements if isinstance(node, ast.Try) for name in _without(node))


def _without(node: ast.Try) -> Iterator[str]:
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for part in node.body
        if isinstance(part, ast.Import | ast.ImportFrom)
        for alias in part.names
    }
    for handler in node.handlers:
        for part in handler.body:
            targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
            yield from (each.id for each in targets if isinstance(each, ast.Name) and each.id in imported)


@contextlib.contextmanager
def standing_in(module: str, names: Sequence[str]) -> Iterator[None]:
    """Have doubles in the place of these variables of a module for a while."""
    variables = vars(sys.modules[module])
    variables.update({name: Absent(name) for name in names})
    try:
        yield
    finally:
        variables.update(dict.fromkeys(names))
