"""Which environment variables the packages read, seen from the reading; and how people spell what they set."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FrameType
from typing import Any

import describing

SPELLINGS = (
    *("true", "True", "1", "yes", "on", "false", "0", "no", "off", "", "gärbage", "-1", "2.5", "70000", " 7 "),
    *('["a", "b"]', '{"a": 1}', "a,b", "/no/where", "redis://h:1/2"),
)
"""What people write into a variable, whatever it is for."""
FOR_FIELDS = ("true", "on", "0", "", "gärbage", "-1", "2.5", "70000", " 7 ", '["a", "b"]', '{"a": 1}', "a,b")
"""Those of them that are enough where pydantic reads them for a field."""
BY_NAME = (
    (r"LEVEL", ("DEBUG", "debug", "Warning")),
    (r"MODE|ENFORCEMENT|POLICY|STRATEGY", ("strict", "STRICT", "warn", "legacy", "provider", "classic", "dag")),
    (r"BACKEND|DRIVER|PROVIDER|KIND|TYPE", ("inmem", "redis", "REDIS", "kafka", "synthetic")),
    (r"TRACK|VERSION", ("v1", "v2", "V2")),
    (r"PROFILE|ENV|STAGE", ("dev", "prod", "PROD")),
    (r"URL|URI|DSN", ("postgresql://u:p@h:1/d", "https://h.example/p/")),
)
"""Words that only some variables know."""
_READERS = ("os", "_collections_abc", "collections.abc", __name__)


class Trace:
    """The variables that code of the packages asks for by name: by the module that is being imported, or by a call."""

    def __init__(self) -> None:
        self.at_import: dict[str, set[str]] = {}
        self._called: set[str] | None = None

    def install(self) -> None:
        """Have each reading noted from now on."""
        real = type(os.environ)
        trace = self

        class Environ(real):  # type: ignore[valid-type]
            def __getitem__(self, name: str) -> Any:
                trace.note(name, sys._getframe(1))
                return real.__getitem__(self, name)

        if real.__name__ != "Environ":
            os.environ.__class__ = Environ

    def note(self, name: object, frame: FrameType | None) -> None:
        """Remember who reads it."""
        while frame is not None and frame.f_globals.get("__name__") in _READERS:
            frame = frame.f_back
        if frame is None or not isinstance(name, str) or not _is_own(frame):
            return
        if self._called is not None:
            self._called.add(name)
        while frame is not None:
            if frame.f_code.co_name == "<module>" and _is_own(frame):
                self.at_import.setdefault(str(frame.f_globals["__name__"]), set()).add(name)
                return
            frame = frame.f_back

    @contextlib.contextmanager
    def called(self) -> Iterator[set[str]]:
        """The variables that are read meanwhile."""
        self._called = found = set[str]()
        try:
            yield found
        finally:
            self._called = None


TRACE = Trace()


def _is_own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).split(".")[0] in describing.PACKAGES


def spellings(name: str, texts: Iterable[str] = SPELLINGS) -> list[str]:
    """What to set a variable of this name to."""
    return [word for pattern, words in BY_NAME if re.search(pattern, name) for word in words] + list(texts)


@contextlib.contextmanager
def variables(**values: str) -> Iterator[None]:
    """The process with these variables set, and without them afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def names_in(code: CodeType) -> set[str]:
    """The names of globals and attributes that a function uses, and the functions in it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= names_in(constant)
    return names
