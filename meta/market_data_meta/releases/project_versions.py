"""Which versions of the packages a project asks for: read from requirements.txt, pyproject.toml or a lock file.

A file may hold much that is not about the packages under contract; that is passed over. What is about them must be
understood: a line that names one of them and cannot be read is an error, as an answer about other versions would be
wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from market_data_meta.errors import ErrorCode, MetaError, direct_reference
from market_data_meta.files import read_toml
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.requested_versions import VersionRequest
from market_data_meta.releases.requirements import binds

MAX_CHARACTERS = 20_000_000
"""The largest file that is read; a lock file of a large project has a tenth of it."""

# As pip reads its files: a comment begins a line or follows a space, and options follow the requirement.
_COMMENT_LINE = re.compile(r"\s*#")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_OPTIONS = re.compile(r"\s+--?[A-Za-z].*$")
_OTHER_FILE = re.compile(r"-[rc]|--(?:requirement|constraint)\b")
_EDITABLE = re.compile(r"-e|--editable\b")


@dataclass(frozen=True)
class FoundVersions:
    """What a project or an environment says of the packages' versions, and what there is to say of how it was read."""

    requests: tuple[VersionRequest, ...]
    notes: tuple[str, ...] = ()


def project_versions(file: Path, distributions: Mapping[str, str], python: str = PYTHON) -> FoundVersions:
    """What ``file`` asks of the packages, whose ``distributions`` are by package, on that interpreter.

    Raises MetaError where the file cannot be read, and where what it says of a package is not a published version.
    """
    names: dict[str, str] = {
        canonicalize_name(distribution): package for package, distribution in distributions.items()
    }
    if file.suffix not in (".toml", ".lock"):
        return _in_requirements(file, names, python)
    data = read_toml(file)
    tables: dict[str, Any] = data if isinstance(data, dict) else {}
    # uv.lock and poetry.lock have `package`, pylock.toml has `packages`.
    locked = tables.get("package", tables.get("packages"))
    if isinstance(locked, list):
        return _in_lock(file, locked, names)
    return _in_pyproject(file, tables, names, python)


def _in_requirements(file: Path, names: Mapping[str, str], python: str) -> FoundVersions:
    try:
        with file.open(encoding="utf-8-sig") as stream:
            text = stream.read(MAX_CHARACTERS)
    except OSError as error:
        raise MetaError(ErrorCode.UNREADABLE, f"cannot read {file}", str(error.strerror)) from None
    except ValueError as error:
        raise MetaError(ErrorCode.BAD_FILE, f"{file} is not UTF-8 text", str(error)) from None
    found, notes = [], []
    for number, line in requirement_lines(text):
        place = f"{file.name} line {number}"
        if _OTHER_FILE.match(line):
            notes.append(f"{place}: {line} is not followed")
        elif not line.startswith("-") or _EDITABLE.match(line):
            found.append((place, _OPTIONS.sub("", line)))
    return FoundVersions(_joined(found, names, python), tuple(notes))


