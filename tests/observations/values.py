"""Sample arguments for a parameter, by its annotation: fixed, few, and odd where mistakes are made."""

from __future__ import annotations

import asyncio
import collections.abc
import contextlib
import copy
import dataclasses
import datetime as dt
import enum
import inspect
import itertools
import pathlib
import re
import types
import typing
from collections.abc import Sequence
from functools import partial
from typing import Any

import errors_of_clients
import middleware
from bounds import within
from call_cases import WHOLE, Case, few
from collaborators import HANDED, Answer, double_of
from compared_words import WORDS
from configurations import configurations
from dumped import dumped
from edge_doubles import double_at_edge
from filled import filled
from given_files import CONTENTS, new_folder
from hints import choices_near, parameters_of, reads_schemas
from json_schemas import changed_schemas
from known_values import BY_TYPE, FOREIGN, PAUSES, TEXTS, is_moment, of_type
from middleware import ANSWERS
from moving_on import at, later, time_of
from plain_samples import CALLABLE, SOME_SECONDS_AGO, Sample, by_name, files, literal, unknown
from plausible import Row, another_row, payload, rich_payload

DEPTH = 4
"""How deep an argument is built from other objects."""
_SCHEMA = "schema"
"""What the label of a JSON Schema begins with."""
SCHEMAS = changed_schemas()
_VALIDATES = re.compile(r"\.(?:validate|check|parse|normalize|coerce)_(\w+)$")
_PLACES = (2, 4, 5, 7, 9, 10, 11)
"""Places of a series (see moving_on) that come after the first two."""
_EACH = "{each}"
"""What a mapping is called with a value of each kind that it may have."""


class NoSampleError(Exception):
    """Nothing can be made for the parameter."""


def samples(annotation: Any, name: str = "", depth: int = 0) -> list[Sample]:  # noqa: C901 - a case for each form
    """The samples of a parameter of this name and annotation, the plainest first. Raises NoSampleError."""
    if depth > DEPTH:
        raise NoSampleError(name)
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if name == "call_next":
        answers = [Sample(f"answers {status}", partial(middleware.next_in_line, status)) for status in ANSWERS]
        return [*answers, Sample("raises", partial(middleware.next_in_line, 0))]
    if annotation in (Any, inspect.Parameter.empty, object) or isinstance(annotation, str | typing.ForwardRef):
        return by_name(name) or unknown(name)
    if origin is typing.Annotated:
        return within(samples(args[0], name, depth), args[1:])
    if origin in (typing.Union, types.UnionType):
        found = [sample for arg in args if arg is not type(None) for sample in _try(arg, name, depth)]
        if not found and type(None) not in args:
            raise NoSampleError(name)
        return (found if _of_files(found) else found[:6]) + ([literal(None)] if type(None) in args else [])
    if origin is typing.Literal:
        return [literal(arg) for arg in args][:6]
    if origin in (typing.ClassVar, typing.Final):
        return samples(args[0], name, depth)
    if isinstance(annotation, typing.TypeVar):
        bound = annotation.__bound__ or (annotation.__constraints__ or (str,))[0]
        return samples(bound, name, depth)
    if isinstance(annotation, typing.NewType):
        return samples(annotation.__supertype__, name, depth)
    if annotation in (str, typing.LiteralString):
        named = [*by_name(name), *configurations(str, name)]
        is_ascii = all(sample.label.isascii() for sample in named)
        return [*named, *[literal(FOREIGN)] * is_ascii] if named else [literal(text) for text in TEXTS]
    if annotation in BY_TYPE:
        ago = [SOME_SECONDS_AGO] * (annotation is float and is_moment(name))
        return ago + [literal(value) for value in of_type(annotation, name)]
    if origin is type or annotation is type:
        return [literal(args[0] if args and isinstance(args[0], type) else int)]
    if origin is collections.abc.Callable or annotation in (
        collections.abc.Callable,
        typing.Callable,
        types.FunctionType,
    ):
        return [Sample(CALLABLE, lambda: _callable(args, name, depth))]
    if (kind := origin or annotation) in _COLLECTIONS:
        found = _collections(_COLLECTIONS[kind], args, name, depth)
        if kind is collections.abc.Iterable:
            found.insert(2, Sample("an iterator", lambda: iter(found[0].make())))
        return found
    if kind in (collections.abc.AsyncIterator, collections.abc.AsyncIterable, collections.abc.AsyncGenerator):
        return [Sample("stream", lambda: _stream(args[:1] or (Any,), name, depth))]
    if kind in (collections.abc.Awaitable, collections.abc.Coroutine):
        return [Sample("awaitable", Answer)]
    if isinstance(annotation, type) and issubclass(annotation, pathlib.PurePath):
        return [
            *files(annotation),
            *configurations(annotation, name),
            Sample("new path", lambda: annotation(new_folder()) / "file.json"),
            Sample("folder", lambda: annotation(new_folder())),
        ]
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return [literal(member) for member in annotation][:6]
    if annotation in (Exception, BaseException):
        return [Sample(label, make) for label, make in errors_of_clients.errors()]
    if isinstance(annotation, type) and issubclass(annotation, BaseException):
        return [Sample(annotation.__name__, lambda: annotation("abc"))]
    if typing.is_typeddict(annotation):
        return _typed_dicts(annotation, depth)
    if isinstance(kind, type):
        return _objects(kind, depth)
    raise NoSampleError(name)


