"""How an instance of a class is got: from its constructor, or from what else makes instances of it."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from call_cases import Case, few
from calling import run
from climbing import beside, furthest, returns
from collaborators import double_of
from hints import hints_of, parameters_of
from plain_samples import Sample
from surface import is_defined_in, public_names
from values import NoSampleError, argument_cases, first_sample, samples

CASES = 24
"""Calls of one function."""
_TRIED = 6
"""Ways to an instance that are tried."""


@dataclass(frozen=True)
class Maker:
    """What makes a new instance each time."""

    make: Callable[[], Any]


def cases_of(function: Any, most: int = CASES) -> list[Case]:
    """The calls of a function: the plainest, and each parameter's odd values; none where no argument can be made."""
    return few(_every_case(function), most)


@functools.cache
def constructions(kind: type) -> tuple[Case, ...]:
    """The calls of a constructor: the plainest that makes an instance, others that do, and others beside the first.

    Where none makes one, the plainest comes first all the same.
    """

    def call(case: Case) -> Any:
        return case.call(kind)

    cases = cases_of(kind)
    best = furthest(call, cases)
    if best is None:
        return tuple(cases)
    return (best, *(case for case in cases if case is not best and returns(call, case)), *beside(best, cases))


@functools.cache
def _every_case(function: Any) -> tuple[Case, ...]:
    try:
        return tuple(argument_cases(function))
    except (NoSampleError, ValueError, TypeError, NameError):
        return ()


@functools.cache
def concrete(kind: type) -> type:
    """The class, or a subclass that has what an abstract class leaves open as doubles that record."""
    if not inspect.isabstract(kind):
        return kind
    double = type(double_of(kind, functools.partial(first_sample, depth=1)))
    open_ones = {name: part for name, part in vars(double).items() if name in getattr(kind, "__abstractmethods__", ())}
    return type(f"{kind.__name__}Made", (kind,), {"__module__": kind.__module__, **open_ones})


def maker_of(kind: type) -> Maker | None:
    """What makes instances of the class with the plainest arguments that it takes; None where nothing does."""
    for number, make in enumerate(_ways(kind)):
        if number == _TRIED:
            break
        made: list[Any] = []
        run(functools.partial(_attempt, make, kind, made))
        if made:
            return Maker(make)
    return None


def _attempt(make: Callable[[], Any], kind: type, made: list[Any]) -> None:
    instance = make()
    if isinstance(instance, kind):
        made.append(True)


def with_collaborators(kind: type) -> Maker | None:
    """What makes instances that are given all those whom they may work with, as doubles; None where there are none."""
    real = concrete(kind)
    cases = cases_of(real)
    found: dict[str, Sample] = {}
    for parameter, annotation in parameters_of(real) if cases else ():
        if parameter.default is None and _is_collaborator(annotation):
            with contextlib.suppress(NoSampleError):
                found[parameter.name] = samples(annotation, parameter.name)[0]
    if not found:
        return None

    def make() -> Any:
        positional, named = cases[0].arguments()
        return real(*positional, **{**named, **{name: sample.make() for name, sample in found.items()}})

    made: list[Any] = []
    run(functools.partial(_attempt, make, kind, made))
    return Maker(make) if made else None


def _is_collaborator(annotation: Any) -> bool:
    """Whether it is something to work with, and no value."""
    if annotation in (Any, object, inspect.Parameter.empty) or "Callable" in str(annotation):
        return True
    kinds = [part for part in typing.get_args(annotation) or (annotation,) if part is not type(None)]
    return any(
        isinstance(part, type)
        and (getattr(part, "_is_protocol", False) or inspect.isabstract(part) or part.__module__ not in _OF_VALUES)
        and not (hasattr(part, "model_fields") or dataclasses.is_dataclass(part) or issubclass(part, enum.Enum))
        for part in kinds
    )


_OF_VALUES = ("builtins", "datetime", "decimal", "pathlib", "uuid", "typing")


def _ways(kind: type) -> Iterator[Callable[[], Any]]:
    real = concrete(kind)
    constructions = cases_of(real)
    if constructions:
        yield functools.partial(constructions[0].call, real)
    for factory in _factories(kind):
        for case in cases_of(factory)[:2]:
            yield functools.partial(case.call, factory)
    for case in constructions[1:]:
        yield functools.partial(case.call, real)
    # Last, as it is one and the same each time: what one call leaves in it, the next one sees.
    for _, value in public_names(sys.modules[kind.__module__]):
        if type(value) is kind:
            yield functools.partial(_itself, value)


def _itself(value: Any) -> Any:
    return value


def _factories(kind: type) -> Iterator[Callable[..., Any]]:
    """Class methods and functions beside the class that say that they return it."""
    for name in sorted(vars(kind)):
        if not name.startswith("_") and isinstance(vars(kind)[name], classmethod | staticmethod):
            factory = getattr(kind, name)
            if hints_of(factory).get("return") in (kind, "Self", kind.__name__):
                yield factory
    module = sys.modules.get(kind.__module__)
    for _, value in public_names(module) if module else ():
        if inspect.isfunction(value) and hints_of(value).get("return") is kind:
            yield value


def methods_of(kind: type, imports: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The public methods that the packages define for a class, not what it inherits from a library."""
    for name in sorted(dir(kind)):
        if name.startswith("_") and name != "__call__":
            continue
        part = inspect.getattr_static(kind, name)
        function = getattr(part, "__func__", part)
        if inspect.isfunction(function) and is_defined_in(function, imports):
            yield name, function


def is_static(kind: type, name: str) -> bool:
    """Whether a method is called on the class."""
    return isinstance(inspect.getattr_static(kind, name), staticmethod | classmethod)


class Unbound:
    """A method's signature without ``self``, for whoever asks for its parameters."""

    def __init__(self, method: Any) -> None:
        signature = inspect.signature(method)
        self.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
        self.__annotations__ = getattr(method, "__annotations__", {})
        self.original = method

    def __call__(self) -> None:
        """It only has the signature."""


def method_cases(kind: type, name: str, method: Any, most: int = CASES) -> list[Case]:
    """The calls of a method."""
    return cases_of(getattr(kind, name) if is_static(kind, name) else _unbound(method), most)


@functools.cache
def _unbound(method: Any) -> Unbound:
    return Unbound(method)
