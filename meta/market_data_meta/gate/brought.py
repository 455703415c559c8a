"""What candidates bring along: libraries that no published release runs with, and where they are from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from market_data_meta.errors import MetaError
from market_data_meta.running import environments

_FROM = re.compile(r"^([A-Za-z0-9._-]+)==\S+\n(?:    # (?!from ).*\n)*    # from (\S+)", re.MULTILINE)
_USER = re.compile(r"(?<=://)[^/@]*@")


@dataclass(frozen=True)
class Brought:
    """A library that a candidate has brought along; ``origin`` is the index or the file that it comes from."""

    name: str
    version: str
    origin: str


def brought(entries: Iterable[str], python: str, as_of: str) -> tuple[Brought, ...]:
    """What these entries of locks name, by name. uv says which index each comes from, where that can be had."""
    found = []
    pinned: dict[str, str] = {}
    for entry in entries:
        head = entry.split(" \\\n")[0].strip()
        name, at, url = head.partition(" @ ")
        if at:
            found.append(Brought(name, _version(url), _USER.sub("", url)))
        else:
            name, _, version = head.partition("==")
            pinned[name] = version
    origins = _origins(pinned, python, as_of)
    found += [Brought(name, version, origins.get(name, "")) for name, version in pinned.items()]
    return tuple(sorted(found, key=lambda one: (one.name, one.version)))


def _version(url: str) -> str:
    try:
        return str(parse_wheel_filename(url.partition("#")[0].rpartition("/")[2])[1])
    except InvalidWheelFilename:
        return ""


def _origins(pinned: dict[str, str], python: str, as_of: str) -> dict[str, str]:
    if not pinned:
        return {}
    options = ["--python", python, "--only-binary", ":all:", "--exclude-newer", as_of, "--no-header", "--no-deps"]
    text = "\n".join(f"{name}=={version}" for name, version in pinned.items())
    try:
        said = environments.uv("pip", "compile", "-", *options, "--emit-index-annotation", text=text)
    except MetaError:
        return {}
    return {name: _USER.sub("", origin) for name, origin in _FROM.findall(said)}
