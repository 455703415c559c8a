"""Encoders and decoders: the bytes of a fixed set of values, and what is made of right and damaged payloads."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import inspect
import json
import re
import typing
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from calling import run
from codecs_found import Codec, codecs_of
from damaged import damaged
from describing import Json
from hints import parameters_of
from instances import has_fields, is_model, recipe_of
from plain_samples import Sample
from plausible import MOMENT
from surface import PublicObject, Surface
from unit import Observation, Unit
from values import NoSampleError, argument_cases, samples

_PLAIN_VALUES: dict[str, Any] = {
    "units": {"price": 187.25, "size": 100, "ratio": 0.1, "large": 2**53, "tiny": 1e-9},
    "accents": {"symbol": "BRK.B", "headline": "Ünï €"},
    "nothing": {"a": None, "b": [], "c": {}, "d": ""},
    "nested": {"b": {"z": [1, 2.5, True, None]}, "a": "x"},
    "empty": {},
}
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
TRIED = 24
"""Payloads of which one is taken that can be decoded."""
Made = tuple[str, type | None, Callable[[], Any]]
"""An encoding: what is encoded, its class, and the call."""


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each class or module that has encoders or decoders."""
    groups = codecs_of(surface)
    models = [each for each in surface.objects() if has_fields(each.value)] if groups else []
    for group, codecs in groups.items():
        yield Unit("wire", group, functools.partial(_observe, codecs, models))


def _observe(codecs: list[Codec], models: list[PublicObject]) -> Iterator[Observation]:
    warnings.simplefilter("ignore")
    payloads: dict[str, list[tuple[type | None, Any]]] = {}
    for codec in codecs:
        if codec.is_encoder:
            for label, kind, call in _encodings(codec, models):
                kept: list[Any] = []
                yield f"{codec.place}[{label}]", functools.partial(_encoded, label, call, kept)
                found = payloads.setdefault(codec.name, [])
                if kept and isinstance(kept[0], bytes | str | dict):
                    found.append((kind, kept[0]))
    for codec in codecs:
        if not codec.is_encoder and (base := _decodable(codec, _payloads_for(codec, payloads))):
            kind, payload = base
            for label, value in damaged(payload).items():
                yield (
                    f"{codec.place}[{label}]",
                    lambda codec=codec, v=value, kind=kind: run(lambda: _given(codec, v, kind)),
                )


def _encoded(label: str, call: Callable[[], Any], kept: list[Any]) -> Json:
    """What becomes of the call. A digest of a model is another with each field that the model gains: it is not told."""
    seen = run(lambda: _kept(call, kept))
    return json.loads(_DIGEST.sub("<digest>", json.dumps(seen))) if label.startswith("any ") else seen


async def _kept(call: Callable[[], Any], kept: list[Any]) -> Any:
    result = call()
    result = await result if inspect.isawaitable(result) else result
    kept.append(result)
    return result


def _given(codec: Codec, value: Any, kind: type | None) -> Any:
    """Call it with the value, with the value's class where one is asked for, and with plain arguments beside it."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter, annotation in codec.required:
        if parameter is codec.value_parameter:
            made = value
        elif typing.get_origin(annotation) is type or annotation is type:
            made = kind or dict
        else:
            made = samples(annotation, parameter.name)[0].make()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            named[parameter.name] = made
        else:
            positional.append(made)
    return codec.get(None)(*positional, **named)


def _encodings(codec: Codec, models: list[PublicObject]) -> Iterator[Made]:
    """What an encoder is given: the instance that it belongs to, models of its own kind, or values of all kinds."""
    if codec.value_parameter is None:
        for label, make in _variants(codec.owner):
            yield label, codec.owner, functools.partial(_call_of, codec, make)
        return
    kinds = list(_kinds_in(codec.value_annotation))
    for kind in kinds:
        for label, make in _variants(kind):
            yield f"{kind.__name__} {label}", kind, lambda make=make, kind=kind: _given(codec, make(), kind)
    if codec.is_generic:
        yield from _of_all_kinds(codec, models)
    elif not kinds:
        for sample in _samples(codec):
            yield sample.label, None, lambda sample=sample: _given(codec, sample.make(), None)


def _of_all_kinds(codec: Codec, models: list[PublicObject]) -> Iterator[Made]:
    for label, value in _PLAIN_VALUES.items():
        yield label, dict, lambda value=value: _given(codec, json.loads(json.dumps(value)), dict)
    with contextlib.suppress(ImportError):
        yield "a model", (made := _model()), lambda: _given(codec, made(), made)
    for each in models:
        if is_model(each.value) and (recipe := recipe_of(each.value)):
            make = functools.partial(recipe.make, full=True)
            yield f"any {each.location}", each.value, lambda m=make, each=each: _given(codec, m(), each.value)


def _model() -> Any:
    """A model of the probes' own: no change of a package adds a field to it."""
    from pydantic import create_model  # only a package with pydantic is asked for its models

    fields: dict[str, Any] = {name: (type(value), value) for name, value in _PLAIN_VALUES["units"].items()}
    return create_model(
        "Observed", at=(dt.datetime, MOMENT), headline=(str, "Ünï €"), nothing=(str | None, None), **fields
    )


