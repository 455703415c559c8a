"""What can be named, subclassed and called: each public name at each place where its package offers it.

A place is where something is defined, a package's ``__init__``, or a module that lists it in ``__all__``; and where the
predecessor offered it, as long as it can still be reached there. A name that a module only imports for its own use is
no offer of that module.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib.metadata
import inspect
import re
import types
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import describing
from describing import Json, attributes, describe, field_names, type_name
from signatures import Form, asynchrony, called_with, evaluated, form
from surface import Surface, is_class_or_function, is_defined_in, public_names
from unit import Observation, Unit

SPECIAL = (
    *("__call__", "__iter__", "__next__", "__len__", "__getitem__", "__setitem__", "__delitem__", "__contains__"),
    *("__enter__", "__exit__", "__aenter__", "__aexit__", "__aiter__", "__anext__", "__await__"),
)
"""The methods that Python calls for its own syntax; others are seen by what they do."""
_ASSIGNED = re.compile(r"^[ \t]*(\w+)[ \t]*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
_SIMPLE = (str, int, float, complex, bytes, bool, type(None), enum.Enum, re.Pattern, Path)
_CONTAINERS = (list, tuple, set, frozenset, dict, types.MappingProxyType)


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each top-level package, with the name that its ids begin with: looking at names changes nothing."""
    for name in surface.imports:
        yield Unit("api", name, functools.partial(_all, surface, name))


def _all(surface: Surface, top: str) -> Iterator[Observation]:
    version = importlib.metadata.version(str(surface.plan["packages"][surface.package]["distribution"]))
    known = {*surface.plan.get("preferred", ()), *(each.location for each in surface.objects())}
    for name, error in sorted(surface.failed.items()):
        if name.split(".")[0] == top:
            yield name, lambda error=error: {"raises": error}
    for name, module in sorted(surface.modules.items()):
        if name.split(".")[0] != top:
            continue
        yield name, lambda: {"returns": "a module"}
        if isinstance(listed := getattr(module, "__all__", None), list | tuple):
            yield f"{name}[__all__]", lambda listed=listed: dict.fromkeys(sorted(listed), True)
        assigned = _assigned(module)
        for attribute, value in public_names(module):
            location = f"{name}.{attribute}"
            if location in surface.modules or isinstance(value, types.ModuleType):
                continue
            if location in known or _is_offered(attribute, value, module, assigned, surface):
                yield location, lambda value=value: described(value, version)


def _assigned(module: types.ModuleType) -> set[str]:
    try:
        return set(_ASSIGNED.findall(Path(str(module.__file__)).read_text()))
    except (OSError, UnicodeDecodeError):
        return set()


def _is_offered(name: str, value: Any, module: types.ModuleType, assigned: set[str], surface: Surface) -> bool:
    if name in (getattr(module, "__all__", None) or ()):
        return True
    if is_class_or_function(value):
        if not is_defined_in(value, surface.imports):
            return False
        return value.__module__ == module.__name__ or hasattr(module, "__path__")
    if isinstance(value, typing.TypeVar | typing.ParamSpec) or type_name(type(value)) in ("Logger", "_Feature"):
        return False
    return name in assigned


def described(value: Any, version: str) -> Json:
    """A public name's value, as far as it says how it is used."""
    if isinstance(value, type) and not isinstance(value, types.GenericAlias):
        described = _class(value)
    elif is_class_or_function(value):
        described = {"is": "function", **asynchrony(value), **_called(value)}
    elif alias := _alias(value):
        described = {"is": "type", "means": alias}
    else:
        described = {"is": "value", "value": _value(value, version)}
    return described | _deprecation(value)


def _deprecation(value: Any) -> Form:
    return {"deprecated": True} if getattr(value, "__deprecated__", None) else {}


def _called(function: Any, *, skip_first: bool = False) -> Form:
    try:
        return called_with(function, skip_first=skip_first)
    except (ValueError, TypeError):
        return {}


def _alias(value: Any) -> Form:
    if typing.get_origin(value) is not None or isinstance(value, types.UnionType):
        return form(value)
    if isinstance(value, typing.NewType):
        return {value.__name__: form(value.__supertype__)}
    return {}


