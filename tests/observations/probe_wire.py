"""Encoders and decoders: the bytes of a fixed set of values, and what is made of right and damaged payloads."""

from __future__ import annotations

import functools
import inspect
import json
import re
import typing
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from calling import run
from damaged import damaged
from instances import has_fields, recipe_of
from surface import PublicObject, Surface, is_defined_in
from unit import Observation, Unit
from values import NoSampleError, Sample, argument_cases, parameters_of, samples

_ENCODERS = re.compile(
    r"^(en(code|vode)|seriali[sz]e|dumps?|pack|marshal|to|as)(_\w+)?$|_(to_(json|dict|bytes|row|tuple|record)|encode|dumps|serialize)$"
)
_DECODERS = re.compile(
    r"^(decode|deseriali[sz]e|loads?|unpack|unmarshal|parse|from|coerce)(_\w+)?$|_(from_(json|dict|bytes|row|record)|decode|loads)$"
)
_NOT_VALUES = re.compile(r"thread|async|file|path|yaml|env")
_PLAIN_VALUES: dict[str, Any] = {
    "units": {"price": 187.25, "size": 100, "ratio": 0.1, "large": 2**53, "tiny": 1e-9},
    "accents": {"symbol": "BRK.B", "headline": "Ünï €"},
    "nothing": {"a": None, "b": [], "c": {}, "d": ""},
    "nested": {"b": {"z": [1, 2.5, True, None]}, "a": "x"},
    "empty": {},
}


