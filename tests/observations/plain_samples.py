"""Samples that need no annotation: of a value, of a file, and by the name of a parameter."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from collaborators import Method
from given_files import CONTENTS, file_of, new_folder
from known_values import SECONDS_AGO, of_name
from plausible import Row

CALLABLE = "callable"
"""What a function that is handed over is labelled."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """A value to be made anew for each call, and what it is called in an observation's id."""

    label: str
    make: Callable[[], Any]
    value: Any = None
    """The value, where it is always the same one."""
    made: Any = None
    """How it is made, where it is an instance of a class: the call of the constructor, among others."""


def literal(value: Any) -> Sample:
    """A sample of a value that nobody can change."""
    return Sample(repr(value)[:40], lambda: value, value)


def _some_seconds_ago() -> float:
    return time.time() - SECONDS_AGO


SOME_SECONDS_AGO = Sample("some seconds ago", _some_seconds_ago)


def unknown(name: str) -> list[Sample]:
    """Samples of what nothing is said of but a name."""
    others = [literal("abc"), literal(3), literal(None), Sample("{'a': 1}", lambda: {"a": 1})]
    if re.search(r"(^|_)(fn|func|function|callback|cb|handler|factory|predicate|hook|pricer|on)(_|$)", name):
        return [Sample(CALLABLE, lambda: Method(name)), *others]
    if re.search(r"count|size|^n$|num|max|min|limit|seconds|timeout|_ms$|rate|capacity|price|volume|ratio|value", name):
        return [literal(3), literal(2.5), literal(-1), *others[:1], literal(None)]
    return [Sample("thing", Row), *others]


def by_name(name: str) -> list[Sample]:
    """Samples of a text of this name; none where it says nothing."""
    if re.search(r"path|(?<!pro)file|folder|^dir|directory", name, re.IGNORECASE):
        return [
            Sample("new path", lambda: str(pathlib.Path(new_folder()) / "file.json")),
            Sample("missing path", lambda: str(pathlib.Path(tempfile.gettempdir()) / "missing" / "file.json")),
            *files(str)[2:],
        ]
    return [literal(value) for value in of_name(name)]


def files(kind: Callable[[str], Any]) -> list[Sample]:
    """A file of each form, by its path."""
    return [Sample(name, partial(file_of, kind, name)) for name in CONTENTS]
