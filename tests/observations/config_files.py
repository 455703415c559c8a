"""Configuration files with the same content in each format that people write them in."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

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
    "other default": "${NOT_SET:fallback}",
    "plain": "$OBSERVED_VARIABLE",
    "text": "Ünï: cödé",
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


def contents(wanted: Any) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """What is written into files, each with the name of its file; None stands for what no format knows.

    Where a model is made of the file, one of them has what a plain one has.
    """
    if isinstance(wanted, type) and hasattr(wanted, "model_fields"):
        with contextlib.suppress(Exception):
            yield "fitting", argument_cases(wanted)[0].call(wanted).model_dump(mode="json", exclude_none=True)
    yield "generic", GENERIC
    yield "wrong", WRONG
    yield "empty", EMPTY
    yield "broken", None


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
