"""Which package indexes the user's uv is set up to use, read as uv reads them, so that both ask the same ones."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.files import read_toml


@dataclass(frozen=True)
class PackageIndex:
    """An index by the address of its simple API, with the credentials for it, which are no part of the address."""

    url: str
    user: str = ""
    password: str = ""


def configured_indexes(environment: Mapping[str, str] = os.environ) -> tuple[PackageIndex, ...]:
    """The indexes in the order in which uv asks them for a project: the first that has it is the one that counts.

    The default index comes last. It is the one that uv is told, else the one that pip is told, else the public index.
    """
    settings = list(_uv_settings(environment))
    entries = [entry for file in settings for entry in _dicts(file.get("index"))]
    named = [(str(e.get("name", "")), str(e["url"])) for e in entries if "url" in e and not e.get("default")]
    defaults = [(str(e.get("name", "")), str(e["url"])) for e in entries if "url" in e and e.get("default")]
    defaults += [("", file["index-url"]) for file in settings if isinstance(file.get("index-url"), str)]
    words = f"{environment.get('UV_INDEX', '')} {environment.get('UV_EXTRA_INDEX_URL', '')}".split()
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if environment.get(variable, "").strip():
            defaults = [_named_url(environment[variable].strip())]
            break
    default = defaults[0] if defaults else ("", _index_of_pip(environment) or _public_index())
    ordered = [*map(_named_url, words), *named, default]
    return tuple(dict.fromkeys(_with_credentials(name, url, environment) for name, url in ordered))


def _public_index() -> str:
    # Imported here: it costs more to load than what is read from the cache.
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return PYPI_SIMPLE_ENDPOINT


def _named_url(text: str) -> tuple[str, str]:
    """The name and the address in ``name=url``; a ``=`` after a colon belongs to the address."""
    name, separator, url = text.partition("=")
    return (name, url) if separator and ":" not in name else ("", text)


def _with_credentials(name: str, url: str, environment: Mapping[str, str]) -> PackageIndex:
    """The index; its credentials stand in the address or in the variables that uv reads for an index of that name."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # Neither the address nor the error is shown: what was read as a port may be a part of a password.
        what = "the address of a package index cannot be read: it has no valid host and port"
        hint = "check the index your uv or pip is set up to use"
        raise undecided(ErrorCode.NO_INDEX, what, name and f"it is that of the index {name}", hint) from None
    address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/") + "/"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if name and not (user or password):
        prefix = f"UV_INDEX_{re.sub('[^A-Za-z0-9]', '_', name).upper()}"
        user, password = environment.get(f"{prefix}_USERNAME", ""), environment.get(f"{prefix}_PASSWORD", "")
    return PackageIndex(address, user, password)


def _uv_settings(environment: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What stands in uv's files of the user and of the machine, the user's first."""
    home = environment.get("XDG_CONFIG_HOME") or str(Path(environment.get("HOME", "/")) / ".config")
    for folder in (
        Path(home),
        Path(environment.get("XDG_CONFIG_DIRS", "").partition(":")[0] or "/etc/xdg"),
        Path("/etc"),
    ):
        file = folder / "uv" / "uv.toml"
        if file.is_file():
            settings = read_toml(file)
            yield settings if isinstance(settings, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _index_of_pip(environment: Mapping[str, str]) -> str:
    return environment.get("PIP_INDEX_URL") or _index_in_settings_of_pip()


@functools.cache
def _index_in_settings_of_pip() -> str:
    # It takes pip longer to say so than many a question to the index takes.
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
