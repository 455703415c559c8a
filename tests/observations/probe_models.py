"""Models, dataclasses, named tuples, typed dictionaries and enums: their schemas, what they take, their protocols."""

from __future__ import annotations

import copy
import dataclasses
import enum
import functools
import json
import pickle
import types
import typing
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from describing import Json, describe
from enum_members import observe_enum
from failing import SECRET
from instances import Recipe, arguments_of, attempt, field_of, has_fields, is_model, recipe_of, shared_attributes
from json_schemas import fields_of_schema
from odd_values import odd_values
from surface import PublicObject, Surface, is_defined_in
from unit import Observation, Unit

_SECRETS = ("password", "secret", "token", "api_key", "apikey", "dsn", "database_url", "credential")


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for the classes of each module: making and comparing values leaves no traces."""
    modules: dict[str, list[tuple[str, PublicObject]]] = {}
    for each in surface.objects():
        if isinstance(each.value, type) and _is_observed(each.value):
            for name in each.locations:
                modules.setdefault(name.rpartition(".")[0], []).append((name, each))
    for module, found in modules.items():
        yield Unit("models", module, functools.partial(_all, found, surface))


def _is_observed(kind: type) -> bool:
    if issubclass(kind, BaseException):
        return False
    return has_fields(kind) or issubclass(kind, enum.Enum) or typing.is_typeddict(kind)


def _all(found: list[tuple[str, PublicObject]], surface: Surface) -> Iterator[Observation]:
    warnings.simplefilter("ignore")
    for name, each in found:
        kind = each.value
        if name != each.location:
            # A name may come to lead to another class of that name: its instances are looked at there as well.
            if has_fields(kind):
                yield f"{name}[plain]", functools.partial(_elsewhere, kind)
        elif issubclass(kind, enum.Enum):
            yield from observe_enum(each.location, kind)
        elif typing.is_typeddict(kind):
            yield from _schema(each.location, kind)
        else:
            yield from _with_fields(each.location, kind, surface)


def _schema(location: str, kind: type) -> Iterator[Observation]:
    for name, said in fields_of_schema(kind).items():
        yield f"{location}[schema {name}]".replace(" ]", "]"), lambda said=said: said


def _with_fields(location: str, kind: type, surface: Surface) -> Iterator[Observation]:
    yield from _schema(location, kind)
    if hasattr(kind, "settings_customise_sources"):
        # Each instance reads its sources anew; what is made of their values is observed with the settings.
        yield f"{location}[plain]", lambda: attempt(kind)
        return
    recipe = recipe_of(kind)
    if recipe is None:
        yield f"{location}[plain]", lambda: "nothing that was tried makes one"
        return
    yield f"{location}[plain]", lambda: attempt(recipe.make)
    yield f"{location}[full]", lambda: attempt(lambda: recipe.make(full=True))
    yield f"{location}[nothing]", lambda: _without(kind, {})
    for name in recipe.required:
        yield (
            f"{location}[without {name}]",
            lambda name=name: _without(kind, {k: v for k, v in recipe.arguments(full=False).items() if k != name}),
        )
    yield f"{location}[surplus]", lambda: attempt(lambda: _surplus(recipe))
    for name, annotation in arguments_of(kind):
        yield f"{location}[accepts {name}]", lambda name=name, annotation=annotation: _accepts(recipe, name, annotation)
    yield from _protocols(location, recipe)
    for name, _ in arguments_of(kind):
        yield f"{location}[change {name}]", lambda name=name: _change(recipe, name)
        yield f"{location}[shows {name}]", lambda name=name: _shows(recipe, name)
    if is_model(kind):
        yield from _as_model(location, recipe)
    elif dataclasses.is_dataclass(kind):
        yield f"{location}[asdict]", lambda: attempt(lambda: dataclasses.asdict(recipe.make(full=True)))
    yield f"{location}[own protocols]", lambda: dict.fromkeys(_own_protocols(kind, surface), True)


def _elsewhere(kind: type) -> Json:
    recipe = recipe_of(kind)
    return attempt(recipe.make) if recipe else "nothing that was tried makes one"


def _own_protocols(kind: type, surface: Surface) -> Iterator[str]:
    """Protocols that the package gives a class by code of its own: they are part of what it is."""
    for name in (
        "__eq__",
        "__hash__",
        "__lt__",
        "__bool__",
        "__len__",
        "__iter__",
        "__getitem__",
        "__contains__",
        "__add__",
        "__call__",
    ):
        part = getattr(kind, name, None)
        if isinstance(part, types.FunctionType) and is_defined_in(part, surface.imports):
            yield name


def _without(kind: type, arguments: dict[str, Any]) -> Json:
    """What it says to arguments of which some are missing: which ones, as far as a program can tell."""
    try:
        return {"returns": describe(kind(**arguments))}
    except Exception as error:
        errors = getattr(error, "errors", None)
        missing = sorted(f"{e['type']} {'.'.join(map(str, e['loc']))}" for e in errors()) if callable(errors) else []
        return {"raises": [type(error).__name__], "errors": missing}


def _surplus(recipe: Recipe) -> Any:
    made = recipe.make(surplus_argument=SECRET)
    kept = getattr(made, "surplus_argument", "dropped")
    dumped = made.model_dump() if hasattr(made, "model_dump") else {}
    return {"kept": kept == SECRET, "dumped": isinstance(dumped, dict) and "surplus_argument" in dumped}


def _accepts(recipe: Recipe, argument: str, annotation: Any) -> Json:
    """What becomes of odd values of one argument."""
    field = field_of(recipe.kind, argument)

    def outcome(make: Callable[[], Any]) -> Json:
        given = make()
        seen = attempt(lambda: getattr(recipe.make(**{argument: given}), field))
        if seen.get("returns", seen) == describe(given):
            return {"returns": "as given"}
        return seen

    return {name: outcome(make) for name, make in odd_values(annotation).items()}


def _protocols(location: str, recipe: Recipe) -> Iterator[Observation]:
    def full() -> Any:
        return recipe.make(full=True)

    yield (
        f"{location}[equal]",
        lambda: attempt(
            lambda: {
                "twice": full() == full(),
                "unlike": full() == object(),
                "as a dict": full() == recipe.arguments(full=True),
            }
        ),
    )
    yield f"{location}[hash]", lambda: attempt(lambda: _hash_alike(full(), full()))
    yield f"{location}[order]", lambda: attempt(lambda: full() <= full())
    yield f"{location}[pickle]", lambda: attempt(lambda: _same(pickle.loads(pickle.dumps(full())), full()))  # noqa: S301 - pickled here
    yield f"{location}[copy]", lambda: attempt(lambda: _same(copy.copy(full()), full()))
    yield f"{location}[deepcopy]", lambda: attempt(lambda: _same(copy.deepcopy(full()), full()))
    if hasattr(recipe.kind, "model_fields"):
        # A dataclass may get slots, which nobody needs to know.
        yield f"{location}[another attribute]", lambda: attempt(lambda: setattr(full(), "an_attribute", 1))
    yield f"{location}[tuple]", lambda: attempt(lambda: {"unpacks": len([*recipe.make()]) > 0})
    yield f"{location}[shared]", lambda: attempt(lambda: shared_attributes(recipe.make(), recipe.make()))


def _hash_alike(one: Any, other: Any) -> bool:
    """Whether two that are there at the same time have one hash: what is gone may leave its address to the next."""
    return hash(one) == hash(other)


def _same(left: Any, right: Any) -> Json:
    return {"type": type(left) is type(right), "equal": left == right, "looks alike": describe(left) == describe(right)}


def _change(recipe: Recipe, argument: str) -> Json:
    """An instance that differs in one field: is it another one, and can one be turned into the other?"""
    make, field = recipe.another(argument), field_of(recipe.kind, argument)
    if make is None:
        return "nothing that was tried differs"

    def assigned() -> Any:
        made = recipe.make(full=True)
        setattr(made, field, getattr(make(), field))
        return getattr(made, field) == getattr(make(), field)

    def assigned_wrongly() -> Any:
        made = recipe.make(full=True)
        setattr(made, field, [object])
        return "taken"

    def full() -> Any:
        return recipe.make(full=True)

    seen = {
        "equal": attempt(lambda: make() == full()),
        "same hash": attempt(lambda: _hash_alike(make(), full())),
        "less": attempt(lambda: (make() < full()) != (full() < make())),
        "assign": attempt(assigned),
        "assign wrongly": attempt(assigned_wrongly),
        "delete": attempt(lambda: delattr(full(), field)),
    }
    if is_model(recipe.kind):
        seen["update"] = attempt(lambda: full().model_copy(update={field: getattr(make(), field)}) == make())
    elif dataclasses.is_dataclass(recipe.kind):
        seen["replace"] = attempt(lambda: dataclasses.replace(full(), **{argument: getattr(make(), field)}) == make())
    return seen


def _shows(recipe: Recipe, argument: str) -> Json:
    """Whether the texts of an instance have the field, and its value where that is a secret."""
    field = field_of(recipe.kind, argument)
    seen = {"repr": attempt(lambda: f"{field}=" in repr(recipe.make(full=True)))}
    if any(word in field.lower() for word in _SECRETS):
        for value in (SECRET, f"postgresql://user:{SECRET}@127.0.0.1:5432/db"):
            made = functools.partial(recipe.make, full=True, **{argument: value})
            if "raises" not in (said := attempt(lambda made=made: SECRET in repr(made()) + str(made()))):
                seen["secret is shown"] = said
                seen["secret is dumped"] = attempt(lambda made=made: SECRET in made().model_dump_json())
    return seen


def _is_kept(kind: Any, made: Any) -> bool:
    return kind.model_validate(made) is made


def _as_model(location: str, recipe: Recipe) -> Iterator[Observation]:
    """What a pydantic model is turned into and made from."""
    kind: Any = recipe.kind

    def full() -> Any:
        return recipe.make(full=True)

    dumps: dict[str, Callable[[], Any]] = {
        "dump": lambda: full().model_dump(),
        "dump json": lambda: full().model_dump(mode="json"),
        "json": lambda: json.loads(full().model_dump_json()),
        "plain json": lambda: json.loads(recipe.make().model_dump_json()),
        "by alias": lambda: full().model_dump(by_alias=True),
        "exclude none": lambda: recipe.make().model_dump(mode="json", exclude_none=True),
        "exclude unset": lambda: recipe.make().model_dump(mode="json", exclude_unset=True),
        "exclude defaults": lambda: recipe.make().model_dump(mode="json", exclude_defaults=True),
        "dict": lambda: dict(recipe.make(full=True)),
        "from json": lambda: _same(kind.model_validate_json(full().model_dump_json()), full()),
        "from dump": lambda: _same(kind.model_validate(full().model_dump()), full()),
        "from itself": lambda: _is_kept(kind, full()),
        "from attributes": lambda: _same(
            kind.model_validate(types.SimpleNamespace(**recipe.arguments(full=False))), recipe.make()
        ),
        "by name": lambda: _same(
            kind(**{field_of(kind, name): value for name, value in recipe.arguments(full=True).items()}), full()
        ),
        "strict json": lambda: _same(kind.model_validate_json(full().model_dump_json(), strict=True), full()),
    }
    for name, work in dumps.items():
        yield f"{location}[{name}]", lambda work=work: attempt(work)
