"""What comes of command lines: which can be written, how they end, and where their output goes."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import importlib
import importlib.metadata
import inspect
import io
import json
import os
import re
import runpy
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from calling import PATIENCE
from command_lines import Command, lay_files, of_argparse, of_click, parser_of
from config_files import GENERIC, whole_configuration
from describing import Json, class_names, describe
from edge import EDGE
from environment import spellings, variables
from probe_settings import AS_WITHOUT, difference, is_settings, required_variables
from surface import Surface
from unit import NOTHING, Observation, TooLongError, Unit
from virtual_time import CLOCK, GoesOn, VirtualLoop, WaitsForever

_VARIABLE = re.compile(r"""["']([A-Z][A-Z0-9]*_[A-Z0-9_]+)["']""")
"""What may be the name of a variable, wherever it stands in the code."""
_remembered_path = functools.cache(sysconfig.get_path)
_IS_PROGRAM = re.compile(r"^if __name__ == ['\"]__main__['\"]", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Program:
    """A program by its name, what is called to run it, and what is in the file that a command line gives it.

    ``variables`` are those that the code of its package names.
    """

    name: str
    called: Callable[[], Any]
    given: Mapping[str, Any]
    variables: tuple[str, ...] = ()

    def run(self, arguments: list[str]) -> Json:
        """Run it: how it ends, what of its output a program could read, what it sends, what it leaves."""
        asyncio.set_event_loop_policy(_Loops())
        EDGE.take()
        EDGE.at_work = True
        CLOCK.begin(3 * PATIENCE)
        out, errors, logged = io.StringIO(), io.StringIO(), list[str]()
        loguru = getattr(sys.modules.get("loguru"), "logger", None)
        # It asks for all paths of the interpreter with every sink, which took half the time of a program's runs.
        with mock.patch.object(sysconfig, "get_path", _remembered_path):
            sink = loguru.add(lambda message: logged.append(str(message))) if loguru else None
        lay_files(self.given)
        files = set(Path().iterdir())
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors), _nobody_serves():
                seen = _ending(lambda: _with_line(self.name, arguments, self.called))
        finally:
            EDGE.at_work, CLOCK.until = False, float("inf")
            asyncio.set_event_loop_policy(None)
            if sink is not None and loguru is not None:
                with contextlib.suppress(ValueError):
                    loguru.remove(sink)
        seen |= {"prints": _readable(out.getvalue())} if out.getvalue().strip() else {}
        if errors.getvalue().strip() or logged:
            seen["tells"] = True
        if sent := EDGE.take():
            seen["sent"] = sent
        if new := {file.name for file in Path().iterdir()} - {file.name for file in files}:
            seen["leaves"] = dict.fromkeys(sorted(new), True)
        return seen


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each program: a console script, or a module that can be run; a large one has a unit a command."""
    wanted = str(surface.plan["packages"][surface.package]["distribution"])
    scripts = [
        point for point in importlib.metadata.distribution(wanted).entry_points if point.group == "console_scripts"
    ]
    named = {point.value.replace(" ", "") for point in scripts}
    kinds = [each.value for each in surface.objects() if is_settings(each.value)]
    required = {key: text for kind in kinds for key, text in required_variables(kind).items()}
    given = whole_configuration([each.value for each in surface.objects()])
    read = _variables(surface)
    program, unit = (
        functools.partial(_program, required=required, given=given, named=read),
        functools.partial(Unit, "cli", read=read),
    )
    for point in scripts:
        yield unit(point.name, functools.partial(program, point.name, point.load, None))
    for name, module in sorted(surface.modules.items()):
        file, title = Path(str(module.__file__)), f"python -m {name}"
        package_main = file.with_name("__main__.py")
        if file.name == "__init__.py" and package_main.is_file():
            yield unit(title, functools.partial(program, title, lambda: None, name))
        elif file.is_file() and _IS_PROGRAM.search(file.read_text()):
            if any(value.startswith(f"{name}:") for value in named):
                yield unit(title, functools.partial(_same_as_script, name))
                continue
            found = next(filter(_is_click, vars(module).values()), getattr(module, "main", None))
            load = functools.partial(lambda found: found, found)
            yield unit(title, functools.partial(program, title, load, name))


def _variables(surface: Surface) -> tuple[str, ...]:
    files = {Path(str(module.__file__)) for module in surface.modules.values() if getattr(module, "__file__", None)}
    texts = (file.read_text(errors="replace") for file in sorted(files) if file.suffix == ".py")
    return tuple(sorted({name for text in texts for name in _VARIABLE.findall(text)}))


def _module_run(module: str) -> Callable[[], Any]:
    return functools.partial(runpy.run_module, module, run_name="__main__", alter_sys=True)


def _same_as_script(module: str) -> Iterator[Observation]:
    """A module that is a console script's as well: what comes of its commands is seen there."""
    for arguments in (["--help"], []):
        title = f"python -m {module}[{' '.join(arguments)}]"
        yield title, functools.partial(Program(module, _module_run(module), GENERIC).run, arguments)


def _is_click(value: Any) -> bool:
    return type(value).__name__ == "Typer" or (hasattr(value, "commands") and hasattr(value, "params"))


def _program(
    name: str,
    load: Callable[[], Any],
    module: str | None,
    required: dict[str, str],
    given: Mapping[str, Any],
    named: tuple[str, ...],
) -> Iterator[Observation]:
    # What a package cannot do without is set for all commands alike: the first of them may keep what it has read.
    os.environ.update(required)
    run_module = _module_run(module) if module else None
    try:
        main = load()
    except BaseException as error:
        yield f"{name}[]", functools.partial(lambda error: {"raises": class_names(type(error))}, error)
        return
    if type(main).__name__ == "Typer":
        import typer.main

        main = typer.main.get_command(main)
    called = _in_loop(main) if inspect.iscoroutinefunction(main) else main if callable(main) else run_module
    if called is None:
        yield f"{name}[]", lambda: {"raises": ["TypeError", "Exception"]}
        return
    commands, program = list(_commands(main, called)), Program(name, called, given, named)
    if run_module is not None:
        yield f"{name}[as a module]", functools.partial(Program(name, run_module, given).run, ["--help"])
    for command in commands or [Command((), (), is_group=False)]:
        title = " ".join((name, *command.words))
        if commands:
            yield title, command.described
        for arguments in (["--help"], ["--no-such-option"], ["no-such-argument"] * 9, []):
            yield (
                f"{title}[{' '.join(arguments[:1])}]",
                functools.partial(program.run, [*command.words, *arguments]),
            )
        if not command.is_group:
            yield from _plain(title, program, command)


def _in_loop(main: Callable[[], Any]) -> Callable[[], Any]:
    """A program that is a coroutine, run as its module runs it."""
    return lambda: asyncio.run(main())


def _commands(main: Any, called: Callable[[], Any]) -> Iterator[Command]:
    if hasattr(main, "params") and hasattr(main, "invoke"):
        yield from of_click(main)
    elif parser := _with_line("program", [], lambda: parser_of(called)):
        yield from of_argparse(parser)


def _plain(title: str, program: Program, command: Command) -> Iterator[Observation]:
    """The command with what it requires, with all that it takes, with servers in other moods, and with each option."""
    plain = command.plain()
    whole = command.line({each.name: each.samples[0] for each in command.parameters})
    for extent, line in {"plain": plain, "whole": whole}.items():
        if extent == "whole" and whole == plain:
            continue
        for mood in ("well", "refuses", "fails") if extent == "plain" else ("well", "fails"):
            ready = functools.partial(_in_mood, mood, program, line)
            yield f"{title}[{extent}, servers: {mood}]", ready
    yield f"{title}[variables]", functools.partial(_with_variables, program, plain)
    for each in command.parameters:
        for sample in each.variations():
            if not (each.required and sample == each.samples[0]):
                line = command.line({each.name: sample})
                yield f"{title}[{each.name}={sample}]", functools.partial(program.run, line)


def _with_variables(program: Program, line: list[str]) -> Json:
    """What each variable changes in a run of the program; nothing of those that change nothing."""
    without = program.run(line)
    seen: dict[str, Json] = {}
    for name in program.variables:
        for text in spellings(name)[:2]:
            with variables(**{name: text}):
                changed = difference(without, program.run(line))
            if changed != AS_WITHOUT:
                seen[f"{name}={text}"] = changed
    return seen or NOTHING


def _in_mood(mood: str, program: Program, arguments: list[str]) -> Json:
    with EDGE.being(mood):
        return program.run(arguments)


class _Loops(asyncio.DefaultEventLoopPolicy):
    """Programs make their own event loops: on the virtual clock."""

    def new_event_loop(self) -> Any:
        return VirtualLoop()


def _with_line(name: str, arguments: list[str], work: Callable[[], Any]) -> Any:
    before = sys.argv
    sys.argv = [name, *arguments]
    try:
        return work()
    finally:
        sys.argv = before


@contextlib.contextmanager
def _nobody_serves() -> Iterator[None]:
    """A server that a program starts is noted, and ends at once."""
    try:
        import uvicorn
    except ImportError:
        yield
        return

    def note(app: Any, options: dict[str, Any]) -> None:
        EDGE.note(serves=app if isinstance(app, str) else type(app).__name__, options=options)

    def run(app: Any, **options: Any) -> None:
        note(app, options)

    def run_server(server: Any, **_: Any) -> None:
        note(server.config.app, {"host": server.config.host, "port": server.config.port})

    async def serve(server: Any, **_: Any) -> None:
        run_server(server)

    with mock.patch.object(uvicorn, "run", run), mock.patch.multiple(uvicorn.Server, run=run_server, serve=serve):
        yield


def _ending(work: Callable[[], Any]) -> dict[str, Json]:
    try:
        work()
    except TooLongError:
        raise
    except WaitsForever:
        return {"waits": "forever"}
    except GoesOn:
        return {"goes on": "and on"}
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) or error.code is None else 1
        return {"exit": code or 0}
    except BaseException as error:
        return {"raises": class_names(type(error)), "exit": 1}
    return {"exit": 0}


def _readable(text: str) -> Json:
    """What a program can read of it: JSON, whole or a line each; of anything else only that it is text."""
    lines = [line for line in text.splitlines() if line.strip()]
    for parts in ([text], lines):
        with contextlib.suppress(ValueError):
            return [describe(json.loads(part)) for part in parts]
    return "text"
