"""JSON as the standard has it, read so that it means the same to every parser.

Python's own parser takes more (NaN, infinity, a number that is too large, half of a surrogate pair, one name twice),
and what it takes would be written to files that no other program reads.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

SAFE_INTEGER = (1 << 53) - 1
"""The largest integer that programs in other languages read as it is written."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""Where a text may have half of a surrogate pair, written as an escape or as it is."""


def strict_json(text: str | bytes) -> object:
    """The value of a text that is strictly JSON. Raises ValueError that says what is not."""
    try:
        data: object = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_without_twins
        )
    except RecursionError:
        raise ValueError("it nests too deep") from None
    if _SURROGATE.search(text if isinstance(text, str) else text.decode("latin-1")):
        try:
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("it has half of a surrogate pair") from None
    return data


def tolerant_json(text: str) -> Any:
    """The value of a text that holds what a package says: a number that JSON does not have is read as its name.

    Half of a surrogate pair is replaced. Raises ValueError for a text that cannot be read.
    """
    try:
        data = json.loads(text, parse_constant=str, parse_float=_finite_or_text, parse_int=_safe_or_text)
    except RecursionError:
        raise ValueError("it nests too deep") from None
    return json.loads(without_surrogates(json.dumps(data, ensure_ascii=False))) if "\\u" in text else data


def without_surrogates(text: str) -> str:
    """The text without halves of surrogate pairs, which many parsers refuse and no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large for a number")
    return number


def _finite_or_text(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text[:200]


def _safe_or_text(text: str) -> int | str:
    # Python refuses to read thousands of digits.
    return number if len(text) < 20 and abs(number := int(text)) <= SAFE_INTEGER else text[:200]


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:100]!r} is there twice")
    return table
