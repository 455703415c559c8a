"""What the ``pyproject.toml`` of a candidate says: what builds it, and what in it no installer would take."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from market_data_meta.errors import ErrorCode, MetaError

LEGACY_BACKEND, DEFAULT_REQUIREMENTS = "setuptools.build_meta:__legacy__", ("setuptools>=40.8.0",)
"""What builds a project that names no backend, as the packaging standards say."""
_LINE = re.compile(r"at line (\d+)")
_HOW_BUILT = (
    "the table build-system has a list of texts, requires, and perhaps a text, build-backend, and a list of texts, "
    "backend-path"
)


@dataclass(frozen=True)
class Backend:
    """What builds a project, as its ``pyproject.toml`` says, and what must be installed first."""

    name: str
    path: tuple[str, ...]
    requirements: tuple[str, ...]


def read_backend(project: Path, name: str) -> Backend:
    """What builds the project in a folder, as the packaging standards say; ``name`` is what to call the project.

    Raises MetaError for a folder without a project, and for a ``pyproject.toml`` that breaks the standards: it quotes
    the line or the entry, where a backend would only show where in its own code it stopped.
    """
    file = project / "pyproject.toml"
    if not file.is_file():
        if (project / "setup.py").is_file():
            return Backend(LEGACY_BACKEND, (), DEFAULT_REQUIREMENTS)
        raise MetaError(ErrorCode.NO_PROJECT, f"{name} holds neither pyproject.toml nor setup.py")
    data = _read(file, name)
    if faults := list(_faults(data.get("project"))):
        what = f"{name} cannot be installed: its pyproject.toml has entries that are no requirement or no version"
        raise MetaError(ErrorCode.NO_PROJECT, what, "; ".join(faults)[:600], "correct them, or what has written them")
    if "build-system" not in data:
        return Backend(LEGACY_BACKEND, (), DEFAULT_REQUIREMENTS)
    table = data["build-system"]
    if not isinstance(table, dict) or not _are_texts(table.get("requires")):
        raise _unclear(name)
    backend, path = table.get("build-backend"), table.get("backend-path", [])
    if not _are_texts(path) or not isinstance(backend, str | None):
        raise _unclear(name)
    return Backend(backend or LEGACY_BACKEND, tuple(path), tuple(table["requires"]))


def _read(file: Path, name: str) -> Mapping[str, object]:
    """The file's tables. Raises MetaError with the line that is not TOML."""
    hint = "correct it, or the script that has written it: as it is, nobody can build or install the package"
    text = ""
    try:
        text = file.read_text(encoding="utf-8")
        return tomllib.loads(text)
    except ValueError as error:
        why = str(error)[:300]
        if place := _LINE.search(why):
            line = text.splitlines()[int(place[1]) - 1 :][:1]
            why += f": {line[0].strip()[:200]}" if line else ""
        raise MetaError(ErrorCode.NO_PROJECT, f"{name}: its pyproject.toml cannot be read", why, hint) from None


def _faults(table: object) -> Iterator[str]:
    """A sentence for each version and each requirement of the table ``project`` that no installer would take.

    What has another form than the standards give it is left to the backend.
    """
    if not isinstance(table, dict):
        return
    version = table.get("version", "0")
    if isinstance(version, str):
        try:
            Version(version)
        except InvalidVersion:
            yield f"project.version is {version[:100]!r}"
    extras = table.get("optional-dependencies", {})
    lists = {"project.dependencies": table.get("dependencies")}
    lists |= {f"project.optional-dependencies.{extra}": texts for extra, texts in _items(extras)}
    for place, texts in lists.items():
        for number, text in enumerate(texts if _are_texts(texts) else []):
            try:
                Requirement(text)
            except InvalidRequirement as error:
                reason = (str(error).splitlines() or [""])[0]
                yield f"{place}[{number}] is {text[:100]!r} ({reason[:100]})"


def _items(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from value.items()


def _unclear(name: str) -> MetaError:
    return MetaError(ErrorCode.NO_PROJECT, f"{name}: its pyproject.toml does not say how it is built", _HOW_BUILT)


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
