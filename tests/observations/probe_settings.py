"""What becomes of environment variables, ``.env`` files and configuration files: in settings, constants and calls.

The variables are those that are read, seen from the reading. What one does is told as the difference to what is there
without it, so a setting more changes nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import probe_api
from call_cases import Case
from calling import run
from config_files import FILES, contents
from describing import Json, class_names, describe
from environment import FOR_FIELDS, TRACE, spellings, variables
from hints import hints_of
from plain_samples import Sample
from readers import FROM_ENVIRONMENT, FROM_FILES, users_of, uses_of
from surface import PublicObject, Surface, is_class_or_function, is_defined_in, public_names
from unit import NOTHING, Observation, Unit
from values import NoSampleError, argument_cases, samples

AS_WITHOUT = "as without it"
CONFIGURES = re.compile(r"config|settings|from_(file|path|yaml|json|toml)", re.IGNORECASE)
"""In the location of what takes a configuration file, and not one with data."""
_NOT_ASKED = ("HOME", "PATH", "TMPDIR", "LOGURU_AUTOINIT")


def units_before_load(_: Surface) -> Iterable[Unit]:
    """None: but what is read during the import of the packages is to be seen."""
    TRACE.install()
    return ()


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each settings class, each module that reads variables, and each call that may read some."""
    for module, names in sorted(TRACE.at_import.items()):
        if module in surface.modules:
            yield Unit("settings", module, functools.partial(_module, module, sorted(names), surface))
    settings = {each.value.__name__ for each in surface.objects() if is_settings(each.value)}
    readers, readers_of_files = users_of({*FROM_ENVIRONMENT, *settings}, surface), users_of(FROM_FILES, surface)
    known = _names_by_class(surface)
    for each in surface.objects():
        if is_settings(each.value):
            yield Unit("settings", each.location, functools.partial(_class, each))
            continue
        for location, call, cases in _targets(each, surface):
            name = location.rpartition(".")[2]
            if (found := _case_with_path(cases)) and name in readers_of_files and CONFIGURES.search(location):
                returned = hints_of(_behind(location, each)).get("return")
                work = functools.partial(_of_files, location, call, *found, returned, _settings_read(location, known))
                yield Unit("settings", location, work)
            elif name in readers:
                yield Unit("settings", location, functools.partial(_of_call, location, call, cases, known))


def _behind(location: str, each: PublicObject) -> Any:
    return each.value if location == each.location else getattr(each.value, location.rpartition(".")[2])


def is_settings(kind: Any) -> bool:
    """Whether it is a settings class of pydantic."""
    return isinstance(kind, type) and hasattr(kind, "settings_customise_sources") and hasattr(kind, "model_fields")


def difference(before: Json, now: Json) -> Json:
    """What is other than before, and nothing of what is the same."""
    if before == now:
        return AS_WITHOUT
    if isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        return {name: difference(before[name], now[name]) for name in now if before[name] != now[name]}
    return now


# Settings classes


def _class(each: PublicObject) -> Iterator[Observation]:
    kind, location = each.value, each.location
    file = Path(_env_file(kind))

    required = required_variables(kind)

    def made(**given: Any) -> Json:
        with variables(**{name: text for name, text in required.items() if name not in os.environ}):
            return made_without(**given)

    def made_without(**given: Any) -> Json:
        try:
            return {"returns": describe(kind(**given))}
        except Exception:
            return run(lambda: kind(**given))

    yield f"{location}[]", made_without
    if required:
        yield f"{location}[with what is required]", made
    without = made()
    for field, names in _variables_of(kind).items():
        for name in names:
            telling: list[str] = []
            for text in spellings(name, FOR_FIELDS):
                yield f"{location}[{name}={text}]", functools.partial(_tell, without, made, telling, {name: text})
            yield (
                f"{location}[{name.lower()}]",
                functools.partial(_tell, without, made, [], {name.lower(): (telling or ["1"])[0]}),
            )
            yield (
                f"{location}[{name} and given]",
                functools.partial(_given_too, without, made, kind, field, name, telling),
            )
            yield f"{location}[{name} in file]", functools.partial(_in_file, without, made, file, name, telling)
    prefix = str(getattr(kind, "model_config", {}).get("env_prefix", ""))
    if prefix:
        yield f"{location}[{prefix}UNKNOWN]", functools.partial(_tell, without, made, [], {f"{prefix}UNKNOWN": "1"})
    yield f"{location}[unknown in file]", functools.partial(_in_file, without, made, file, f"{prefix}UNKNOWN", ["1"])
    yield f"{location}[unknown given]", lambda: difference(without, made(unknown_to_all=1))


