"""Commands that a package starts: they are recorded, and end well or not as the mood is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from typing import Any

from edge import EDGE


def _status() -> int:
    return 1 if EDGE.answer() not in ("well", "empty") else 0


def _ended(arguments: Any, options: dict[str, Any]) -> subprocess.CompletedProcess[Any]:
    shown = {name: value for name, value in options.items() if name in ("cwd", "shell", "timeout", "input", "check")}
    EDGE.note(command=arguments, options=shown, variables=_variables(options.get("env")))
    if EDGE.mood == "refuses":
        raise FileNotFoundError(2, "No such file or directory")
    empty: Any = "" if options.get("text") or options.get("universal_newlines") or options.get("encoding") else b""
    done = subprocess.CompletedProcess(arguments, _status(), empty, empty)
    if options.get("check"):
        done.check_returncode()
    return done


def _variables(given: Any) -> Any:
    """The variables that a command gets beside those of this process."""
    return None if given is None else {key: value for key, value in given.items() if os.environ.get(key) != value}


def _run(arguments: Any, **options: Any) -> Any:
    return _ended(arguments, options)


def _call(arguments: Any, **options: Any) -> int:
    return int(_ended(arguments, options).returncode)


def _check_call(arguments: Any, **options: Any) -> int:
    return int(_ended(arguments, options | {"check": True}).returncode)


def _check_output(arguments: Any, **options: Any) -> Any:
    return _ended(arguments, options | {"check": True}).stdout


def _system(command: str) -> int:
    return int(_ended(command, {"shell": True}).returncode)


def install() -> None:
    """Put the doubles in the place of what starts commands, while an observation is made and only then."""
    for owner, name, double in (
        (subprocess, "run", _run),
        (subprocess, "call", _call),
        (subprocess, "check_call", _check_call),
        (subprocess, "check_output", _check_output),
        (os, "system", _system),
    ):
        setattr(owner, name, _while_at_work(getattr(owner, name), double))


def _while_at_work(real: Callable[..., Any], double: Callable[..., Any]) -> Callable[..., Any]:
    def chosen(*args: Any, **kwargs: Any) -> Any:
        return (double if EDGE.at_work else real)(*args, **kwargs)

    return chosen
