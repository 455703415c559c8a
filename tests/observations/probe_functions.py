"""Public functions and classes, called with the same arguments on both sides: values, errors, what they hand over."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Iterable, Iterator
from typing import Any

from calling import run
from collaborators import HANDED
from describing import Described, Json, attributes, describe, field_names
from surface import PublicObject, Surface, is_defined_in
from unit import Observation, Unit
from values import Case, NoSampleError, argument_cases

CASES = 24
"""Calls of one function at most: the plainest, and each parameter's odd values."""


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each public function and class: what one changes, no other is to see."""
    for each in surface.objects():
        if not isinstance(each.value, type):
            yield Unit("functions", each.location, lambda each=each: _function(each))
        elif not issubclass(each.value, BaseException) and not getattr(each.value, "_is_protocol", False):
            yield Unit("functions", each.location, lambda each=each: _class(each, surface))
        elif issubclass(each.value, BaseException):
            yield Unit("functions", each.location, lambda each=each: _error(each))


def _cases(function: Any) -> list[Case]:
    try:
        return argument_cases(function)[:CASES]
    except (NoSampleError, ValueError, TypeError, NameError):
        return []


def _function(each: PublicObject) -> Iterator[Observation]:
    for case in _cases(each.value):
        yield f"{each.location}[{case.label}]", lambda case=case: run(lambda: case.call(each.value))


def _error(each: PublicObject) -> Iterator[Observation]:
    """An error class: its bases, and what it carries and shows."""
    yield f"{each.location}[bases]", lambda: _bases(each.value)
    for case in _cases(each.value):
        yield f"{each.location}[{case.label}]", lambda case=case: run(lambda: _carried(case.call(each.value)))


def _bases(kind: type[BaseException]) -> Json:
    return [base.__name__ for base in kind.__mro__ if base is not object]


def _carried(error: BaseException) -> Json:
    return {"args": list(error.args), "attributes": dict(attributes(error)), "pickled": _comes_back(error)}


def _comes_back(value: Any) -> bool:
    try:
        return type(pickle.loads(pickle.dumps(value))) is type(value)  # noqa: S301 - what was pickled the line before
    except Exception:
        return False


def _class(each: PublicObject, surface: Surface) -> Iterator[Observation]:
    kind, location = each.value, each.location
    constructions = _cases(kind)
    for case in constructions:
        yield f"{location}[{case.label}]", lambda case=case: run(lambda: _shown(case.call(kind)))
    if not constructions:
        plain = None
    else:
        plain = constructions[0]
        yield from _as_value(location, kind, plain)
    for name, method in _methods(kind, surface):
        static = isinstance(inspect.getattr_static(kind, name), staticmethod | classmethod)
        if plain is None and not static:
            continue
        bound_cases = _cases(getattr(kind, name)) if static else _cases(_Unbound(method))
        for case in bound_cases:
            if static:
                yield (
                    f"{location}.{name}[{case.label}]",
                    lambda case=case, name=name: run(lambda: case.call(getattr(kind, name))),
                )
            else:
                yield (
                    f"{location}.{name}[{case.label}]",
                    lambda case=case, name=name: _method_call(kind, plain, name, case),
                )


class _Unbound:
    """A method's signature without ``self``, for whoever asks for its parameters."""

    def __init__(self, method: Any) -> None:
        signature = inspect.signature(method)
        self.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
        self.__annotations__ = getattr(method, "__annotations__", {})
        self.__wrapped_function__ = method

    def __call__(self) -> None:
        """It only has the signature."""


def _shown(instance: Any) -> Described:
    """An instance with its fields, and with the attributes that are no fields."""
    shown = describe(instance)
    fields = field_names(instance) or ()
    others = {name: describe(value) for name, value in attributes(instance) if name not in fields}
    return Described(shown | {"attributes": others} if others and isinstance(shown, dict) else shown)


def _method_call(kind: type, plain: Case | None, name: str, case: Case) -> Json:
    """Call the method on an instance made for this call, inside the loop; what it returns, and what it changed."""
    state: dict[str, Json] = {}

    async def work() -> Any:
        instance = (plain or Case("", (), ())).call(kind)
        before = {key: describe(value) for key, value in attributes(instance)}
        HANDED.take()
        try:
            result = case.call(getattr(instance, name))
            if inspect.isawaitable(result):
                result = await result
            if inspect.isasyncgen(result):
                items = []
                async for item in result:
                    items.append(item)
                    if len(items) == 4:
                        break
                await result.aclose()
                result = {"yields": items}
            elif inspect.isgenerator(result):
                result = {"yields": [item for item, _ in zip(result, range(4), strict=False)]}
            return "itself" if result is instance else result
        finally:
            after = {key: describe(value) for key, value in attributes(instance)}
            state.update({key: value for key, value in after.items() if before.get(key) != value})

    seen = run(work)
    if state:
        seen["state"] = state
    return seen


def _as_value(location: str, kind: type, plain: Case) -> Iterator[Observation]:
    """What Python's own protocols make of an instance: equality, hash, order, truth, length, copies, pickling, text."""

    def both(use: Any) -> Any:
        return lambda: use(plain.call(kind), plain.call(kind))

    yield f"{location} == itself", lambda: run(both(lambda a, b: [a == b, a != b, a == object()]))
    yield f"{location} hash", lambda: run(both(lambda a, b: hash(a) == hash(b)))
    yield f"{location} < another", lambda: run(both(lambda a, b: a < b))
    yield (
        f"{location} bool and len",
        lambda: run(both(lambda a, _: [bool(a), len(a) if hasattr(kind, "__len__") else None])),
    )
    yield (
        f"{location} copy",
        lambda: run(
            both(lambda a, _: [describe(copy.copy(a)) == describe(a), describe(copy.deepcopy(a)) == describe(a)])
        ),
    )
    yield f"{location} pickle", lambda: run(both(lambda a, _: _comes_back(a)))
    if is_defined_in(kind.__str__, {kind.__module__.split(".")[0]}):
        yield f"{location} str", lambda: run(both(lambda a, _: str(a)))
    if hasattr(kind, "__iter__") and not hasattr(kind, "model_fields"):
        yield f"{location} iter", lambda: run(both(lambda a, _: list(iter(a))[:10]))
    if hasattr(kind, "__aenter__"):
        yield f"{location} async with", lambda: run(lambda: _entered(plain.call(kind)))
    if hasattr(kind, "__enter__"):
        yield f"{location} with", lambda: run(lambda: _entered_plainly(plain.call(kind)))


async def _entered(instance: Any) -> Any:
    async with instance as entered:
        return ["itself" if entered is instance else entered, dict(attributes(instance))]


def _entered_plainly(instance: Any) -> Any:
    with instance as entered:
        return ["itself" if entered is instance else entered, dict(attributes(instance))]


def _methods(kind: type, surface: Surface) -> Iterator[tuple[str, Any]]:
    """The public methods that the packages define for a class, not what it inherits from a library."""
    for name in sorted(dir(kind)):
        if name.startswith("_") and name != "__call__":
            continue
        part = inspect.getattr_static(kind, name)
        function = getattr(part, "__func__", part)
        if inspect.isfunction(function) and is_defined_in(function, surface.imports):
            yield name, function
