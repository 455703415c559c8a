"""Which lines of the packages a check executes, where a plan asks for it: so it is known what a change can touch."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Lines = dict[str, list[int]]


def merged(traces: Iterable[Lines]) -> Lines:
    """The lines that are in any of the traces."""
    union: dict[str, set[int]] = {}
    for lines in traces:
        for file, numbers in lines.items():
            union.setdefault(file, set()).update(numbers)
    return {file: sorted(numbers) for file, numbers in union.items()}


@contextmanager
def traced(folders: Iterable[str]) -> Iterator[Lines]:
    """The lines executed in the block, by file below one of ``folders``; filled when the block ends."""
    executed: dict[str, set[int]] = {}
    prefixes = tuple(f"{folder.rstrip('/')}/" for folder in folders)
    lines: Lines = {}

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            executed[frame.f_code.co_filename].add(frame.f_lineno)
        return line

    def call(frame: FrameType, _: str, __: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(prefixes):
            return None
        executed.setdefault(name, set())
        return line

    threading.settrace(call)
    sys.settrace(call)
    try:
        yield lines
    finally:
        sys.settrace(None)
        threading.settrace(None)
        for name, numbers in executed.items():
            prefix = next(prefix for prefix in prefixes if name.startswith(prefix))
            lines[name.removeprefix(prefix)] = sorted(numbers)
