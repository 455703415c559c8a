"""How something can be called, as JSON: the same however its annotations are spelt, and wherever types are defined.

What may grow without harm is an object: an optional parameter more, one more alternative of a union or a more exact
annotation are members that are gained. ``Any`` says nothing, so it is left out.
"""

from __future__ import annotations

import ast
import collections.abc
import inspect
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

from describing import Json, describe, type_name

Form = dict[str, Json]
"""The alternatives of an annotation by bare name, each with its arguments; empty where it says nothing."""
_KINDS: dict[Any, str] = {
    inspect.Parameter.POSITIONAL_ONLY: "by position",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "by position or name",
    inspect.Parameter.KEYWORD_ONLY: "by name",
}
_SAME = {
    "AsyncGenerator": "AsyncIterator",
    "Generator": "Iterator",
    "Coroutine": "Awaitable",
    "List": "list",
    "Dict": "dict",
    "Set": "set",
    "FrozenSet": "frozenset",
    "Tuple": "tuple",
    "Type": "type",
    "NoneType": "None",
}
_FIRST_ONLY = {"AsyncIterator", "Iterator"}
_TRANSPARENT = {"Annotated", "ClassVar", "Final", "Required", "NotRequired", "ReadOnly"}
_SAYS_NOTHING = {"Any", "object", "Self", "Never", "NoReturn"}


def called_with(function: Any, *, skip_first: bool = False) -> Form:
    """The parameters by name and what is returned. Raises ValueError and TypeError where there is no signature."""
    target = function.__init__ if isinstance(function, type) else function
    parameters = list(inspect.signature(function).parameters.values())[1 if skip_first else 0 :]
    shown: Form = {}
    for number, parameter in enumerate(parameters):
        if parameter.kind is parameter.VAR_POSITIONAL:
            shown["*"] = {"optional": True}
        elif parameter.kind is parameter.VAR_KEYWORD:
            shown["**"] = {"optional": True}
        elif not parameter.name.startswith("_"):
            shown[parameter.name] = _parameter(parameter, number, target)
    described: Form = {"parameters": shown}
    annotation = getattr(target, "__annotations__", {}).get("return", Any)
    if not isinstance(function, type) and (returned := form(evaluated(annotation, target))):
        described["returns"] = returned
    return described


def _parameter(parameter: inspect.Parameter, number: int, target: Any) -> Form:
    described: Form = {"given": _KINDS[parameter.kind]}
    if parameter.kind is not parameter.KEYWORD_ONLY:
        described["position"] = number
    if parameter.default is not parameter.empty:
        described |= {"optional": True, "default": describe(parameter.default)}
    if takes := form(evaluated(parameter.annotation, target)):
        described["takes"] = takes
    return described


def evaluated(annotation: Any, target: Any) -> Any:
    """An annotation that is text as what it means where it stands, or as text where that cannot be found out."""
    if not isinstance(annotation, str):
        return annotation
    target = inspect.unwrap(target) if callable(target) and not isinstance(target, type) else target
    module = sys.modules.get(getattr(target, "__module__", None) or "")
    names = getattr(target, "__globals__", None) or vars(module or types)
    try:
        return eval(annotation, dict(names))  # noqa: S307 - it is what typing.get_type_hints does with it
    except Exception:
        return annotation


def form(annotation: Any) -> Form:
    """An annotation in its normal form."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        return _form_of_text(annotation)
    if annotation in (Any, object, inspect.Parameter.empty):
        return {}
    if annotation is None or annotation is type(None):
        return {"None": {}}
    if isinstance(annotation, typing.TypeVar | typing.ParamSpec):
        return {}
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _any_of([form(argument) for argument in arguments])
    if origin is typing.Literal:
        return {"Literal": {repr(getattr(argument, "value", argument)): {} for argument in arguments}}
    if origin is typing.Annotated or getattr(origin, "_name", None) in _TRANSPARENT:
        return form(arguments[0])
    if origin is collections.abc.Callable:
        taken, returned = (arguments[0] if arguments else ..., arguments[-1] if arguments else Any)
        parts = {str(n): form(part) for n, part in enumerate(taken)} if isinstance(taken, list) else {}
        return {"Callable": {name: part for name, part in {**parts, "returns": form(returned)}.items() if part}}
    kind = origin or annotation
    name = type_name(kind) if isinstance(kind, type) else str(getattr(kind, "__name__", None) or kind)
    return _named(name, [form(argument) for argument in arguments if argument is not Ellipsis])


def _any_of(forms: list[Form]) -> Form:
    return {name: part for each in forms for name, part in each.items()} if all(forms) else {}


def _named(name: str, arguments: list[Form]) -> Form:
    name = _SAME.get(name, name)
    if name in _SAYS_NOTHING:
        return {}
    if name in _FIRST_ONLY:
        arguments = arguments[:1]
    if name == "Awaitable":
        arguments = arguments[-1:]
    return {name: {str(number): argument for number, argument in enumerate(arguments) if argument}}


def _form_of_text(text: str) -> Form:
    try:
        return _form_of_node(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError:
        return {text: {}}


def _form_of_node(node: ast.expr) -> Form:
    if isinstance(node, ast.Constant):
        return _form_of_text(node.value) if isinstance(node.value, str) else {str(node.value): {}}
    if isinstance(node, ast.BinOp):
        return _any_of([_form_of_node(node.left), _form_of_node(node.right)])
    if isinstance(node, ast.Name | ast.Attribute):
        return _named(node.id if isinstance(node, ast.Name) else node.attr, [])
    if not isinstance(node, ast.Subscript):
        return {ast.unparse(node): {}}
    name = ast.unparse(node.value).split(".")[-1]
    arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Literal":
        return {"Literal": {ast.unparse(argument): {} for argument in arguments}}
    if name in _TRANSPARENT:
        return _form_of_node(arguments[0])
    if name in ("Union", "Optional"):
        return _any_of([*map(_form_of_node, arguments), *([{"None": {}}] if name == "Optional" else [])])
    if name == "Callable":
        taken = arguments[0].elts if isinstance(arguments[0], ast.List) else []
        parts = {str(n): _form_of_node(part) for n, part in enumerate(taken)}
        return {
            "Callable": {key: part for key, part in {**parts, "returns": _form_of_node(arguments[-1])}.items() if part}
        }
    return _named(name, [_form_of_node(argument) for argument in arguments if not _is_ellipsis(argument)])


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def asynchrony(function: Any) -> Mapping[str, Json]:
    """Whether its result is awaited or iterated asynchronously: a caller has to know."""
    target = inspect.unwrap(function) if callable(function) else function
    for candidate in (function, target):
        if inspect.iscoroutinefunction(candidate):
            return {"waits": "to be awaited"}
        if inspect.isasyncgenfunction(candidate):
            return {"waits": "to be iterated with async for"}
    return {"waits": "not at all"}
