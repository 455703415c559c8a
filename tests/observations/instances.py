"""Valid instances of a class with fields: the plainest, one with all fields, and such that differ in one field."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from describing import Json, attributes, describe
from hints import parameters_of
from plain_samples import Sample, literal
from values import NoSampleError, samples

ATTEMPTS = 40
"""Constructions that are tried until one is valid: an odd constraint is met by one of the first, or by none."""
_FALLBACKS: tuple[Any, ...] = (0.5, 1, "abc", "1min", None, [], {}, 100, "2024-03-01T14:30:15Z", True)
"""What else a field may want, whatever its annotation says."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a class is made of: the required arguments, the optional ones, and another valid value for each."""

    kind: type
    required: dict[str, Sample]
    optional: dict[str, Sample]

    def arguments(self, *, full: bool) -> dict[str, Any]:
        """New arguments for one instance."""
        chosen = self.required | self.optional if full else self.required
        return {name: sample.make() for name, sample in chosen.items()}

    def make(self, *, full: bool = False, **changes: Any) -> Any:
        """A new instance, with these arguments in place of its own."""
        return construct(self.kind, self.arguments(full=full) | changes)

    def another(self, name: str) -> Callable[[], Any] | None:
        """What makes an instance that differs from the full one in the argument of this name; None if nothing does."""
        annotation = dict(arguments_of(self.kind))[name]
        before = attempt(lambda: getattr(self.make(full=True), field_of(self.kind, name)))
        for sample in candidates(annotation, name):
            after = attempt(
                lambda s=sample: getattr(self.make(full=True, **{name: s.make()}), field_of(self.kind, name))
            )
            if "returns" in after and after != before:
                return lambda s=sample: self.make(full=True, **{name: s.make()})
        return None


def shared_attributes(one: object, other: object) -> list[str]:
    """The public attributes of two instances that are one object: who changes it in one of them changes the other."""
    theirs = dict(attributes(other))
    return [name for name, part in attributes(one) if isinstance(part, list | dict | set) and part is theirs.get(name)]


def is_model(kind: Any) -> bool:
    """Whether it is a pydantic model."""
    return isinstance(kind, type) and isinstance(getattr(kind, "model_fields", None), dict)


def has_fields(kind: Any) -> bool:
    """Whether it is a class whose instances are their fields: a model, a dataclass or a named tuple."""
    is_tuple = isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")
    return is_model(kind) or (isinstance(kind, type) and dataclasses.is_dataclass(kind)) or is_tuple


def construct(kind: type, arguments: dict[str, Any]) -> Any:
    """An instance from arguments by name; the one argument of a root model is its root."""
    if is_model(kind) and not all(name.isidentifier() for name in arguments):
        return kind.model_validate(arguments)  # type: ignore[attr-defined]
    return kind(**arguments)


def arguments_of(kind: type) -> Iterator[tuple[str, Any]]:
    """The names and annotations of what a class takes."""
    for parameter, annotation in parameters_of(kind):
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            yield parameter.name, annotation


def field_of(kind: type, argument: str) -> str:
    """The field that an argument sets: an alias is not the name that it is read by."""
    for name, field in getattr(kind, "model_fields", {}).items():
        if argument == (field.alias or name):
            return str(name)
    return argument


def candidates(annotation: Any, name: str) -> list[Sample]:
    """Samples for an argument, those first that suit its name and annotation."""
    found = [sample for kind in models_in(annotation) for sample in _made(kind)]
    with contextlib.suppress(NoSampleError, ValueError, TypeError):
        found += samples(annotation, name)[:8]
    return found + [
        literal(value) if isinstance(value, int | float | str) else Sample(str(value), lambda v=value: v and type(v)())
        for value in _FALLBACKS
    ]


def _made(kind: type) -> Iterator[Sample]:
    """The plainest instance, and one that has all."""
    if recipe := recipe_of(kind):
        yield Sample(kind.__name__, recipe.make)
        yield Sample(f"{kind.__name__} with all", functools.partial(recipe.make, full=True))


def models_in(annotation: Any) -> Iterator[type]:
    """The classes with fields of which an annotation is one."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        for part in typing.get_args(annotation):
            yield from models_in(part)
    elif has_fields(annotation):
        yield annotation


@functools.cache
def recipe_of(kind: type) -> Recipe | None:
    """How instances of a class are made; None if none of the arguments that are tried makes one."""
    try:
        wanted = [
            (parameter, candidates(annotation, parameter.name))
            for parameter, annotation in parameters_of(kind)
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        ]
    except (ValueError, TypeError, NameError, RecursionError):
        return None
    choices = {parameter.name: found for parameter, found in wanted if parameter.default is inspect.Parameter.empty}
    required = _valid(kind, choices)
    if required is None:
        return None
    optional: dict[str, Sample] = {}
    for parameter, found in wanted:
        if parameter.name not in choices:
            # A member has all that it can have, where the whole is valid with it.
            for sample in sorted(found[:8], key=lambda each: not each.label.endswith(" with all")):
                if _makes(kind, required | optional | {parameter.name: sample}) is None:
                    optional[parameter.name] = sample
                    break
    return Recipe(kind, required, optional)


def _valid(kind: type, choices: dict[str, list[Sample]]) -> dict[str, Sample] | None:
    """Of each argument's samples the first with which the whole is valid."""
    at = dict.fromkeys(choices, 0)
    for attempt_number in range(ATTEMPTS):
        chosen = {name: found[at[name] % len(found)] for name, found in choices.items()}
        error = _makes(kind, chosen)
        if error is None:
            return chosen
        for name, word in _words(error):
            if name in choices and all(word != sample.label for sample in choices[name]):
                choices[name].append(Sample(word, lambda word=word: word))
        wrong = [name for name in _places(error) if name in at] or list(at)[attempt_number % max(len(at), 1) :][:1]
        for name in wrong:
            at[name] += 1
    return None


def _makes(kind: type, chosen: dict[str, Sample]) -> Exception | None:
    try:
        construct(kind, {name: sample.make() for name, sample in chosen.items()})
    except Exception as error:
        return error
    return None


def _places(error: Exception) -> Iterable[str]:
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return ()
    return dict.fromkeys(str(each["loc"][0]) for each in errors() if each["loc"])


def _words(error: Exception) -> Iterator[tuple[str, str]]:
    """The words of what is said of each wrong argument after a colon: they are often those that it may be."""
    errors = getattr(error, "errors", None)
    for each in errors() if callable(errors) else ():
        for word in re.findall(r"\w+", str(each.get("msg", "")).rpartition(":")[2])[:6]:
            if each["loc"] and ":" in each["msg"]:
                yield str(each["loc"][0]), word


def attempt(work: Callable[[], Any]) -> Json:
    """What a plain call returns or raises: the kinds of what is wrong, and no wording."""
    try:
        return {"returns": describe(work())}
    except Exception as error:
        return raised(error)


def raised(error: Exception) -> dict[str, Json]:
    """An error: its class and its bases, and pydantic's kinds of what is wrong."""
    names = [base.__name__ for base in type(error).__mro__ if base not in (object, BaseException)]
    errors = getattr(error, "errors", None)
    if type(error).__name__ == "ValidationError" and callable(errors):
        return {"raises": names[:1], "errors": sorted({str(each["type"]) for each in errors()})}
    return {"raises": names}
