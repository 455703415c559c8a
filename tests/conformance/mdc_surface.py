"""What a consumer can import and call: names, the classes behind them, and parameters."""

from __future__ import annotations

import inspect
import re
import sys
import typing
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def told(error: BaseException) -> str:
    """Put an exception in a line that is the same on every machine: without the folder that ImportError adds."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {re.sub(r' [(].*', '', lines[0])}"


def resolve(path: str) -> Any:
    """Find the object at ``package.module:Class.method``."""
    module, _, attributes = path.partition(":")
    found: Any = import_module(module)
    for attribute in attributes.split("."):
        found = getattr(found, attribute)
    return found


def missing_names(documented: Mapping[str, Iterable[str]]) -> list[str]:
    """Tell what is not there of ``{module: names}``; a module that cannot be imported is one problem."""
    problems = []
    for module, names in documented.items():
        try:
            found = import_module(module)
        except Exception as error:  # noqa: BLE001 - anything a release's module body may raise
            problems.append(f"{module}: {told(error)}")
            continue
        problems += [f"{module}: no {name}" for name in names if not hasattr(found, name)]
    return problems


def starless_names(documented: Mapping[str, Iterable[str]]) -> list[str]:
    """Tell which of ``{module: names}`` a star import of the module does not bring."""
    problems = []
    for module, names in documented.items():
        found = vars(import_module(module))
        brought = found.get("__all__", [name for name in found if not name.startswith("_")])
        problems += [f"{module}: no {name}" for name in names if name not in brought]
    return problems


def classes_in(annotation: Any) -> Iterator[type]:
    """Yield each class that a type annotation mentions."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from classes_in(argument)


def classes_at(path: str) -> set[type]:
    """Find the classes at a path: the class, what a function is annotated with, or what a route responds with."""
    path, _, route = path.partition(" ")
    found = resolve(path)
    if route:
        method, _, url = route.partition(" ")
        routes = [r for r in found.routes if getattr(r, "path", None) == url and method in getattr(r, "methods", ())]
        return {cls for r in routes for cls in classes_in(r.response_model)}
    if isinstance(found, type):
        return {found}
    return {cls for hint in typing.get_type_hints(found).values() for cls in classes_in(hint)}


def foreign_classes(pairs: Mapping[str, str]) -> list[str]:
    """Tell which paths speak no class that is, or by its bases extends, the one that belongs there."""
    problems = []
    for path, belongs in pairs.items():
        expected = resolve(belongs)
        try:
            classes = classes_at(path)
        except Exception as error:  # noqa: BLE001 - an annotation may name anything
            problems.append(f"{path}: {told(error)}")
            continue
        # By __mro__: issubclass would accept whatever has the methods of a runtime-checkable protocol.
        if not any(expected in cls.__mro__ for cls in classes):
            problems.append(f"{path}: {', '.join(sorted(cls.__name__ for cls in classes)) or 'no class'} not of Core")
    return problems


def parameter_problems(documented: Mapping[str, Mapping[str, list[str]]]) -> list[str]:
    """Tell how the callables at ``{path: {positional, keyword, required}}`` cannot be called as documented."""
    return [f"{path}: {problem}" for path, table in documented.items() for problem in _unlike(path, table)]


def _unlike(path: str, table: Mapping[str, list[str]]) -> Iterator[str]:
    try:
        parameters = _parameters(path)
    except (AttributeError, ImportError) as error:
        yield told(error)
        return
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        by_name = {*table["positional"], *table["keyword"]}
    else:
        by_name = {parameter.name for parameter in parameters if parameter.kind in _BY_NAME}
    yield from (f"takes no {name}" for name in table["positional"] + table["keyword"] if name not in by_name)
    by_position = [parameter.name for parameter in parameters if parameter.kind in _BY_POSITION]
    if by_position[: len(table["positional"])] != table["positional"]:
        yield f"takes by position {by_position}"
    yield from (f"requires {name}" for name in _required(parameters) if name not in table["required"])


def _parameters(path: str) -> list[inspect.Parameter]:
    found = resolve(path)
    parameters = list(inspect.signature(found).parameters.values())
    # A method that is taken from its class still has self in front.
    return parameters[1:] if "." in path.partition(":")[2] and inspect.isfunction(found) else parameters


def _required(parameters: Iterable[inspect.Parameter]) -> Iterator[str]:
    for parameter in parameters:
        if parameter.default is inspect.Parameter.empty and parameter.kind in {*_BY_POSITION, *_BY_NAME}:
            yield parameter.name


def at_runtime(module: str, qualname: str) -> Any:
    """Find ``qualname`` in a module once imported; None inside a function or in what cannot be imported."""
    try:
        found: Any = sys.modules.get(module) or import_module(module)
        for attribute in qualname.split("."):
            found = getattr(found, attribute)
    except Exception:  # noqa: BLE001 - anything a release's module body may raise
        return None
    return found
