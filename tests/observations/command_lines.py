"""The commands of a program with their parameters, read from click, typer or argparse: all but help texts."""

from __future__ import annotations

import argparse
import dataclasses
import enum
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from config_files import GENERIC, WRONG
from describing import Json, describe

GIVEN_FILE, OTHER_FILE, WRONG_FILE, BROKEN_FILE = "given.yaml", "other.yaml", "wrong.yaml", "broken.yaml"
PACKED_FILE = "packed.yaml"
"""What is given, packed by gzip, whatever its name says."""
_WORDS = re.compile(r"\b(\w+)(?:\|\w+)+")
"""What people write into a help text who check a word themselves."""
_FILE = re.compile(r"path|file|config|dir|folder|^out|^src|^dest", re.IGNORECASE)
_FAR_AWAY = "2024-03-01T09:30:15-05:00"
"""A time as it is written where clocks are hours behind."""
_BY_NAME = (
    (r"date|time|start|end|since|until|^ts|asof|as_of", "2024-03-01T14:30:15+00:00"),
    (r"dsn|database", "postgresql://u:p@127.0.0.1:5432/d"),
    (r"url|uri", "http://127.0.0.1:8080/x"),
    (r"json|payload|meta", '{"a": 1}'),
    (r"symbols?$", "AAPL"),
    (r"tenant|uuid|_id$|^id$", "00000000-0000-0000-0000-000000000007"),
    (r"price|open|high|low|close|strike|value|volume|iv|ratio|rate", "2.5"),
    (r"port|count|limit|size|batch|max|workers|days|seconds|number", "3"),
)


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of a command: an option with its spellings, or an argument without one."""

    name: str
    spelt: tuple[str, ...]
    required: bool
    takes_value: bool
    described: dict[str, Json]
    samples: tuple[str, ...]

    def variations(self) -> tuple[str, ...]:
        """What it is set to, one after the other: all choices, of anything else the plainest and one that is odd."""
        if not self.takes_value:
            return ("",)
        return self.samples if "choices" in self.described else self.samples[: 5 if self.required else 1]

    def given(self, sample: str) -> list[str]:
        """It in a command line."""
        return [*self.spelt[:1], sample] if self.takes_value else [*self.spelt[:1]]


@dataclasses.dataclass(frozen=True)
class Command:
    """A command of a program by the words that lead to it."""

    words: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    is_group: bool

    def described(self) -> Json:
        """Its parameters: one more that is optional is a member more."""
        return {"parameters": {each.name: each.described for each in self.parameters}}

    def plain(self) -> list[str]:
        """A command line with what is required."""
        return self.line({})

    def line(self, others: dict[str, str]) -> list[str]:
        """A command line with what is required and some others."""
        words = list(self.words)
        for each in self.parameters:
            if each.required or each.name in others:
                words += each.given(others.get(each.name, each.samples[0]))
        return words


def of_click(command: Any, words: tuple[str, ...] = ()) -> Iterator[Command]:
    """The commands of a click command, which typer makes as well."""
    commands = getattr(command, "commands", None)
    parameters = (parameter for parameter in command.params if parameter.name != "help")
    yield Command(words, tuple(_click_parameter(each, n) for n, each in enumerate(parameters)), bool(commands))
    for name, inner in sorted((commands or {}).items()):
        yield from of_click(inner, (*words, name))


def _click_parameter(parameter: Any, number: int) -> Parameter:
    is_option = parameter.param_type_name == "option"
    default = parameter.default if isinstance(parameter.default, str | int | float | bool | tuple | list) else None
    kind, choices = _type_of(parameter)
    takes_value = not (is_option and (parameter.is_flag or parameter.count))
    described = _described(is_option, parameter.opts + parameter.secondary_opts, number, default, choices)
    described |= {"type": kind, "several": bool(parameter.multiple) or parameter.nargs != 1}
    described |= {"variable": describe(parameter.envvar)} if parameter.envvar else {}
    described |= {} if parameter.required else {"optional": True}
    spelt = tuple(parameter.opts) if is_option else ()
    samples = _samples(str(parameter.name), kind, choices)
    if not choices and (words := _WORDS.search(str(getattr(parameter, "help", None) or ""))):
        samples = (words[1], *samples)
    return Parameter(str(parameter.name), spelt, bool(parameter.required), takes_value, described, samples)


def _type_of(parameter: Any) -> tuple[str, list[str]]:
    """The name of a parameter's type, and its choices: typer has a description where click has a type."""
    described = getattr(parameter, "type_descriptor", None)
    if hasattr(parameter, "type"):
        choices = getattr(parameter.type, "choices", ())
        return str(parameter.type.name), [str(getattr(choice, "value", choice)) for choice in choices]
    kind: Any = getattr(described, "annotation", str)
    is_enum = isinstance(kind, type) and issubclass(kind, enum.Enum)
    return str(getattr(kind, "__name__", kind)), [str(member.value) for member in kind] if is_enum else []