def _value(value: Any, version: str) -> Json:
    """A constant as it is; of an object that does something only what it is."""
    if isinstance(value, str) and value in (version, f"v{version}"):
        return "<the release's version>"
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {"dict": {key: _value(part, version) for key, part in value.items()}}
    if isinstance(value, _SIMPLE + _CONTAINERS) or type(value).__module__ in ("datetime", "decimal", "uuid"):
        return describe(value)
    if describing.is_of_packages(type(value)) and field_names(value) is not None:
        return describe(value)
    return {"instance of": type_name(type(value))}


def _class(kind: type) -> Form:
    is_protocol = bool(getattr(kind, "_is_protocol", False))
    described: Form = {
        "is": "class",
        "also": {
            type_name(base): True
            for base in kind.__mro__[1:]
            if base is not object and not base.__name__.startswith("_")
        },
        "members": {name: shown for name in sorted(dir(kind)) if (shown := _member(kind, name))},
    }
    if typing.is_typeddict(kind):
        return _typed_dict(kind)
    if dataclasses.is_dataclass(kind):
        described["dataclass"] = {"frozen": bool(kind.__dataclass_params__.frozen)}  # type: ignore[attr-defined]
    if is_protocol:
        described["must have"] = sorted(_protocol_members(kind))
        if getattr(kind, "_is_runtime_protocol", False):
            described["isinstance"] = True
    elif inspect.isabstract(kind):
        described["must implement"] = sorted(getattr(kind, "__abstractmethods__", ()))
    takes_what_a_library_says = issubclass(kind, BaseException) and not is_defined_in(
        kind.__init__, describing.PACKAGES
    )
    if not (is_protocol or hasattr(kind, "model_fields") or issubclass(kind, enum.Enum) or takes_what_a_library_says):
        described |= _called(kind)
    return described


def _typed_dict(kind: Any) -> Form:
    hints = {name: form(evaluated(hint, kind)) for name, hint in kind.__annotations__.items()}
    return {"is": "typed dict", "keys": hints, "required": sorted(kind.__required_keys__)}


def _protocol_members(kind: type) -> set[str]:
    members: set[str] = set()
    for base in kind.__mro__:
        if getattr(base, "_is_protocol", False) and base.__name__ not in ("Protocol", "Generic"):
            names = {*vars(base).get("__annotations__", {}), *vars(base)}
            members |= {name for name in names if name in SPECIAL or not name.startswith("_")}
    return members


def _member(kind: type, name: str) -> Form | None:
    """A public member that the packages define, not one that is inherited from a library."""
    if name.startswith("_") and name not in SPECIAL:
        return None
    owner = next((base for base in kind.__mro__ if name in vars(base)), object)
    if not describing.is_of_packages(owner):
        return None
    part = vars(owner)[name]
    # How a model is configured, in the new spelling and in the old one, is seen in what it does.
    if (
        hasattr(kind, "model_fields")
        and not inspect.isfunction(part)
        and (name.startswith("model_") or name == "Config")
    ):
        return None
    return _part(part, kind, name)


def _part(part: Any, kind: type, name: str) -> Form | None:
    if isinstance(part, classmethod | staticmethod):
        function = part.__func__
        shown = _called(function, skip_first=isinstance(part, classmethod))
        return {"is": "method of the class", **asynchrony(function), **shown, **_deprecation(function)}
    if inspect.isfunction(part) or (callable(part) and hasattr(part, "__wrapped__")):
        return {"is": "method", **asynchrony(part), **_called(part, skip_first=True), **_deprecation(part)}
    if isinstance(part, property | functools.cached_property):
        getter = part.fget if isinstance(part, property) else part.func
        returned = form(evaluated(getattr(getter, "__annotations__", {}).get("return", Any), getter))
        can_be_set = not isinstance(part, property) or part.fset is not None
        return {
            "is": "attribute",
            **({"returns": returned} if returned else {}),
            **({"set": True} if can_be_set else {}),
        }
    if issubclass(kind, enum.Enum) and isinstance(getattr(kind, name, None), kind):
        return {"is": "member", "value": describe(getattr(kind, name).value)}
    if isinstance(part, type):
        return {"is": "class"}
    if isinstance(part, types.MemberDescriptorType):
        return {"is": "attribute", "set": True}
    if isinstance(part, _SIMPLE + _CONTAINERS):
        return {"is": "attribute", "value": describe(part), "set": True}
    return {"is": "attribute"} if not attributes(part) else {"is": "attribute", "value": describe(part)}
