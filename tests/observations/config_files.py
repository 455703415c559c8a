"""Configuration files with the same content in each format that people write them in."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instances import arguments_of, is_model, models_in, recipe_of
from values import argument_cases

GENERIC: Mapping[str, Any] = {
    "profile": "dev",
    "name": "observed",
    "enabled": True,
    "spelt": "yes",
    "port": 8080,
    "ratio": 0.5,
    "items": ["a", "b"],
    "nested": {"a": {"b": 1}, "none": None},
    "variable": "${OBSERVED_VARIABLE}",
    "with default": "${NOT_SET:-fallback}",
    "several": "${OBSERVED_VARIABLE}:${NOT_SET:-5432}/${NOT_SET:-a}",
    "without default": "a${NOT_SET}b",
    "other default": "${NOT_SET:fallback}",
    "plain": "$OBSERVED_VARIABLE",
    "empty variable": "${EMPTY_VARIABLE:-fallback}",
    "text": "Ünï: cödé",
    # What a row of market data has.
    "symbol": "AAPL",
    "provider": "abc",
    "ts": "2024-03-01T14:30:15Z",
    "price": 101.5,
    "volume": 3,
}
WRONG: Mapping[str, Any] = dict.fromkeys(
    (
        *("version", "profile", "name", "mode", "tenant", "settings", "features", "logging", "database", "storage"),
        *("providers", "sources", "datasets", "jobs", "pipeline", "sinks", "nodes", "classic", "dag"),
    ),
    -1,
)
"""What is no configuration of anything: sections that are numbers."""
EMPTY: Mapping[str, Any] = {}


_CONFIGURATION = re.compile(r"Config(uration)?$|Settings$")
INCLUDING = ("include", "includes", "extends", "imports")
"""How a file may name others that it is made of."""


@dataclass(frozen=True)
class ConfigContent:
    """What is written into a file; None stands for what no format knows.

    ``parts`` are the contents of files beside it, by name, and ``included`` says which of them each file names, the
    file itself as "".
    """

    name: str
    content: Mapping[str, Any] | None
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    included: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def write(self, suffix: str) -> Path:
        """Write all files here, and return its own path; each names others as they are seen from its folder."""
        for part, content in {**self.parts, "": self.content}.items():
            file = self._file(part, suffix)
            names = [os.path.relpath(self._file(name, suffix), file.parent) for name in self.included.get(part, ())]
            whole = content if content is None or not names else {**content, **dict.fromkeys(INCLUDING, names)}
            file.parent.mkdir(exist_ok=True)
            file.write_text(FILES[suffix](whole))
        return self._file("", suffix).absolute()

    def _file(self, part: str, suffix: str) -> Path:
        return Path(f"{self.name}-{part}{suffix}" if part else f"{self.name}{suffix}")


def contents(wanted: Any) -> Iterator[ConfigContent]:
    """What is written into files. Where a model is made of the file, some of them have what a plain one has."""
    if isinstance(wanted, type) and hasattr(wanted, "model_fields"):
        with contextlib.suppress(Exception):
            fitting = _dumped(argument_cases(wanted)[0].call(wanted))
            yield ConfigContent("fitting", fitting)
            yield ConfigContent("with all", whole(wanted) or fitting)
            yield ConfigContent("with variables", _changed(fitting, _in_variables))
            # Both of its parts are made of a third, and one of them says otherwise.
            parts = {"common": fitting, "left": _changed(fitting, _otherwise), "right": EMPTY}
            included = {"": ("left", "right"), "left": ("common",), "right": ("common",)}
            yield ConfigContent("of parts", EMPTY, parts, included)
            # Each of two folders has a file of the same name, which a file beside it names.
            parts = {"left/base": fitting, "right/base": parts["left"], "left/part": EMPTY, "right/part": EMPTY}
            included = {"": ("left/part", "right/part"), "left/part": ("left/base",), "right/part": ("right/base",)}
            yield ConfigContent("of folders", EMPTY, parts, included)
            yield ConfigContent("of itself", fitting, included={"": ("",)})
    yield ConfigContent("generic", GENERIC)
    yield ConfigContent("wrong", WRONG)
    yield ConfigContent("empty", EMPTY)
    yield ConfigContent("broken", None)


def whole_configuration(kinds: Iterable[Any]) -> Mapping[str, Any]:
    """What a program's file has: all that the largest of these models takes that is no part of another one.

    ``GENERIC`` where no model is named as a configuration.
    """
    models = [kind for kind in kinds if is_model(kind)]
    parts = {part for kind in models for _, annotation in arguments_of(kind) for part in models_in(annotation)}
    named = [kind for kind in models if _CONFIGURATION.search(kind.__name__) and kind not in parts]
    contents = (whole(kind) for kind in named)
    return max(contents, key=lambda content: len(json.dumps(content)), default={}) or GENERIC


def whole(wanted: type) -> dict[str, Any]:
    """What a file has from which a model gets a value for each of its fields; nothing where none is known."""
    recipe = recipe_of(wanted)
    made = _dumped(recipe.make(full=True)) if recipe else {}
    # It names no other files: there are none.
    found = {name: value for name, value in made.items() if name not in INCLUDING} if isinstance(made, dict) else {}
    sections = found | _sections(wanted)
    linked = _linked(sections, sections)
    with contextlib.suppress(Exception):
        wanted.model_validate(linked)  # type: ignore[attr-defined]
        return dict(linked)
    return found


def _sections(wanted: type) -> dict[str, Any]:
    """Each part that is a model with all that it takes, whether or not the whole is valid with it."""
    recipes = {name: recipe_of(kind) for name, part in arguments_of(wanted) for kind in list(models_in(part))[:1]}
    return {name: _dumped(recipe.make(full=True)) for name, recipe in recipes.items() if recipe}


def _linked(value: Any, sections: Mapping[str, Any]) -> Any:
    """A content in which what is called as a section is, but for its last letter, names the first thing in that."""
    if isinstance(value, list):
        return [_linked(each, sections) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: (_first_thing(sections.get(f"{name}s")) or part) if isinstance(part, str) else _linked(part, sections)
        for name, part in value.items()
    }


def _first_thing(section: Any) -> str | None:
    """The name of the first of several things that have members."""
    things = section.items() if isinstance(section, dict) else ()
    return next((name for name, thing in things if isinstance(thing, dict)), None)


def _dumped(model: Any) -> Any:
    return model.model_dump(mode="json", exclude_none=True, by_alias=True)


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """A content in which each text, number and truth value is changed."""
    if isinstance(value, Mapping):
        return {name: _changed(member, change) for name, member in value.items()}
    return [_changed(member, change) for member in value] if isinstance(value, list) else change(value)


def _in_variables(value: Any) -> Any:
    """A text in two halves, each the default of a variable that is not set."""
    if not isinstance(value, str):
        return value
    half = len(value) // 2
    return f"${{NOT_SET:-{value[:half]}}}${{NOT_SET:-{value[half:]}}}" if half else value


def _otherwise(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else value


def _toml(content: Mapping[str, Any], prefix: str = "") -> str:
    lines, tables = [], []
    for name, value in content.items():
        if isinstance(value, Mapping):
            tables.append(f'[{prefix}"{name}"]\n' + _toml(value, f'{prefix}"{name}".'))
        elif value is not None:
            lines.append(f'"{name}" = {json.dumps(value, ensure_ascii=False)}\n')
    return "".join(lines + tables)


def _lines(content: Mapping[str, Any]) -> str:
    return "".join(f"{name.upper().replace(' ', '_')}={value}\n" for name, value in content.items())


def _written(write: Callable[[Mapping[str, Any]], str]) -> Callable[[Mapping[str, Any] | None], str]:
    return lambda content: "{]: =" if content is None else write(content)


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)


FILES: Mapping[str, Callable[[Mapping[str, Any] | None], str]] = {
    ".yaml": _written(_json),
    ".yml": _written(_json),
    ".json": _written(_json),
    ".toml": _written(_toml),
    ".env": _written(_lines),
    ".txt": _written(_json),
}
"""How each kind of file is written: JSON is YAML as well."""
