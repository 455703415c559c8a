"""What is public of a package: its modules, and the objects in them, each under one location."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from describing import Json, class_names


@dataclass(frozen=True)
class PublicObject:
    """A class or function, the location that it is observed under, and all locations that it can be reached at."""

    location: str
    value: Any
    locations: tuple[str, ...]


@dataclass
class Surface:
    """The public surface of one package: what a consumer reaches without an underscore.

    ``failed`` are the modules that cannot be imported, with the error. ``plan`` is the plan of the run.
    """

    package: str
    imports: tuple[str, ...]
    plan: Mapping[str, Any]
    modules: dict[str, ModuleType] = field(default_factory=dict)
    failed: dict[str, Json] = field(default_factory=dict)

    def load(self) -> None:
        """Import all public modules. What a module does when it is imported is part of this run from then on."""
        for name in self.imports:
            for module in _walk(name, self.failed):
                if module.__name__ not in self.modules:
                    self.modules[module.__name__] = module

    def objects(self) -> list[PublicObject]:
        """The public classes and functions of the package, each once."""
        locations: dict[int, list[str]] = {}
        values: dict[int, Any] = {}
        for module_name, module in self.modules.items():
            for name, value in public_names(module):
                is_either = is_class_or_function(value)
                if is_either and is_defined_in(value, self.imports):
                    values[id(value)] = value
                    locations.setdefault(id(value), []).append(f"{module_name}.{name}")
        preferred = {name: number for number, name in enumerate(self.plan.get("preferred", ()))}
        return sorted(
            (
                PublicObject(_location(values[key], found, preferred), values[key], tuple(sorted(found)))
                for key, found in locations.items()
            ),
            key=lambda each: each.location,
        )


def is_class_or_function(value: Any) -> bool:
    """Whether it is one of the two, also behind a decorator that makes an object of it, as a cache does."""
    return isinstance(value, type) or inspect.isroutine(value) or (callable(value) and hasattr(value, "__wrapped__"))


def is_defined_in(value: Any, imports: Collection[str]) -> bool:
    """Whether a class or function is defined in one of these top-level packages."""
    return str(getattr(value, "__module__", "")).split(".")[0] in imports


def public_names(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The names of a module that a consumer may use: those without an underscore, and those in its ``__all__``."""
    listed = set(getattr(module, "__all__", ()) or ())
    for name in sorted({*vars(module), *listed}):
        # pydantic leaves its parametrised models in the namespace of whoever asked for them: nobody can name those.
        if name.isidentifier() and (not name.startswith("_") or (name in listed and not name.startswith("__"))):
            with contextlib.suppress(Exception):
                yield name, getattr(module, name)


def _location(value: Any, locations: list[str], preferred: Mapping[str, int]) -> str:
    known = [name for name in locations if name in preferred]
    if known:
        return min(known, key=lambda name: preferred[name])
    own = f"{value.__module__}.{value.__name__}" if hasattr(value, "__name__") else ""
    return own if own in locations else min(locations, key=lambda name: (name.count("."), name))


def _walk(name: str, failed: dict[str, Json]) -> Iterator[ModuleType]:
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        failed[name] = class_names(type(error))
        return
    yield module
    for part in _parts(getattr(module, "__path__", ())):
        if not part.startswith("_"):
            yield from _walk(f"{name}.{part}", failed)


def _parts(folders: Iterable[str]) -> list[str]:
    """The modules in the folders of a package, and the folders of modules that have no ``__init__``."""
    names = {info.name for info in pkgutil.iter_modules(folders)}
    names |= {
        file.parent.name
        for folder in folders
        for file in Path(folder).glob("*/*.py")
        if file.parent.name.isidentifier()
    }
    return sorted(names)
