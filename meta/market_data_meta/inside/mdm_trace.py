"""Which lines of the packages a check executes, where a plan asks for it: so it is known what a change can touch."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Lines = dict[str, list[int]]


def merged(several: Iterable[Lines]) -> Lines:
    """The lines that any of several have."""
    whole: dict[str, set[int]] = {}
    for lines in several:
        for file, numbers in lines.items():
            whole.setdefault(file, set()).update(numbers)
    return {file: sorted(numbers) for file, numbers in whole.items()}


@contextmanager
def traced(folders: list[str]) -> Iterator[Lines]:
    """The lines executed in the block, by file below one of ``folders``; filled when the block ends."""
    found: dict[str, set[int]] = {}
    prefixes = tuple(f"{folder.rstrip('/')}/" for folder in folders)
    lines: Lines = {}

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            found[frame.f_code.co_filename].add(frame.f_lineno)
        return line

    def call(frame: FrameType, _: str, __: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(prefixes):
            return None
        found.setdefault(name, set())
        return line

    threading.settrace(call)
    sys.settrace(call)
    try:
        yield lines
    finally:
        sys.settrace(None)
        threading.settrace(None)
        for name, numbers in found.items():
            prefix = next(one for one in prefixes if name.startswith(one))
            lines[name.removeprefix(prefix)] = sorted(numbers)
