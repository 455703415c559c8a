"""What is to be seen of an HTTP answer: status, headers that clients act on, and a body without wording."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from asgi import Answer
from describing import Json, describe, masked
from expositions import families_in, is_exposition

_HEADERS = re.compile(
    r"^(location|cache-control|www-authenticate|allow|retry-after|vary|content-disposition|etag|link|deprecation|sunset|access-control-.*|x-.*)$"
)
_WORDING = frozenset({"detail", "message", "msg", "error", "reason", "description"})
_VERSION = re.compile(r"^v?\d+\.\d+\.\d+\S*$")
_FAILED = 400


def answer_seen(answer: Answer) -> Json:
    """An answer as a client sees it; what an error says in words is left out."""
    seen: dict[str, Json] = {"status": answer.status}
    headers = dict(answer.headers)
    if "content-type" in headers:
        seen["content type"] = headers["content-type"]
    if told := {name: masked(value) for name, value in sorted(headers.items()) if _HEADERS.match(name)}:
        seen["headers"] = told
    if answer.parts and any(answer.parts):
        seen["body"] = _body(b"".join(answer.parts), failed=(answer.status or 0) >= _FAILED)
    if len(answer.parts) > 2:
        seen["parts"] = len(answer.parts)
    if answer.sent:
        seen["sent"] = answer.sent
    if answer.seconds:
        seen["virtual seconds"] = answer.seconds
    if answer.ended:
        seen["ended"] = answer.ended
    return seen


def _body(body: bytes, *, failed: bool) -> Json:
    text = body.decode("utf-8", "replace")
    try:
        return {"json": _values(json.loads(text), failed=failed)}
    except ValueError:
        if is_exposition(text):
            return {"exposition": {name: family["type"] for name, family in families_in(text).items()}}
        if text.lstrip().lower().startswith("<"):
            return {"markup": True}
        return {"text": "<words>" if failed else masked(text)[:500]}


def _values(value: Any, *, failed: bool, name: str = "") -> Json:
    """The values in a body: of a list of pydantic's errors their kinds and places, of wording that it is there."""
    if isinstance(value, Mapping):
        if {"type", "loc", "msg"} <= set(value):
            return {
                "type": value["type"],
                "loc": ".".join(map(str, value["loc"])),
                "also": dict.fromkeys(sorted(value), True),
            }
        return {key: _values(part, failed=failed, name=key) for key, part in value.items()}
    if isinstance(value, list):
        return [_values(part, failed=failed, name=name) for part in value]
    if isinstance(value, str):
        if _VERSION.match(value) and "version" in name:
            return "<version>"
        return "<words>" if failed and name in _WORDING else describe(value)
    return describe(value)


def ids_in(body: Any) -> dict[str, str]:
    """The values in a body that a later request may name: those of fields that are called an id or a key."""
    found: dict[str, str] = {}
    if isinstance(body, Mapping):
        for name, value in body.items():
            if isinstance(value, str | int) and re.search(r"(^|_)(id|key|name|job|symbol)$", name):
                found[name] = str(value)
    return found