@dataclass(frozen=True)
class Codec:
    """A function that turns values into payloads or payloads into values; ``owner`` is what is called to call it."""

    place: str
    name: str
    function: Any
    get: Callable[[], Any]
    is_encoder: bool


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each class or module that has encoders or decoders."""
    groups: dict[str, list[Codec]] = {}
    for each in surface.objects():
        if isinstance(each.value, type):
            found = list(_of_class(each, surface))
            if found:
                groups[each.location] = found
        elif codec := _codec(each.location, each.value.__name__, each.value, lambda each=each: each.value):
            groups.setdefault(each.location.rpartition(".")[0], []).append(codec)
    models = [each for each in surface.objects() if has_fields(each.value)] if groups else []
    for group, codecs in groups.items():
        yield Unit("wire", group, functools.partial(_observe, codecs, models))


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
        get = functools.partial(_bound, kind, name, static=static)
        if codec := _codec(f"{each.location}.{name}", name, function, get):
            yield codec


def _bound(kind: type, name: str, *, static: bool) -> Any:
    if static:
        return getattr(kind, name)
    recipe = recipe_of(kind) if has_fields(kind) else None
    return getattr(recipe.make(full=True) if recipe else argument_cases(kind)[0].call(kind), name)


def _codec(place: str, name: str, function: Any, get: Callable[[], Any]) -> Codec | None:
    plain = name.lstrip("_").lower()
    if _NOT_VALUES.search(plain):
        return None
    if _ENCODERS.search(plain):
        return Codec(place, plain, function, get, is_encoder=True)
    return Codec(place, plain, function, get, is_encoder=False) if _DECODERS.search(plain) else None


def _observe(codecs: list[Codec], models: list[PublicObject]) -> Iterator[Observation]:
    warnings.simplefilter("ignore")
    payloads: dict[str, Any] = {}
    for codec in codecs:
        if codec.is_encoder:
            for label, call in _encodings(codec, models):
                yield f"{codec.place}[{label}]", lambda call=call: run(call)
            if (first := _first_payload(codec, models)) is not None:
                payloads[codec.name] = first
    for codec in codecs:
        if not codec.is_encoder:
            payload = _payload_for(codec, payloads)
            if payload is not None:
                for label, value in damaged(payload).items():
                    yield f"{codec.place}[{label}]", lambda codec=codec, value=value: run(lambda: _given(codec, value))


def _value_parameter(codec: Codec) -> tuple[inspect.Parameter, Any] | None:
    """The parameter that takes what is encoded or decoded; None where the instance itself is encoded."""
    wanted = [each for each in _parameters(codec) if each[0].default is inspect.Parameter.empty]
    return wanted[0] if wanted else None


def _parameters(codec: Codec) -> list[tuple[inspect.Parameter, Any]]:
    try:
        return [
            each
            for each in parameters_of(codec.function)
            if each[0].kind not in (each[0].VAR_KEYWORD, each[0].VAR_POSITIONAL)
        ]
    except (ValueError, TypeError):
        return []


def _given(codec: Codec, value: Any) -> Any:
    """Call it with the value, and with plain arguments beside it."""
    first, *others = [each for each in _parameters(codec) if each[0].default is inspect.Parameter.empty]
    more = {parameter.name: samples(annotation, parameter.name)[0].make() for parameter, annotation in others}
    if first[0].kind is inspect.Parameter.KEYWORD_ONLY:
        return codec.get()(**{first[0].name: value}, **more)
    return codec.get()(value, **more)


def _call_itself(codec: Codec) -> Any:
    return codec.get()()


def _encodings(codec: Codec, models: list[PublicObject]) -> Iterator[tuple[str, Callable[[], Any]]]:
    parameter = _value_parameter(codec)
    if parameter is None:
        yield "itself", functools.partial(_call_itself, codec)
        return
    annotation = parameter[1]
    for kind in _kinds_in(annotation):
        if recipe := recipe_of(kind):
            yield f"{kind.__name__}", lambda recipe=recipe: _given(codec, recipe.make())
            yield f"full {kind.__name__}", lambda recipe=recipe: _given(codec, recipe.make(full=True))
            for name in recipe.optional:
                if make := recipe.another(name):
                    yield f"{kind.__name__} with another {name}", lambda make=make: _given(codec, make())
    if not _is_generic(annotation):
        for sample in _samples(annotation, parameter[0].name):
            yield sample.label, lambda sample=sample: _given(codec, sample.make())
        return
    for label, value in _PLAIN_VALUES.items():
        yield label, lambda value=value: _given(codec, json.loads(json.dumps(value)))
    for each in models:
        if recipe := recipe_of(each.value):
            yield f"any {each.value.__name__}", lambda recipe=recipe: _given(codec, recipe.make(full=True))


def _samples(annotation: Any, name: str) -> list[Sample]:
    try:
        return samples(annotation, name)[:6]
    except (NoSampleError, ValueError, TypeError):
        return []


def _kinds_in(annotation: Any) -> Iterator[type]:
    if has_fields(annotation):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _kinds_in(part)


def _is_generic(annotation: Any) -> bool:
    """Whether it takes models of any kind, or a payload as a dictionary."""
    origin = typing.get_origin(annotation) or annotation
    name = getattr(origin, "__name__", str(origin))
    return (
        annotation in (Any, object, inspect.Parameter.empty)
        or isinstance(annotation, typing.TypeVar | str)
        or name in ("BaseModel", "dict", "Mapping")
    )


def _first_payload(codec: Codec, models: list[PublicObject]) -> Any:
    """What the encoder makes of the first value that it takes."""
    for _, call in _encodings(codec, models):
        kept: list[Any] = []
        run(lambda call=call, kept=kept: _kept(call, kept))
        if kept and isinstance(kept[0], bytes | str | dict | list | tuple):
            return kept[0]
    return None


async def _kept(call: Callable[[], Any], kept: list[Any]) -> None:
    result = call()
    kept.append(await result if inspect.isawaitable(result) else result)


_OTHER_WAY = {
    "decode": "encode",
    "deserialize": "serialize",
    "deserialise": "serialise",
    "load": "dump",
    "loads": "dumps",
    "unpack": "pack",
    "from": "to",
}


def _payload_for(codec: Codec, payloads: dict[str, Any]) -> Any:
    """The payload that a decoder is given: from its encoder, from another one, or by its annotation."""
    verb, _, rest = codec.name.partition("_")
    if (other := "_".join(filter(None, (_OTHER_WAY.get(verb, verb), rest)))) in payloads:
        return payloads[other]
    if payloads and verb in _OTHER_WAY and not rest:
        return next(iter(payloads.values()))
    parameter = _value_parameter(codec)
    if parameter is None:
        return None
    returned = typing.get_type_hints(codec.function).get("return") if _hints_are_known(codec) else None
    for kind in [*_kinds_in(returned), *_kinds_in(parameter[1])]:
        if (recipe := recipe_of(kind)) and (fields := _as_json(recipe.make(full=True))) is not None:
            return json.dumps(fields) if parameter[1] in (str, bytes) else fields
    found = _samples(parameter[1], parameter[0].name)
    return found[0].make() if found else None


def _hints_are_known(codec: Codec) -> bool:
    try:
        return bool(typing.get_type_hints(codec.function))
    except Exception:
        return False


def _as_json(instance: Any) -> Any:
    try:
        if hasattr(instance, "model_dump"):
            return instance.model_dump(mode="json")
        return {
            name: value for name, value in vars(instance).items() if isinstance(value, str | int | float | bool | None)
        }
    except Exception:
        return None
