"""The seal of a record: each line vouches for all before it, with a secret that only the run and the tool know.

So a record that was written by somebody else, taken from another run, cut, or written into, is not taken for this
run's. It is no proof against code that finds the secret in the memory of the process that it shares with the suite.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from json import dumps
from typing import Any

_DIGITS = 32
_MARK = ', "seal": "'


def control(secret: str) -> str:
    """What the control that must fail is to expect in this run."""
    return hmac.new(secret.encode(), b"control", sha256).hexdigest()[:_DIGITS]


class Seal:
    """Seals line after line."""

    def __init__(self, secret: str) -> None:
        self._key, self._last = secret.encode(), ""

    def sealed(self, data: Mapping[str, Any]) -> str:
        """The line, without its break, that says ``data``."""
        text = dumps(data)
        self._last = self._next(text)
        return f'{text[:-1]}{_MARK}{self._last}"}}'

    def opened(self, line: str) -> str | None:
        """The line as it was before it was sealed, or None if it does not follow what was opened before it."""
        body, _, rest = line.rpartition(_MARK)
        text = f"{body}}}"
        seal = self._next(text)
        if not hmac.compare_digest(rest.encode(), f'{seal}"}}'.encode()):
            return None
        self._last = seal
        return text

    def _next(self, text: str) -> str:
        return hmac.new(self._key, f"{self._last}\n{text}".encode(), sha256).hexdigest()[:_DIGITS]