def _call_of(codec: Codec, make: Callable[[], Any]) -> Any:
    return codec.get(make())()


def _variants(kind: type | None) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Instances of a class: the plainest, the full one, and each that differs from it in one field."""
    if kind is not None and not has_fields(kind):
        yield from _constructions(kind)
    if kind is None or not has_fields(kind) or (recipe := recipe_of(kind)) is None:
        return
    yield "plain", recipe.make
    yield "full", functools.partial(recipe.make, full=True)
    for name in recipe.required | recipe.optional:
        if make := recipe.another(name):
            yield f"with another {name}", make


def _constructions(kind: type) -> Iterator[tuple[str, Callable[[], Any]]]:
    with contextlib.suppress(NoSampleError, ValueError, TypeError, NameError):
        for case in argument_cases(kind)[:TRIED]:
            yield case.label or "plain", functools.partial(case.call, kind)
        found = {parameter.name: samples(annotation, parameter.name) for parameter, annotation in parameters_of(kind)}
        others = {name: several[min(1, len(several) - 1)] for name, several in found.items()}
        yield "another of each", lambda: kind(**{name: sample.make() for name, sample in others.items()})


def _samples(codec: Codec) -> list[Sample]:
    try:
        name = codec.value_parameter.name if codec.value_parameter else ""
        return samples(codec.value_annotation, name)[:6]
    except (NoSampleError, ValueError, TypeError):
        return []


def _kinds_in(annotation: Any) -> Iterator[type]:
    if has_fields(annotation):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _kinds_in(part)


_OTHER_WAY = {
    "decode": "encode",
    "deserialize": "serialize",
    "deserialise": "serialise",
    "load": "dump",
    "loads": "dumps",
    "unpack": "pack",
    "unmarshal": "marshal",
    "from": "to",
}


def _payloads_for(codec: Codec, payloads: dict[str, list[tuple[type | None, Any]]]) -> list[tuple[type | None, Any]]:
    """What a decoder may be given: from the encoder of its name, from another one beside it, or by its annotations."""
    verb, _, rest = codec.name.partition("_")
    found = payloads.get("_".join(filter(None, (_OTHER_WAY.get(verb, verb), rest))), [])
    if not found and verb in _OTHER_WAY:
        found = [each for several in payloads.values() for each in several]
    found = list(found)
    owners = [codec.owner] if has_fields(codec.owner) else []
    for kind in [*_kinds_in(codec.returns), *_kinds_in(codec.value_annotation), *owners]:
        for _, make in _variants(kind):
            if (fields := _as_json(make)) is not None:
                found.append((kind, json.dumps(fields).encode() if codec.value_annotation is bytes else fields))
                if codec.value_annotation is str:
                    found[-1] = (kind, json.dumps(fields))
    return found + [(None, sample.make()) for sample in _samples(codec)[:1]]


def _decodable(codec: Codec, found: list[tuple[type | None, Any]]) -> tuple[type | None, Any] | None:
    """The first payload that can be decoded, or else the first."""
    for kind, payload in [*found[:TRIED], *found[-2:]]:
        if "returns" in run(lambda payload=payload, kind=kind: _given(codec, payload, kind)):
            return kind, payload
    return found[0] if found else None


def _as_json(make: Callable[[], Any]) -> Any:
    try:
        instance = make()
        if hasattr(instance, "model_dump"):
            return instance.model_dump(mode="json")
        return {key: part for key, part in vars(instance).items() if isinstance(part, str | int | float | bool | None)}
    except Exception:
        return None
