"""The annotations of functions and classes, evaluated as far as that can be done."""

from __future__ import annotations

import builtins
import functools
import inspect
import keyword
import sys
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from describing import PACKAGES


class _Names(dict[str, Any]):
    """What names stand for in a module; one that only type checkers import is looked for in all of the packages."""

    def __init__(self, module: dict[str, Any]) -> None:
        super().__init__()
        self._module = module

    def __missing__(self, name: str) -> Any:
        if name in self._module:
            return self._module[name]
        return getattr(builtins, name) if hasattr(builtins, name) else class_named(name)


@functools.cache
def class_named(name: str) -> Any:
    """The class of the packages that goes by this name anywhere; Any where there is none."""
    for module in sorted(sys.modules):
        if module.split(".")[0] in PACKAGES:
            value = vars(sys.modules[module]).get(name)
            if isinstance(value, type):
                return value
    return Any


@functools.cache
def hints_of(function: Any) -> Mapping[str, Any]:
    """The annotations of a function, or of what makes a class's instances."""
    target = inspect.getattr_static(function, "__init__") if isinstance(function, type) else function
    target = getattr(target, "original", target)
    try:
        return typing.get_type_hints(target, include_extras=True)
    except Exception:
        names = _Names(getattr(inspect.unwrap(getattr(target, "__func__", target)), "__globals__", {}))
        try:
            return typing.get_type_hints(target, localns=names, include_extras=True)
        except Exception:
            return dict(getattr(target, "__annotations__", {}))


def parameters_of(function: Any) -> list[tuple[inspect.Parameter, Any]]:
    """The parameters that a caller gives, each with its annotation. Raises ValueError where there is no signature."""
    fields = getattr(function, "model_fields", None)
    if isinstance(function, type) and isinstance(fields, dict):
        found = []
        for name, field in fields.items():
            # The root is all that its model is: an empty one would show nothing of whoever is handed it.
            needed = field.is_required() or getattr(function, "__pydantic_root_model__", False)
            default = inspect.Parameter.empty if needed else None
            # An alias such as "from" is for what is read from a file, and no caller can write it.
            usable = field.alias if field.alias and not keyword.iskeyword(field.alias) else name
            parameter = inspect.Parameter(usable, inspect.Parameter.KEYWORD_ONLY, default=default)
            found.append((parameter, _with_bounds(field.annotation, field.metadata)))
        return found
    hints = hints_of(function)
    signature = inspect.signature(function)
    return [
        (parameter, hints.get(name, parameter.annotation))
        for name, parameter in signature.parameters.items()
        if name not in ("self", "cls") and not (name.startswith("_") and _may_be_left_out(parameter))
    ]


def required_of(function: Any) -> list[tuple[inspect.Parameter, Any]]:
    """Those of the parameters that a caller must give. Raises ValueError where there is no signature."""
    return [each for each in parameters_of(function) if each[0].default is each[0].empty]


def _with_bounds(annotation: Any, metadata: Iterable[Any]) -> Any:
    """The annotation with what a field says of its values beside it."""
    for each in metadata:
        annotation = typing.Annotated[annotation, each]
    return annotation


def _may_be_left_out(parameter: inspect.Parameter) -> bool:
    return parameter.default is not parameter.empty or parameter.kind in (
        parameter.VAR_POSITIONAL,
        parameter.VAR_KEYWORD,
    )


def choices_near(function: Any, name: str) -> list[str]:
    """The keys of public constants beside a function that go by the name of a parameter: what it may well be one of."""
    target = getattr(getattr(function, "original", function), "__func__", getattr(function, "original", function))
    if len(name) < 4:
        return []
    for constant, value in sorted(getattr(target, "__globals__", {}).items()):
        if constant.isupper() and not constant.startswith("_") and name.removesuffix("s").upper() in constant:
            keys = sorted(value) if isinstance(value, set | frozenset) and _all_texts(value) else value
            if isinstance(keys, dict | list | tuple) and 0 < len(keys) <= 40 and _all_texts(keys):
                return list(keys)[:16]
    return []


def _all_texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def reads_schemas(function: Any) -> bool:
    """Whether a function looks up what JSON Schemas have, so that a mapping that it takes is one of these."""
    code = getattr(inspect.unwrap(getattr(function, "__func__", function)), "__code__", None)
    return code is not None and {"properties", "required"} <= {each for each in code.co_consts if isinstance(each, str)}
