"""A recording of a stream: what a producer has put on it, with all that differs from run to run replaced.

Equal recordings have equal names, so that consumers read once what many producers write. What is replaced is still
what it was to a consumer: a time is a time in the same unit, and a hash that fitted its payload fits it again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_TIMES = (
    (re.compile(r'("ts"\s*:\s*)\d{10}\.\d+(?=\s*[,}])'), r"\g<1>1700000000.25"),
    (re.compile(r'("ts"\s*:\s*)\d{10}(?=\s*[,}])'), r"\g<1>1700000000"),
    (re.compile(r'("ts"\s*:\s*)\d{13}(?=\s*[,}])'), r"\g<1>1700000000250"),
)
_ID = re.compile(r'("id"\s*:\s*")[^"\\]+(?=")')
_HASH = re.compile(r'("hash"\s*:\s*")([0-9a-f]{64})(?=")')
_DIGITS = re.compile(r"[0-9a-f]{64}")
_NO_HASH = "0" * 64


@dataclass(frozen=True)
class Recording:
    """The fields of each entry of a stream, in the stream's order, normalised."""

    stream: str
    entries: tuple[dict[str, str], ...]

    @classmethod
    def of(cls, stream: str, entries: Sequence[dict[str, str]]) -> Recording:
        """The recording of what was read from a stream; bytes that are no UTF-8 stand as lone surrogates."""
        return cls(stream, tuple({name: normalised(text) for name, text in entry.items()} for entry in entries))

    @property
    def name(self) -> str:
        """16 digits of the SHA-256 of its bytes: compact JSON of ASCII, with the names of members in order."""
        text = json.dumps({"stream": self.stream, "entries": self.entries}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]

    def extends(self, earlier: Recording) -> bool:
        """Whether it says all that an earlier one says, in the same places, and perhaps more: what a reader ignores."""
        pairs = zip(self.entries, earlier.entries, strict=False)
        same = (self.stream, len(self.entries)) == (earlier.stream, len(earlier.entries))
        return same and all(_contains(_read(entry), _read(other)) for entry, other in pairs)

    def text(self, producers: Sequence[str]) -> str:
        """The file of the archive: the recording, and the producers from which it was taken."""
        recorded = {"stream": self.stream, "entries": self.entries, "producers": list(producers)}
        return json.dumps(recorded, indent=2) + "\n"


def normalised(text: str) -> str:
    """The text of a field, byte by byte as it was but for its times, identifiers and hashes.

    A hash becomes the one of the payload as it is now, if it fitted the payload as it was, and zeros otherwise.
    """
    try:
        fitted = [found == expected for found, expected in _hashes(json.loads(text))]
    except ValueError:
        return text
    for pattern, time in _TIMES:
        text = pattern.sub(time, text)
    text = _ID.sub(r"\g<1>0-0", text)
    # The innermost first: the hash of a payload covers the hashes within it.
    for number in reversed(range(len(fitted))):
        place = list(_HASH.finditer(text))[number]
        fitting = [expected for _, expected in _hashes(json.loads(text))][number]
        text = text[: place.start(2)] + (fitting if fitted[number] else _NO_HASH) + text[place.end(2) :]
    return text


def _read(entry: dict[str, str]) -> dict[str, Any]:
    """The fields of an entry, those that are JSON as the values that they write."""
    values: dict[str, Any] = {}
    for name, text in entry.items():
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def _contains(value: Any, part: Any) -> bool:
    """Whether an object has all members of another one; the hash of a payload follows from the payload."""
    if isinstance(value, dict) and isinstance(part, dict):
        return all(
            name in value and (_contains(value[name], member) or (name == "hash" and type(value[name]) is type(member)))
            for name, member in part.items()
        )
    if isinstance(value, list) and isinstance(part, list):
        return len(value) == len(part) and all(map(_contains, value, part))
    return bool(value == part and type(value) is type(part))


def payload_hash(payload: Any) -> str:
    """The SHA-256 of a payload's JSON as Pydantic writes it: compact, in the order of the members, in UTF-8."""
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _hashes(value: Any, around: Any = None) -> Iterator[tuple[str, str]]:
    """Each hash in the text's order, with the one that would fit the payload beside the object that it is in."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        if name == "hash" and isinstance(member, str) and _DIGITS.fullmatch(member):
            yield member, payload_hash(around.get("payload") if isinstance(around, dict) else None)
        else:
            yield from _hashes(member, value)
