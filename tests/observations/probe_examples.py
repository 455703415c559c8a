"""What comes of the examples that the packages' authors wrote, statement by statement."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from calling import run
from config_files import whole_configuration
from describing import Json, class_names, describe
from exhausting import exhausted
from hints import class_named
from surface import Surface
from unit import NOTHING, Observation, Unit
from written_examples import EXAMPLES, parsed

_LACKING = ("NameError", "ImportError")
"""What an example fails with that is no whole program."""
_MODULES = ("asyncio", "json", "os", "time", "uuid")
_FILE = re.compile(r"""["']((?:[\w-]+/)*[\w.-]+\.(?:ya?ml|json))["']""")


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each text that has examples."""
    given = whole_configuration([each.value for each in surface.objects()])
    for place, sources in EXAMPLES.of(surface).items():
        yield Unit("functions", f"{place} example", functools.partial(_examples, place, tuple(sources), given))


def _examples(place: str, sources: tuple[str, ...], given: Mapping[str, Any]) -> Iterator[Observation]:
    namespace = _namespace(place)
    for number, source in enumerate(sources, 1):
        yield f"{place} example[{number}]", functools.partial(_followed, source, namespace, given)


def _followed(source: str, namespace: dict[str, Any], given: Mapping[str, Any]) -> Json:
    """What each statement of the example comes to; nothing where all of them lack what stands elsewhere.

    It knows the names of the examples above it. Files that it names have a whole configuration in them.
    """
    for name in _FILE.findall(source):
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(given))
    namespace |= {name: value for name in _names_in(source) - namespace.keys() if (value := _meant(name)) is not None}
    steps: list[Json] = []
    seen = run(functools.partial(_steps, source, namespace, steps))
    lacking = all(isinstance(step, dict) and set(step.get("raises", ())) & {*_LACKING} for step in steps)
    return NOTHING if lacking else {**{key: value for key, value in seen.items() if key != "returns"}, "steps": steps}


def _namespace(place: str) -> dict[str, Any]:
    """The names that an example may use: those of the module that it stands in, as doctest has it."""
    parts = place.split(".")
    names = (".".join(parts[:number]) for number in range(len(parts), 0, -1))
    module = next((sys.modules[name] for name in names if name in sys.modules), None)
    return {**(vars(module) if module else {}), "__name__": "__main__"}


def _names_in(source: str) -> set[str]:
    return {node.id for node in ast.walk(parsed(source)) if isinstance(node, ast.Name)}


def _meant(name: str) -> Any:
    """What an example means by a name that it takes for granted: a class of the packages, or a standard module."""
    if (found := class_named(name)) is not Any:
        return found
    return importlib.import_module(name) if name in _MODULES else None


async def _steps(source: str, namespace: dict[str, Any], steps: list[Json]) -> None:
    for node in _InLoop().visit(parsed(source)).body:
        try:
            steps.append(await _step(ast.fix_missing_locations(node), namespace))
        except Exception as error:
            steps.append({"raises": class_names(type(error))})


async def _step(node: ast.stmt, namespace: dict[str, Any]) -> dict[str, Json]:
    """Do one statement: what an expression comes to, or what an assignment has assigned."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    if isinstance(node, ast.Expr):
        code = compile(ast.Expression(node.value), "<example>", "eval", flags=flags, dont_inherit=True)
        value = eval(code, namespace)  # noqa: S307 - what the package's author wrote
        return {"returns": describe(await exhausted(await value if code.co_flags & inspect.CO_COROUTINE else value))}
    code = compile(ast.Module([node], []), "<example>", "exec", flags=flags, dont_inherit=True)
    waited = eval(code, namespace)  # noqa: S307 - what the package's author wrote
    if waited is not None:
        await waited
    names = [name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)]
    is_assignment = isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
    return {name: describe(namespace[name]) for name in names if is_assignment and name in namespace}


class _InLoop(ast.NodeTransformer):
    """Has a program that runs a loop of its own wait in the one that there is: asyncio has no loop within a loop."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Leave what is only defined as it is."""
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Leave what is only defined as it is."""
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Leave what is only defined as it is."""
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """``asyncio.run(x)`` becomes ``await x``."""
        self.generic_visit(node)
        called = node.func
        is_run = isinstance(called, ast.Attribute) and called.attr == "run" and isinstance(called.value, ast.Name)
        if is_run and called.value.id == "asyncio" and node.args:  # type: ignore[attr-defined]  # it is an attribute of a name
            return ast.Await(node.args[0])
        return node
