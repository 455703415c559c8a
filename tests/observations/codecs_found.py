"""The encoders and decoders of a package: functions and methods whose name or signature says that they are some."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hints import hints_of, parameters_of
from instances import has_fields, recipe_of
from surface import PublicObject, Surface, is_defined_in
from values import argument_cases

_ENCODERS = re.compile(
    r"^(en(code|vode)|seriali[sz]e|dumps?|pack|marshal|to|as)(_\w+)?$|_(to_(json|dict|bytes|rows?|tuple|record)|encode|dumps)$"
)
_DECODERS = re.compile(
    r"^(decode|deseriali[sz]e|loads|unpack|unmarshal|parse|from|coerce)(_\w+)?$|_(from_(json|dict|bytes|row|record)|decode)$"
)
_NOT_VALUES = re.compile(r"thread|async|file|path|yaml|env|ndjson")
_VALUES = re.compile(r"payload|event|data|envelope|message|value|^obj|item|body|model|record|row|bar|tick|quote|raw")
_PAYLOADS = (bytes, bytearray, memoryview, dict)


@dataclass(frozen=True)
class Codec:
    """A function that turns values into payloads or payloads into values.

    ``get`` gives what is called, of this instance or of a plain one; ``owner`` is the class that it belongs to.
    """

    place: str
    name: str
    owner: type | None
    get: Callable[[Any], Any]
    is_encoder: bool
    required: tuple[tuple[inspect.Parameter, Any], ...]
    returns: Any

    @property
    def value_parameter(self) -> inspect.Parameter | None:
        """The parameter that takes what is encoded or decoded; None where the instance itself is encoded."""
        likely = [
            each for each, annotation in self.required if _VALUES.search(each.name) and not _asks_for_class(annotation)
        ]
        return next(
            iter([*likely, *(each for each, annotation in self.required if not _asks_for_class(annotation))]), None
        )

    @property
    def value_annotation(self) -> Any:
        """The annotation of that parameter."""
        return next((annotation for each, annotation in self.required if each is self.value_parameter), Any)

    @property
    def is_generic(self) -> bool:
        """Whether it takes models of any kind, or a payload as a dictionary."""
        annotation = self.value_annotation
        name = getattr(typing.get_origin(annotation) or annotation, "__name__", str(annotation))
        anything = (Any, object, inspect.Parameter.empty)
        return (
            annotation in anything
            or isinstance(annotation, typing.TypeVar | str)
            or name in ("BaseModel", "dict", "Mapping")
        )


def _asks_for_class(annotation: Any) -> bool:
    return annotation is type or typing.get_origin(annotation) is type


def codecs_of(surface: Surface) -> dict[str, list[Codec]]:
    """The codecs of a package, by the class or module that they belong to."""
    groups: dict[str, list[Codec]] = {}
    for each in surface.objects():
        if isinstance(each.value, type):
            if found := list(_of_class(each, surface)):
                groups[each.location] = found
        elif codec := _codec(each.location, None, each.value, lambda _, each=each: each.value):
            groups.setdefault(each.location.rpartition(".")[0], []).append(codec)
    return groups


def _of_class(each: PublicObject, surface: Surface) -> Iterator[Codec]:
    kind = each.value
    if issubclass(kind, BaseException) or getattr(kind, "_is_protocol", False) or inspect.isabstract(kind):
        return
    for name in sorted(dir(kind)):
        part = inspect.getattr_static(kind, name)
        function = getattr(part, "__func__", part)
        if name.startswith("_") or not inspect.isfunction(function) or not is_defined_in(function, surface.imports):
            continue
        static = isinstance(part, staticmethod | classmethod)

        def get(instance: Any, name: str = name, static: bool = static) -> Any:
            return getattr(kind if static else _plain(kind) if instance is None else instance, name)

        if codec := _codec(f"{each.location}.{name}", kind, function, get):
            yield codec


def _plain(kind: type) -> Any:
    recipe = recipe_of(kind) if has_fields(kind) else None
    return recipe.make(full=True) if recipe else argument_cases(kind)[0].call(kind)


def _codec(place: str, owner: type | None, function: Any, get: Callable[[Any], Any]) -> Codec | None:
    name = str(getattr(function, "__name__", "")).lower()
    try:
        required = tuple(
            each
            for each in parameters_of(function)
            if each[0].default is each[0].empty and each[0].kind not in _VARIOUS
        )
    except (ValueError, TypeError):
        return None
    returns = hints_of(function).get("return")
    if _NOT_VALUES.search(name):
        return None
    takes_model = any(has_fields(annotation) for _, annotation in required)
    if _ENCODERS.search(name) or (len(required) == 1 and takes_model and _is_payload(returns)):
        return Codec(place, name, owner, get, is_encoder=True, required=required, returns=returns)
    one_payload = len(required) == 1 and _is_payload(required[0][1])
    if _DECODERS.search(name) or (one_payload and has_fields(returns)):
        return Codec(place, name, owner, get, is_encoder=False, required=required, returns=returns)
    return None


_VARIOUS = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def _is_payload(annotation: Any) -> bool:
    return (typing.get_origin(annotation) or annotation) in _PAYLOADS