def required_variables(kind: Any) -> dict[str, str]:
    """The variables without which there are no settings at all, each with a text that may do."""
    found = {}
    for field, names in _variables_of(kind).items():
        info = kind.model_fields[field]
        if info.is_required() and names:
            with contextlib.suppress(NoSampleError):
                found[names[0]] = str(samples(info.annotation, field.lower())[0].make())
    return found


def _env_file(kind: Any) -> str:
    file = kind.model_config.get("env_file") or ".env"
    return str(file if isinstance(file, str | Path) else file[-1])


class _Asked(dict[str, str]):
    """An environment that remembers what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def get(self, name: Any, default: Any = None) -> Any:
        self.names.append(str(name))
        return default

    def __contains__(self, name: object) -> bool:
        self.names.append(str(name))
        return False


def _variables_of(kind: Any) -> dict[str, list[str]]:
    """The variables of each field, as pydantic-settings asks for them."""
    from pydantic_settings import EnvSettingsSource

    source, found = EnvSettingsSource(kind), dict[str, list[str]]()
    for field, info in kind.model_fields.items():
        source.env_vars = asked = _Asked()
        with contextlib.suppress(Exception):
            source.get_field_value(info, field)
        names = asked.names if source.case_sensitive else [name.upper() for name in asked.names]
        found[field] = list(dict.fromkeys(names))
    return found


def _names_by_class(surface: Surface) -> dict[str, list[str]]:
    """Two variables of each settings class, for calls that make one."""
    found = {}
    for each in surface.objects():
        if is_settings(each.value):
            names = [name for names in _variables_of(each.value).values() for name in names[:1]]
            found[each.value.__name__] = names[:2]
    return found


def _tell(without: Json, made: Callable[[], Json], telling: list[str], values: dict[str, str]) -> Json:
    """What the variables change; a text that is taken and changes something is remembered."""
    with variables(**values):
        now = made()
    if now != without and "raises" not in now:
        telling.extend(values.values())
    return difference(without, now)


def _given_too(without: Json, made: Callable[..., Json], kind: Any, field: str, name: str, telling: list[str]) -> Json:
    default = kind.model_fields[field].get_default(call_default_factory=True)
    with variables(**{name: (telling or ["1"])[0]}):
        return difference(without, made(**{field: default}))


def _in_file(without: Json, made: Callable[[], Json], file: Path, name: str, telling: list[str]) -> Json:
    """What the variable does in the file alone, and which of two wins if the process has another."""
    first, other = (telling or ["1"])[0], (telling or ["0"])[-1]
    file.write_text(f"{name}={first}\n")
    try:
        alone = difference(without, made())
        with variables(**{name: other}):
            return {"alone": alone, "beside the process's own": difference(without, made())}
    finally:
        file.unlink()


# Modules that read variables while they are imported


def _module(name: str, names: list[str], surface: Surface) -> Iterator[Observation]:
    without = _imported_anew(name, surface)
    for variable in names:
        for text in spellings(variable):
            yield (
                f"{name}[{variable}={text}]",
                functools.partial(_tell, without, lambda: _imported_anew(name, surface), [], {variable: text}),
            )


def _imported_anew(name: str, surface: Surface) -> Json:
    """The constants and classes of a module as they are in a process that starts now."""
    if registry := getattr(sys.modules.get("prometheus_client"), "REGISTRY", None):
        for collector in list(getattr(registry, "_collector_to_names", ())):
            registry.unregister(collector)
    known = sys.modules.pop(name, None)
    try:
        module = importlib.import_module(name)
        return {
            "returns": {
                key: _constant(value, surface) for key, value in public_names(module) if _is_own(value, surface)
            }
        }
    except BaseException as error:
        return {"raises": class_names(type(error))}
    finally:
        if known is not None:
            sys.modules[name] = known


def _is_own(value: Any, surface: Surface) -> bool:
    return not inspect.ismodule(value) and (not is_class_or_function(value) or is_defined_in(value, surface.imports))


def _constant(value: Any, surface: Surface) -> Json:
    if isinstance(value, type) and (fields := getattr(value, "model_fields", None)):
        return {name: describe(field.default) for name, field in fields.items()}
    return probe_api.described(value, "")


# Calls that read variables or files


def _targets(each: PublicObject, surface: Surface) -> Iterator[tuple[str, Callable[[Case], Any], list[Case]]]:
    """The calls of an object: of itself, and of its methods on an instance that is made for the call."""
    if not isinstance(each.value, type):
        yield each.location, lambda case: case.call(each.value), _cases(each.value)
        return
    kind = each.value
    if issubclass(kind, BaseException) or getattr(kind, "_is_protocol", False):
        return
    constructions = _cases(kind)
    if constructions:
        yield each.location, lambda case: case.call(kind), constructions
    for name in sorted(vars(kind)):
        part = vars(kind)[name]
        function = getattr(part, "__func__", part)
        if name.startswith("_") or not inspect.isfunction(function) or not is_defined_in(function, surface.imports):
            continue
        if isinstance(part, staticmethod | classmethod):
            yield (
                f"{each.location}.{name}",
                lambda case, name=name: case.call(getattr(kind, name)),
                _cases(getattr(kind, name)),
            )
        elif constructions and len(inspect.signature(function).parameters) == 1:
            plain = constructions[0]
            yield (
                f"{each.location}.{name}",
                lambda _, name=name, plain=plain: getattr(plain.call(kind), name)(),
                [Case("", (), ())],
            )


def _cases(function: Any) -> list[Case]:
    with contextlib.suppress(NoSampleError, ValueError, TypeError, NameError):
        return argument_cases(function, variants=1)[:24]
    return []


def _of_call(
    location: str, call: Callable[[Case], Any], cases: list[Case], known: dict[str, list[str]]
) -> Iterator[Observation]:
    if not cases:
        return
    names: set[str] = set()

    def plain() -> Json:
        with TRACE.called() as called:
            seen = run(lambda: call(cases[0]))
        names.update(called - set(_NOT_ASKED))
        return seen

    def only_of_readers() -> Json:
        seen = plain()
        if not names:
            names.update(_settings_read(location, known))
        return seen if names else NOTHING

    yield f"{location}[]", only_of_readers
    without = plain() if names else None
    for name in sorted(names):
        yield from _of_variable(location, call, cases, name, without)


def _settings_read(location: str, known: dict[str, list[str]]) -> list[str]:
    """The variables of the settings classes that a function names, or says that it returns."""
    module, _, name = location.rpartition(".")
    function = getattr(sys.modules.get(module), name, None)
    if function is None:
        return []
    returned = getattr(hints_of(function).get("return"), "__name__", None)
    return [name for kind in known if kind == returned or kind in uses_of(function) for name in known[kind]]


def _of_variable(
    location: str, call: Callable[[Case], Any], cases: list[Case], name: str, without: Json
) -> Iterator[Observation]:
    telling: list[str] = []
    other: list[str] = []

    def plain(text: str) -> Json:
        found = _tell(without, lambda: run(lambda: call(cases[0])), telling, {name: text})
        if found != AS_WITHOUT:
            other.append(text)
        return found

    for text in spellings(name):
        yield f"{location}[{name}={text}]", functools.partial(plain, text)
    for case in cases[1:]:
        yield (
            f"{location}[{name} and {case.label}]",
            functools.partial(_argument_too, call, case, name, telling or other),
        )


def _argument_too(call: Callable[[Case], Any], case: Case, name: str, telling: list[str]) -> Json:
    """What the variable changes where the caller has given an argument."""
    without = run(lambda: call(case))
    with variables(**{name: (telling or ["1"])[0]}):
        return difference(without, run(lambda: call(case)))


def _case_with_path(cases: list[Case]) -> tuple[Case, str] | None:
    for case in cases:
        for name, sample in case.named:
            if sample.label in ("new path", "folder"):
                return case, name
    return None


def _of_files(
    location: str, call: Callable[[Case], Any], case: Case, path: str, returned: Any, of_settings: Iterable[str]
) -> Iterator[Observation]:
    """What a configuration file becomes, by its suffix; and what the variables do that are read with it."""
    is_text = isinstance(dict(case.named)[path].make(), str)
    # What is read with one file may be read with another after a change; a settings class asks for all there are.
    names = {*of_settings}
    in_yaml: list[tuple[str, Callable[[], Json]]] = []
    for content in contents(returned):
        for suffix in FILES:
            label, file = content.name, content.write(suffix)
            given = Sample(label, functools.partial(str if is_text else Path, file))
            with_file = dataclasses.replace(case, named=tuple((dict(case.named) | {path: given}).items()))

            def seen(with_file: Case = with_file) -> Json:
                with TRACE.called() as called, variables(OBSERVED_VARIABLE="from the environment", EMPTY_VARIABLE=""):
                    outcome = run(lambda: call(with_file))
                names.update(called - {*_NOT_ASKED, "OBSERVED_VARIABLE", "EMPTY_VARIABLE"})
                return outcome

            yield f"{location}[{label}{suffix}]", seen
            if suffix == ".yaml":
                in_yaml.append((f"{location}[{label}{suffix}", seen))
    for start, seen_in_yaml in in_yaml:
        yield from _of_variables_with_file(start, seen_in_yaml, names)


def _of_variables_with_file(start: str, seen: Callable[[], Json], names: set[str]) -> Iterator[Observation]:
    without = seen() if names else None
    for name in sorted(names):
        for text in spellings(name)[:8]:
            yield f"{start}, {name}={text}]", functools.partial(_tell, without, seen, [], {name: text})
