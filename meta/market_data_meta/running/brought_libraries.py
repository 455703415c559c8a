"""The libraries that candidates bring along: no published release runs with them. Where each comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from market_data_meta.errors import MetaError
from market_data_meta.results.parts import BroughtLibrary
from market_data_meta.running import environments

_ORIGIN = re.compile(r"^([A-Za-z0-9._-]+)==\S+\n(?:    # (?!from ).*\n)*    # from (\S+)", re.MULTILINE)
_USER = re.compile(r"(?<=://)[^/@]*@")


def brought_libraries(lock_entries: Iterable[str], python: str, as_of: str) -> tuple[BroughtLibrary, ...]:
    """The libraries that these entries of locks name, by name.

    uv says from which index a pinned library comes; ``origin`` is empty where it cannot say.
    """
    libraries = []
    pins: dict[str, str] = {}
    for entry in lock_entries:
        head = entry.split(" \\\n")[0].strip()
        name, separator, url = head.partition(" @ ")
        if separator:
            libraries.append(BroughtLibrary(name=name, version=_version(url), origin=_USER.sub("", url)))
        else:
            name, _, version = head.partition("==")
            pins[name] = version
    origins = _origins(pins, python, as_of)
    libraries += [
        BroughtLibrary(name=name, version=version, origin=origins.get(name, "")) for name, version in pins.items()
    ]
    return tuple(sorted(libraries, key=lambda library: (library.name, library.version)))


def _version(url: str) -> str:
    try:
        return str(parse_wheel_filename(url.partition("#")[0].rpartition("/")[2])[1])
    except InvalidWheelFilename:
        return ""


def _origins(pins: dict[str, str], python: str, as_of: str) -> dict[str, str]:
    """The index or folder that each pinned library comes from, as far as uv says."""
    if not pins:
        return {}
    options = ["--python", python, "--exclude-newer", as_of, "--no-header", "--no-deps"]
    text = "\n".join(f"{name}=={version}" for name, version in pins.items())
    try:
        output = environments.uv("pip", "compile", "-", *options, "--emit-index-annotation", text=text)
    except MetaError:
        return {}
    return {name: _USER.sub("", origin) for name, origin in _ORIGIN.findall(output)}