_COLLECTIONS: dict[Any, type] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    dict: dict,
    collections.abc.Sequence: list,
    collections.abc.Iterable: list,
    collections.abc.Iterator: iter,  # type: ignore[dict-item]
    collections.abc.Collection: list,
    collections.abc.MutableSequence: list,
    collections.abc.Set: set,
    collections.abc.Mapping: dict,
    collections.abc.MutableMapping: dict,
    collections.defaultdict: dict,
}


def _try(annotation: Any, name: str, depth: int) -> list[Sample]:
    try:
        found = samples(annotation, name, depth)
    except NoSampleError:
        return []
    return found if _of_files(found) else found[:3]


def _of_files(found: list[Sample]) -> bool:
    """Whether there are files among them: each is of another form, and whoever reads files reads some of them only."""
    return any(sample.label in CONTENTS for sample in found)


def _collections(kind: type, args: tuple[Any, ...], name: str, depth: int) -> list[Sample]:
    singular = name.removesuffix("s")
    another = Sample("another", another_row)
    if kind is dict:
        keys, values = (args or (str, Any))[0], (args or (str, Any))[-1]
        if keys in (str, Any) and values in (Any, object):
            return [
                Sample("a row", Row),
                another,
                Sample("{a: 1}", lambda: {"a": 1}),
                Sample("{}", dict),
            ]
        key, value = samples(keys, "key", depth + 1)[0], samples(values, "", depth + 1)[0]
        one = Sample("{one}", lambda: {key.make(): value.make()})
        return [one, *_of_each_kind(values, depth), Sample("{}", dict)]
    if kind is tuple and args and args[-1] is not Ellipsis:
        parts = [samples(arg, singular, depth + 1)[0] for arg in args]
        return [Sample("(parts)", lambda: tuple(part.make() for part in parts))]
    items = samples(args[0] if args else Any, singular, depth + 1)
    # Of what nothing is said there are two alike: they may be rows, and a text beside one is none.
    of_anything = [items[0], another] if items[0].label == "thing" else items[:2]
    few = of_anything if len(items) > 1 else items * 2
    return [
        Sample("[two]", lambda: kind([item.make() for item in few])),
        Sample("[]", lambda: kind([])),
        Sample("[one]", lambda: kind([items[0].make()])),
        *([Sample("[the other way round]", lambda: kind([item.make() for item in reversed(few)]))] * (kind is list)),
        *([Sample("[all]", lambda: kind([item.make() for item in items]))] if len(items) > 2 else []),
    ]


def _typed_dicts(kind: Any, depth: int) -> list[Sample]:
    """A mapping with all keys, and one for each other word that a key may stand for."""
    of_keys = {key: samples(hint, key, depth + 1) for key, hint in typing.get_type_hints(kind).items()}

    def make(key: str = "", sample: Sample | None = None) -> dict[str, Any]:
        return {name: (sample if sample and name == key else found[0]).make() for name, found in of_keys.items()}

    words = [
        (key, sample) for key, found in of_keys.items() for sample in found[1:] if sample.value in WORDS.with_name(key)
    ]
    others = [Sample(f"{kind.__name__} {key}={sample.label}", partial(make, key, sample)) for key, sample in words]
    return [Sample(kind.__name__, make), *others]


def _of_each_kind(annotation: Any, depth: int) -> list[Sample]:
    """A mapping that has a value of each of several kinds of objects; nothing where there is only one kind."""
    union = typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation
    kinds = [kind for kind in typing.get_args(union) if isinstance(kind, type) and hasattr(kind, "model_fields")]
    found = {kind.__name__: samples(kind, "", depth + 1)[0] for kind in kinds}
    if len(found) < 2:
        return []
    return [Sample(_EACH, lambda: {name: sample.make() for name, sample in found.items()})]


