"""What a call of a function gives, as far as can be seen without calling it.

A plain function may give something to await as well as an ``async def`` does: it says so in its annotation, or returns
what another function makes. Where neither can be seen, nothing is said: a caller would have to try.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from inspect import Signature
from typing import Any

STREAM, COROUTINE, FUNCTION, UNSEEN = "stream", "coroutine", "function", "unseen"

_STREAM_NAME = re.compile(r"\bAsync(Iterable|Iterator|Generator)\b")
_AWAITABLE_NAME = re.compile(r"\b(Awaitable|Coroutine|Future|asyncio\.Task)\b")
_TASK_NAME = re.compile(r"\bTask\b")
_MAKERS = frozenset(
    ["create_task", "ensure_future", "create_future", "run_in_executor", "wrap_future", "gather", "shield", "Future"]
)
"""What asyncio makes awaitables with, by a loop's method or by a function."""
_DEEPEST = 5
_MISSING = object()


def kind_of(function: Callable[..., Any], owner: Any = None, depth: int = _DEEPEST) -> str:
    """Tell what a call gives: STREAM, something to await (COROUTINE), the result itself (FUNCTION), or UNSEEN.

    ``owner`` is the class or the instance that ``self`` stands for in a method.
    """
    layers = wrapped_layers(function)
    for layer in layers:
        kind = _own_kind(layer)
        if kind is not None:
            return kind
        if layer is layers[-1] or not passes_on(_signature(layer)):
            return _kind_of_returned(layer, owner, depth)
    return UNSEEN


def wrapped_layers(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    """A function and what its decorators wrap, outermost first, each bound as the outermost is."""
    layers, is_bound = [function], inspect.ismethod(function)
    while (wrapped := getattr(layers[-1], "__wrapped__", None)) is not None and len(layers) < 100:
        layers.append(wrapped.__get__(object()) if is_bound and hasattr(wrapped, "__get__") else wrapped)
    return layers


def passes_on(signature: Signature | None) -> bool:
    """Whether a wrapper of this signature leaves it to what it wraps which calls are possible."""
    kinds = {parameter.kind for parameter in signature.parameters.values()} if signature else set()
    return kinds == {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


def _own_kind(layer: Callable[..., Any]) -> str | None:
    """What the function itself says, by its definition or its annotation."""
    is_plain = inspect.isroutine(layer) or isinstance(layer, functools.partial)
    target = layer if is_plain else type(layer).__call__
    if inspect.isasyncgenfunction(target):
        return STREAM
    if inspect.iscoroutinefunction(target):
        return COROUTINE
    return _annotated_kind(_return_annotation(layer))


def _annotated_kind(annotation: Any) -> str | None:
    """What an annotation says of what is returned; nothing where it says nothing."""
    if annotation in (Signature.empty, Any):
        return None
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kinds = {_annotated_kind(each) for each in typing.get_args(annotation)}
        # What is awaited must always be something to await.
        return kinds.pop() if len(kinds) == 1 else None if None in kinds else FUNCTION
    named = typing.get_origin(annotation) or annotation
    if isinstance(named, type):
        # The class is known, whatever it is called.
        return STREAM if hasattr(named, "__aiter__") else COROUTINE if hasattr(named, "__await__") else FUNCTION
    text = str(annotation)
    if isinstance(annotation, str) and _TASK_NAME.search(text) and not _AWAITABLE_NAME.search(text):
        # It may be asyncio's: where it comes from is seen by type checkers only.
        return UNSEEN
    return STREAM if _STREAM_NAME.search(text) else COROUTINE if _AWAITABLE_NAME.search(text) else FUNCTION


def _return_annotation(layer: Callable[..., Any]) -> Any:
    """The annotation of what is returned: evaluated where that is possible, else its text."""
    try:
        return inspect.signature(layer, follow_wrapped=False, eval_str=True).return_annotation
    except Exception:  # noqa: BLE001 - an annotation may be any expression
        signature = _signature(layer)
        return signature.return_annotation if signature else Signature.empty


def _signature(layer: Callable[..., Any]) -> Signature | None:
    try:
        return inspect.signature(layer, follow_wrapped=False)
    except (TypeError, ValueError):
        return None


def _kind_of_returned(layer: Callable[..., Any], owner: Any, depth: int) -> str:
    """What the expressions give that a function without an annotation returns."""
    if isinstance(layer, functools.partial):
        return kind_of(layer.func, owner, depth - 1) if depth else UNSEEN
    function = getattr(layer, "__func__", layer if inspect.isroutine(layer) else type(layer).__call__)
    if not inspect.isfunction(function):
        # Written in C.
        return UNSEEN
    returned = _returned(function)
    if returned is None:
        return UNSEEN
    me = getattr(layer, "__self__", owner)
    kinds = {_kind_of_expression(each, function, owner if type(me) is object else me, depth) for each in returned}
    if not kinds or FUNCTION in kinds:
        return FUNCTION
    return kinds.pop() if len(kinds) == 1 else UNSEEN


def _returned(function: Any) -> Sequence[ast.expr | None] | None:
    """The expressions that a function returns; None where its source is not there."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    if function.__name__ == "<lambda>":
        return [lambdas[0].body] if len(lambdas) == 1 else None
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return None
    return [node.value for node in _nodes(definition.body) if isinstance(node, ast.Return)]


def _nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a function's own body, without those of functions in it."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _nodes(list(ast.iter_child_nodes(node)))


def _kind_of_expression(expression: ast.expr | None, function: Any, owner: Any, depth: int) -> str:
    if not isinstance(expression, ast.Call):
        is_open = isinstance(expression, ast.Name | ast.Attribute | ast.Subscript)
        return UNSEEN if is_open else FUNCTION
    called = _resolved(expression.func, function, owner)
    name = getattr(expression.func, "attr", getattr(expression.func, "id", ""))
    is_own = called is not _MISSING and not str(getattr(called, "__module__", "")).lstrip("_").startswith("asyncio")
    if name in _MAKERS and not is_own:
        # A method of the packages may have the same name.
        return COROUTINE
    if not callable(called) or not depth:
        return UNSEEN
    if inspect.isclass(called):
        return STREAM if hasattr(called, "__aiter__") else COROUTINE if hasattr(called, "__await__") else FUNCTION
    return kind_of(called, owner, depth - 1)


def _resolved(node: ast.expr, function: Any, owner: Any) -> Any:
    """What a name in a function stands for, where that can be looked up without running anything."""
    if isinstance(node, ast.Name):
        first = next(iter(function.__code__.co_varnames[: function.__code__.co_argcount]), None)
        if node.id == first and owner is not None:
            return owner
        names = inspect.getclosurevars(function)
        return {**names.builtins, **names.globals, **names.nonlocals}.get(node.id, _MISSING)
    if isinstance(node, ast.Attribute):
        value = _resolved(node.value, function, owner)
        found = _MISSING if value is _MISSING else inspect.getattr_static(value, node.attr, _MISSING)
        return found.__func__ if isinstance(found, staticmethod | classmethod) else found
    return _MISSING
