"""A clause that is written from an observation: its value, and the body that its check begins with. Pure functions."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator

from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.judging.new_clauses import toml_text
from market_data_meta.judging.observed_runs import UNSTABLE, ObservedSide, area_of, symbol_of

OBSERVED = "observed"
"""The name of the value in the clause's ``expect``."""
NAMED = 10
"""Observations that are named where what was asked for is none, or several."""
PLAIN = ("[plain]", "[]")
"""The cases of a request without anything odd, and of a call without arguments."""
_REQUEST = re.compile(r"http:([\w.]+) ([A-Z]+) (/[^\s\[]*)")
_OBJECT = re.compile(r"(?:api|models|settings|functions|lives|wire|metrics):(\w+(?:\.\w+)+)")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def observation_named(side: ObservedSide, name: str, release: str) -> tuple[str, str]:
    """The key and the value (a JSON text) of the observation that a name means.

    It is a key, or what keys have in common up to their cases (``http:GET /health``), if one of them is plain or alone.
    Raises MetaError where there is none, or more than one, and where the release does not always show the same.
    """
    keys = [name] if name in side.values else [key for key in side.values if name in _names(key)]
    if len(plain := [key for key in keys if key.endswith(PLAIN)]) == 1:
        keys = plain
    if len(keys) == 1:
        if UNSTABLE not in side.values[keys[0]]:
            return keys[0], side.values[keys[0]]
        why = "parts of it are otherwise in each run"
        raise undecided(ErrorCode.NO_OBSERVATIONS, f"{name} of {release} is nothing to rely on", why)
    if keys:
        what, why = f"{name} is {len(keys)} observations", _listed(keys)
        raise MetaError(ErrorCode.BAD_CLAUSE, what, why, "name one of them with --from")
    if name in side.unstable or side.unit_of(name):
        why = "two runs show two values" if name in side.unstable else "it had no value in some run"
        raise undecided(ErrorCode.NO_OBSERVATIONS, f"{name} of {release} is nothing to rely on", why)
    near = difflib.get_close_matches(name, [each for key in side.values for each in (key, *_names(key))], NAMED)
    hint = f"did you mean {_listed(list(dict.fromkeys(near)))}?" if near else "take an id that mdmeta gate prints"
    raise MetaError(ErrorCode.BAD_CLAUSE, f"nothing is observed of {release} as {name}", hint=hint)


def _names(key: str) -> Iterator[str]:
    """What a key may be called: its symbol, without its case, and (a request) without its application."""
    case = key.partition("[")[0]
    yield from (symbol_of(key), case)
    if area_of(key) == "http" and (request := _REQUEST.match(key)):
        short = f"http:{request[2]} {request[3]}"
        yield from (short, key.replace(f"{request[1]} ", "", 1))


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return f"{', '.join(keys[:NAMED])}{more}"


def expected_observation(value: str) -> str:
    """A value as it is written in TOML; one that TOML has no words for, as null, is a text of JSON."""
    data = json.loads(value)
    try:
        return _toml(data)
    except ValueError:
        return _toml(value)


def _toml(data: object) -> str:
    match data:
        case bool() | int() | float():
            return json.dumps(data)
        case str():
            return toml_text(data)
        case list():
            return f"[{', '.join(map(_toml, data))}]"
        case dict():
            pairs = (f"{key if _BARE_KEY.fullmatch(key) else _toml(key)} = {_toml(item)}" for key, item in data.items())
            return f"{{ {', '.join(pairs)} }}" if data else "{}"
        case _:
            raise ValueError(data)


def check_lines(key: str) -> list[str]:
    """The lines of a check that use what an observation was made of. What they got is called ``got``."""
    lines = [f"# It was observed as {key}"]
    if request := _REQUEST.match(key):
        app, method, path = request.groups()
        return [
            "import pkgutil",
            "",
            "from mdc_asgi import serving",
            "",
            *lines,
            f"async with serving(pkgutil.resolve_name({json.dumps(app)})) as client:",
            f"    response = await client.request({json.dumps(method)}, {json.dumps(path)})",
            'got = {"status": response.status_code, "body": {"text": response.text}}',
        ]
    if found := _OBJECT.match(key):
        called = "" if area_of(key) == "api" else "(...)"
        return ["import pkgutil", "", *lines, f"got = pkgutil.resolve_name({json.dumps(found[1])}){called}"]
    return [*lines, "got = ..."]
