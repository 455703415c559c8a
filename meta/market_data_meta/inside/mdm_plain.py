"""What a check expected or got, as JSON holds it: read alike by every parser, and bounded in size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

_EXACT_BITS, _READABLE_BITS = 53, 10_000
LONGEST_TEXT = 2_000
"""Characters of a text; what is longer ends there."""


def plain(value: object, depth: int = 6) -> Any:
    """``value`` as JSON can hold it, bounded in size; what JSON cannot say, NaN too, becomes its ``repr``.

    So does an integer that other programs would round.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() <= _EXACT_BITS:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if depth and isinstance(value, dict):
        return {_text(key, str)[:200]: plain(item, depth - 1) for key, item in list(value.items())[:200]}
    if depth and isinstance(value, list | tuple):
        return [plain(item, depth - 1) for item in list(value)[:200]]
    return _text(value)[:LONGEST_TEXT]


def _text(value: object, form: Callable[[object], str] = repr) -> str:
    if type(value) is str:
        # Half of a surrogate pair is nothing that a file can hold.
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and value.bit_length() > _READABLE_BITS:
        # Python refuses to write thousands of digits.
        return f"an integer of {value.bit_length()} bits"
    try:
        return form(value)
    except Exception as error:  # noqa: BLE001 - the packages may have written the method; it costs the text only
        return f"{type(value).__name__} without a text: {type(error).__name__}"
