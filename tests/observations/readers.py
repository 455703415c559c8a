"""Which public functions and classes may read the environment, files or settings, by the names that their code uses.

It is a coarse net, for not everything is to be called: whether something is really read is seen when it is called.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from environment import names_in
from surface import Surface, is_defined_in

FROM_ENVIRONMENT = frozenset({"environ", "getenv", "load_dotenv", "dotenv_values"})
FROM_FILES = frozenset({"safe_load", "read_text", "read_bytes", "load", "open", "dotenv_values", "load_yaml"})
TOO_COMMON = frozenset(
    {"get", "set", "run", "main", "start", "stop", "close", "items", "keys", "write", "append", "wrapper"}
)
"""Names that say nothing of what is called by them."""


def users_of(names: Iterable[str], surface: Surface) -> set[str]:
    """The names of all functions and classes that use one of these names, or use one that does."""
    used = _used_names(surface)
    found, reached = set(names), set[str]()
    while True:
        more = {owner for owner, uses in used.items() if owner not in reached and uses & found}
        if not more:
            return reached
        reached |= more
        found |= more - TOO_COMMON


def uses_of(value: Any) -> set[str]:
    """The names that a function uses, or the constructor of a class."""
    if isinstance(value, type):
        value = getattr(value, "__init__", None)
    function = inspect.unwrap(value) if callable(value) else value
    code = getattr(function, "__code__", None)
    return names_in(code) if isinstance(code, types.CodeType) else set()


def _used_names(surface: Surface) -> Mapping[str, set[str]]:
    used: dict[str, set[str]] = {}
    for module in surface.modules.values():
        for name, value in vars(module).items():
            if not is_defined_in(value, surface.imports):
                continue
            if isinstance(value, type):
                for member, function in _functions(value):
                    owner = name if member in ("__init__", "__post_init__", "__new__") else member
                    used.setdefault(owner, set()).update(uses_of(function))
                used.setdefault(name, set()).update(_uses_of_fields(value))
            elif inspect.isfunction(value):
                used.setdefault(name, set()).update(uses_of(value))
    return used


def _uses_of_fields(kind: Any) -> set[str]:
    """What is used for the defaults of a model or a dataclass, and by the validators of a model."""
    model_fields, fields = getattr(kind, "model_fields", None), getattr(kind, "__dataclass_fields__", None)
    found: set[str] = set()
    for field in (model_fields or fields or {}).values() if isinstance(model_fields or fields, dict) else ():
        factory = getattr(field, "default_factory", None)
        found |= uses_of(factory) | {getattr(factory, "__name__", "")}
    if model_fields:
        for name, function in _functions(kind):
            found |= uses_of(function) if name.startswith("_") or "valid" in name else set()
    return found - {""}


def _functions(kind: type) -> Iterator[tuple[str, Any]]:
    for name, part in vars(kind).items():
        function = getattr(part, "__func__", getattr(part, "fget", part))
        if inspect.isfunction(function):
            yield name, function