def _callable(args: tuple[Any, ...], name: str, depth: int) -> Any:
    returns = args[-1] if args else Any
    waits = typing.get_origin(returns) in (collections.abc.Awaitable, collections.abc.Coroutine)
    inner = (typing.get_args(returns) or (Any,))[-1] if waits else returns

    def answer(given: tuple[Any, ...]) -> Any:
        # The packages have a class of their own in its place, which says that it is the same (see virtual_dates).
        if inner == dt.datetime and (moment := next(filter(None, map(time_of, given)), None)):
            return moment
        if isinstance(inner, typing.TypeVar) and given and isinstance(given[0], Row):
            return given[0]["symbol"]
        found = _try(inner, "", depth + 1)
        return found[0].make() if found and inner is not Any else None

    def called(*given: Any, **named: Any) -> Any:
        HANDED.note(name or "callable", given, named)
        return answer(given)

    async def awaited(*given: Any, **named: Any) -> Any:
        await asyncio.sleep(HANDED.note(name or "callable", given, named))
        return answer(given)

    return awaited if waits else called


async def _stream(args: tuple[Any, ...], name: str, depth: int) -> Any:
    """Two items again and again: at once, and after pauses shorter and longer than most.

    Their own times move on as well, until long after all that has begun with the first has ended; the last is late.
    """
    # Of anything there are rows, as these have times.
    rows = [Sample("a row", Row), Sample("another", another_row)]
    found = rows if isinstance(args[0], typing.TypeVar) else _try(args[0], name, depth + 1)
    for number, sample in enumerate(found[:2]):
        yield at(sample.make(), number)
    for number, pause in zip(_PLACES, PAUSES if found else (), strict=False):
        await asyncio.sleep(pause)
        yield at(found[number % len(found[:2])].make(), number)


def _objects(kind: type, depth: int) -> list[Sample]:
    """Samples of a class: built from samples of what it takes; a double where it only says what it wants."""
    if kind.__name__ == "BaseModel" and kind.__module__.startswith("pydantic"):
        return [Sample("a model", payload), Sample("a rich model", rich_payload)]
    if middleware.is_request(kind):
        probe = Sample("a request for /health", partial(middleware.request, kind, "/health"))
        return [Sample("a request", partial(middleware.request, kind)), probe]
    if middleware.is_websocket(kind):
        return [Sample("a WebSocket", partial(middleware.websocket, kind))]
    if double := double_at_edge(kind):
        return [Sample(f"{kind.__name__} double", double)]
    if getattr(kind, "_is_protocol", False) and inspect.isfunction(called := vars(kind).get("__call__")):
        returns = collections.abc.Awaitable[None] if inspect.iscoroutinefunction(called) else Any
        return [Sample(CALLABLE, partial(_callable, (returns,), kind.__name__, depth))]
    if getattr(kind, "_is_protocol", False) or inspect.isabstract(kind):
        return [Sample(f"{kind.__name__} double", partial(double_of, kind, partial(first_sample, depth=depth + 1)))]
    try:
        cases = sorted(argument_cases(kind, depth + 1, variants=2), key=lambda case: case.of_choices, reverse=True)
    except NoSampleError:
        raise
    except (TypeError, ValueError):
        raise NoSampleError(kind.__name__) from None
    found = [Made(kind, case, depth + 1).sample() for case in few(cases, 6)]
    plainest = dataclasses.replace(found[0], make=partial(_first_made, kind, cases))
    return [*filled(kind, plainest, samples), plainest, *found[1:]]


def _first_made(kind: type, cases: Sequence[Case]) -> Any:
    """The plainest instance that can be made. Raises what the plainest call raises if none can."""
    for case in cases:
        with contextlib.suppress(Exception):
            return case.call(kind)
    return cases[0].call(kind)


def first_sample(annotation: Any, depth: int, number: int = 0) -> Any:
    """A value for an annotation, or a double that answers anything; with a number, what is later in a series."""
    found = _try(annotation, "", depth)
    return later(found[0].make() if found else Answer(), number)


@dataclasses.dataclass(frozen=True)
class Made:
    """An instance of a class by a call of its constructor, so deep within the arguments of another call."""

    kind: type
    case: Case
    depth: int

    def sample(self) -> Sample:
        """The instance as a sample."""
        label = f"{self.kind.__name__} {self.case.label}".strip()
        return Sample(label, partial(self.case.call, self.kind), made=self)

    def cases(self) -> list[Case]:
        """All calls of the constructor, the plainest first."""
        return argument_cases(self.kind, self.depth)


