"""What a check that failed had raised, the text of the exception and the place in the packages where it arose; and what
distinguishes its failure from others: what failed, and not how it is put.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from types import TracebackType
from typing import Any

LETTERS = 2000
"""What is kept of a text; one that was cut ends with an ellipsis."""
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


@dataclass(frozen=True)
class Raised:
    """An exception: its type and text, and the innermost line of the packages that it passed through, if any.

    ``file`` is relative to the folder that the package is imported from. The place of a syntax error is that of the
    error. ``importing`` says that it came while a module of the packages was being imported. ``function`` is the
    function, with its class, that the line is in.
    """

    kind: str
    text: str
    file: str | None = None
    line: int | None = None
    importing: bool = False
    function: str | None = None


def raised(error: BaseException, imports: Collection[str]) -> Raised:
    """The exception as a record keeps it. ``imports`` are the names of the top-level packages under test."""
    text = text_of(error)
    text = text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"
    kind, places = type(error).__name__, list(_places(error.__traceback__, imports))
    if isinstance(error, SyntaxError):
        file, line = _inside(str(error.filename), imports), error.lineno
        return Raised(kind, str(error.msg)[:LETTERS], file, line if isinstance(line, int) else None, file is not None)
    if not places:
        return Raised(kind, text)
    file, line, function = places[-1]
    return Raised(kind, text, file, line, any(place[2] == "<module>" for place in places), function)


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


def text_of(error: BaseException) -> str:
    """The text of an exception; one that the packages have made may raise another where it should say it."""
    try:
        return str(error)
    except Exception as other:  # noqa: BLE001 - whatever it is costs the text, and not the run
        return f"an exception without a text: {type(other).__name__}"


def _places(traceback: TracebackType | None, imports: Collection[str]) -> Iterator[tuple[str, int, str]]:
    """File, line and function of each frame that is the packages'."""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if file := _inside(code.co_filename, imports):
            yield file, traceback.tb_lineno, code.co_qualname
        traceback = traceback.tb_next


def _inside(file: str, imports: Collection[str]) -> str | None:
    """The path of a file of the packages below the folder that it is imported from; None for any other file."""
    for folder in sys.path:
        if folder and file.startswith(f"{folder.rstrip('/')}/"):
            path = PurePath(file).relative_to(folder)
            if path.parts[0] in imports:
                return path.as_posix()
    return None