def requirement_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a requirements.txt with their numbers: continued ones joined, comments and empty ones left out."""
    parts: list[str] = []
    first = 0
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        first = first if parts else number
        is_comment = bool(_COMMENT_LINE.match(line))
        if line.endswith("\\") and not is_comment and number < len(lines):
            parts.append(line.removesuffix("\\"))
            continue
        # A comment ends a continued line, and needs a space before it to be seen as one.
        joined = "".join([*parts, f" {line}" if is_comment else line.removesuffix("\\")])
        parts = []
        if stripped := _COMMENT.sub("", joined).strip():
            yield first, stripped


def _in_pyproject(file: Path, tables: Mapping[str, Any], names: Mapping[str, str], python: str) -> FoundVersions:
    project = _table(tables.get("project"))
    found = [(f"{file.name} [project]", line) for line in _texts(project.get("dependencies"))]
    # All groups together: what one includes is then read with the other.
    for group, lines in _table(tables.get("dependency-groups")).items():
        found += [(f"{file.name} group {group}", line) for line in _texts(lines)]
    tool = _table(tables.get("tool"))
    for name in _table(_table(tool.get("uv")).get("sources")):
        if canonicalize_name(name) in names:
            raise direct_reference(f"{file.name} [tool.uv.sources]", [name])
    poetry = _table(_table(tool.get("poetry")).get("dependencies"))
    unread = [name for name in poetry if canonicalize_name(name) in names]
    notes = [f"{file.name}: [tool.poetry.dependencies] is not read; its poetry.lock can be"] if unread else []
    # Groups are what the project itself is worked on with. An extra is left to whoever installs the project, and two of
    # them may exclude each other.
    for extra, lines in _table(project.get("optional-dependencies")).items():
        about = [line for line in _texts(lines) if _mentioned(line, names)]
        notes += [f"{file.name}: extra {extra} is not read, which asks for {', '.join(about)}"] if about else []
    return FoundVersions(_joined(found, names, python), tuple(notes))


def _in_lock(file: Path, locked: Iterable[object], names: Mapping[str, str]) -> FoundVersions:
    found: dict[str, VersionRequest] = {}
    for entry in map(_table, locked):
        name, version = str(entry.get("name", "")), str(entry.get("version", ""))
        package = names.get(canonicalize_name(name))
        if package is None:
            continue
        source = _table(entry.get("source"))
        from_index = not source or "registry" in source or source.get("type") == "legacy"
        if not from_index or not entry.keys().isdisjoint(("vcs", "directory", "archive")):
            raise direct_reference(file.name, [name])
        request = _request(package, f"{name}=={version}", file.name)
        if (twice := found.get(package)) and twice != request:
            what = f"{file.name} locks {name} twice: {twice.exact} and {version}"
            raise MetaError(ErrorCode.TWICE, what, hint=f"name one of them: {package}=={version}")
        found[package] = request
    return FoundVersions(tuple(found.values()))


def _joined(lines: Iterable[tuple[str, str]], names: Mapping[str, str], python: str) -> tuple[VersionRequest, ...]:
    """What the requirements say of each package, all lines about it together, each with the place where it stands."""
    specifiers: dict[str, SpecifierSet] = {}
    places: dict[str, list[str]] = {}
    for place, line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            if meant := _mentioned(line, names):
                raise _unreadable(place, line, meant, str(error)) from None
            continue
        package = names.get(canonicalize_name(requirement.name))
        if package is None or not binds(line, python):
            continue
        if requirement.url:
            raise direct_reference(place, [line])
        specifiers[package] = specifiers.get(package, SpecifierSet()) & requirement.specifier
        places.setdefault(package, []).append(place)
    return tuple(
        VersionRequest(package, str(specifier), " and ".join(dict.fromkeys(places[package])))
        for package, specifier in specifiers.items()
    )


def _request(package: str, requirement: str, place: str) -> VersionRequest:
    try:
        return VersionRequest(package, str(Requirement(requirement).specifier), place)
    except InvalidRequirement as error:
        raise _unreadable(place, requirement, package, str(error)) from None


def _mentioned(line: str, names: Mapping[str, str]) -> str | None:
    """The distribution that a line which is no requirement is about, such as a path to its wheel; None if it is none's.

    The longest name counts: one may begin as another does.
    """
    text = re.sub("[-_]+", "-", line.lower())
    found = [name for name in names if re.search(rf"(?<![a-z0-9-]){re.escape(name)}(?![a-z0-9]|-[a-z])", text)]
    return max(found, key=len, default=None)


def _unreadable(place: str, line: str, name: str, why: str) -> MetaError:
    if "/" in line or line.startswith("-"):
        return direct_reference(place, [line])
    what = f"{place} is about {name} and cannot be read: {line}"
    return MetaError(ErrorCode.BAD_FILE, what, " ".join(why.split())[:300], "write NAME==VERSION or NAME>=VERSION")


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
