"""What distinguishes a failure of a clause from its other failures: what failed, and not how it is put."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdm_raised import Raised

# Addresses in memory and paths differ from run to run and from machine to machine: a failure that differs only in them
# is the same failure.
_VOLATILE = (
    (re.compile(r"0x[0-9a-fA-F]+"), "0x…"),
    (
        re.compile(
            r"(?<![\w.])/(home|root|tmp|opt|usr|var|srv|mnt|private|Users|runner|builds|github|__w)/[^\s:;,'\"()]*"
        ),
        "…",
    ),
)


def fingerprint(message: str | None, got: Any, raised: Raised | None) -> str:
    """Twelve digits that distinguish a failure from any other failure of the same clause.

    ``message`` says what was looked at. An exception of the packages is its type and the file that it arose in: how it
    is put may change.
    """
    failed = raised_in_packages(got, raised)
    text = json.dumps(
        [message, [failed.kind, failed.file, failed.importing] if failed else got], sort_keys=True, ensure_ascii=False
    )
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def raised_in_packages(got: Any, raised: Raised | None) -> Raised | None:
    """The exception, if it is what was got and arose in a file of the packages."""
    is_got = raised is not None and isinstance(got, str) and got.startswith(raised.kind)
    return raised if raised and raised.file and is_got else None