def of_argparse(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[Command]:
    """The commands of an argparse parser, with those of its subparsers."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    others = [action for action in parser._actions if action not in groups and action.dest != "help"]
    yield Command(words, tuple(_argparse_parameter(each, n) for n, each in enumerate(others)), bool(groups))
    for group in groups:
        for name, inner in sorted((group.choices or {}).items()):
            yield from of_argparse(inner, (*words, name))


def _argparse_parameter(action: argparse.Action, number: int) -> Parameter:
    is_option = bool(action.option_strings)
    required = bool(action.required) and action.nargs not in ("?", "*")
    choices = [str(choice) for choice in action.choices or ()]
    kind = str(getattr(action.type, "__name__", None) or "text")
    default = None if action.default == argparse.SUPPRESS else action.default
    described = _described(is_option, list(action.option_strings), number, default, choices)
    described |= {"type": kind, "several": action.nargs not in (None, 0, "?")} | (
        {} if required else {"optional": True}
    )
    samples = _samples(action.dest, kind, choices)
    return Parameter(action.dest, tuple(action.option_strings), required, action.nargs != 0, described, samples)


def _described(is_option: bool, spelt: list[str], number: int, default: Any, choices: list[str]) -> dict[str, Json]:
    if not is_option:
        found: dict[str, Json] = {"position": number}
    else:
        found = {"spelt": dict.fromkeys(sorted(spelt), True)}
    if choices:
        found["choices"] = dict.fromkeys(choices, True)
    return found | {"default": describe(default.value if isinstance(default, enum.Enum) else default)}


def _samples(name: str, kind: str, choices: list[str]) -> tuple[str, ...]:
    if choices:
        return (*choices[:3], "none-of-them")
    if kind in ("integer", "int", "integer range"):
        return ("3", "0", "-1", "x")
    if kind in ("float", "float range"):
        return ("2.5", "-1", "x")
    if _FILE.search(name) or kind in ("path", "filename", "directory", "file", "Path"):
        return (GIVEN_FILE, WRONG_FILE, BROKEN_FILE, PACKED_FILE, OTHER_FILE)
    for pattern, value in _BY_NAME:
        if re.search(pattern, name, re.IGNORECASE):
            return (value, *([_FAR_AWAY] if value.startswith("2024") else []), "x")
    return ("abc", "")


def lay_files(given: Mapping[str, Any]) -> None:
    """Lay out the files that command lines name: what is given, and what has nothing to do with any program."""
    import gzip
    import json

    Path(GIVEN_FILE).write_text(json.dumps(given))
    Path(OTHER_FILE).write_text(json.dumps(GENERIC))
    Path(WRONG_FILE).write_text(json.dumps(WRONG))
    Path(BROKEN_FILE).write_text("{]: =")
    Path(PACKED_FILE).write_bytes(gzip.compress(json.dumps(given).encode(), mtime=0))


class _ParserError(BaseException):
    """Carries the parser that a program has made out of the program."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def parser_of(main: Callable[[], Any]) -> argparse.ArgumentParser | None:
    """The parser that a program makes for its command line; None of one that makes none."""
    real = argparse.ArgumentParser.parse_known_args

    def parse_known_args(self: argparse.ArgumentParser, *_: Any, **__: Any) -> Any:
        raise _ParserError(self)

    argparse.ArgumentParser.parse_known_args = parse_known_args  # type: ignore[method-assign]
    try:
        main()
    except _ParserError as found:
        return found.parser
    except BaseException:
        return None
    finally:
        argparse.ArgumentParser.parse_known_args = real  # type: ignore[method-assign]
    return None