def argument_cases(function: Any, depth: int = 0, variants: int = 5) -> list[Case]:  # noqa: C901 - a case for each kind of parameter
    """The calls to make: the plainest, without optional arguments, others that differ in one argument, a whole one.

    A choice that is named as an optional parameter (``mode="backfill"``) comes with that one. Raises
    NoSampleError where a required argument cannot be made, and ValueError where there is no signature.
    """
    positional: list[Sample] = []
    named: list[tuple[str, Sample]] = []
    choices: list[tuple[str, int | None, list[Sample]]] = []
    optional: dict[Any, Sample] = {}
    unsaid: dict[str, Sample] = {}
    for parameter, annotation in parameters_of(function):
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            choices.append(("extra_option", None, [literal(1)]))
            continue
        required = parameter.default is parameter.empty
        try:
            found = samples(annotation, _name_in(function, parameter.name), depth)
            near = choices_near(function, parameter.name) if annotation in (str, Any, parameter.empty) else []
            found = [*dumped(function, parameter.name, annotation, samples), *map(literal, near), *found]
            if annotation in (dict, dict[str, Any]) and reads_schemas(function):
                found = [Sample(f"{_SCHEMA} {label}", partial(copy.deepcopy, each)) for label, each in SCHEMAS.items()]
        except NoSampleError:
            if required:
                raise
            continue
        if annotation is parameter.empty and not required and type(parameter.default) in BY_TYPE:
            found = samples(type(parameter.default), parameter.name, depth)
        if not required:
            optional[parameter.name] = found[0]
            unsaid |= {parameter.name: found[0]} if parameter.default is None else {}
            choices.append((parameter.name, None, found[: len(near) + _wanted(found, annotation, variants)]))
        elif parameter.kind is parameter.POSITIONAL_ONLY:
            choices.append((parameter.name, len(positional), found[1:variants]))
            positional.append(found[0])
        else:
            others = found[1 : len(near) + _wanted(found, annotation, variants)]
            whole = [sample for sample in found[1:] if sample.label.endswith(f" {WHOLE}") and sample not in others]
            choices.append((parameter.name, None, others + whole))
            named.append((parameter.name, found[0]))
    cases = [Case("", tuple(positional), tuple(named), 2)]
    of_each: list[list[Case]] = []
    for name, index, others in choices:
        few_words = int(all(isinstance(sample.value, enum.Enum | bool) for sample in others))
        of_each.append([])
        for sample in others:
            if index is None:
                changed = dict(named) | {name: sample} | _named_by(sample, optional)
                case = Case(f"{name}={sample.label}", tuple(positional), tuple(changed.items()), few_words)
            else:
                changed_positional = [*positional[:index], sample, *positional[index + 1 :]]
                case = Case(f"{name}={sample.label}", tuple(changed_positional), tuple(named), few_words)
            of_each[-1].append(case)
    # One of each parameter in turn: where not all are made, none goes without.
    cases += [case for several in itertools.zip_longest(*of_each) for case in several if case]
    if len(unsaid) > 1:
        cases.append(Case(WHOLE, tuple(positional), tuple((dict(named) | unsaid).items())))
    return cases


def _name_in(function: Any, name: str) -> str:
    """The parameter's name, with what its function's name says of it.

    The ``uri`` of a ``RedisStreamBus`` is Redis's, and the ``v`` that ``validate_sink`` is given is a sink.
    """
    place = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"
    if name in ("v", "value") and (validated := _VALIDATES.search(place)):
        return validated[1]
    return f"redis_{name}" if "redis" in place.lower() and re.search(r"ur[il]$", name) else name


def _named_by(choice: Sample, optional: dict[Any, Sample]) -> dict[str, Sample]:
    """The optional argument that a choice is named as, if there is one."""
    name = getattr(choice.value, "value", choice.value)
    return {name: optional[name]} if isinstance(name, str) and name in optional else {}


def _wanted(found: list[Sample], annotation: Any, variants: int) -> int:
    """So many of the samples: more where it is one of a few words, and all where it is an error or a file."""
    if isinstance(found[0].value, enum.Enum):
        return max(variants, 6)
    of_each = any(sample.label == _EACH for sample in found)
    is_each_needed = _of_files(found) or found[0].label.startswith(_SCHEMA)
    every = is_each_needed or annotation in (Exception, BaseException)
    return len(found) if every else variants + of_each
