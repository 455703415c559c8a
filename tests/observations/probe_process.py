"""What importing a package, and starting its app, changes for everything else in the process."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from calling import run
from describing import Json, class_names
from process_state import changes, full_state
from surface import Surface
from unit import Observation, Unit
from virtual_time import CLOCK

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def units_before_load(surface: Surface) -> Iterable[Unit]:
    """A unit for each top-level package: what happens when it is the first that is imported."""
    for name in surface.imports:
        yield Unit("process", f"import {name}", functools.partial(_imported, name, surface), seconds=20.0)


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for the package's app: from its start to its end."""
    if app := surface.plan["packages"][surface.package].get("app"):
        yield Unit("process", f"start {app}", functools.partial(_started, str(app)))


def _imported(name: str, surface: Surface) -> Iterator[Observation]:
    Path(".env").write_text("OBSERVED_IN_DOTENV=yes\n")
    outcome: dict[str, Json] = {}
    costs: dict[str, Json] = {}

    def imported() -> Json:
        before, waited, memory = full_state(), CLOCK.waited, _memory()
        try:
            importlib.import_module(name)
        except BaseException as error:
            outcome["raises"] = class_names(type(error))
        else:
            outcome["returns"] = changes(before, full_state())
            costs.update({"memory": _up_to(_memory() - memory), "seconds waited": CLOCK.waited - waited})
        return outcome

    yield f"import {name}", imported
    if "returns" in outcome:
        yield f"import {name}[costs]", lambda: costs
        yield f"import {name}[without]", lambda: _not_loaded(surface)
        yield f"import {name}[log]", lambda: _logged(name)


def _memory() -> int:
    """The memory of this process that holds no file, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((int(line.split()[1]) >> 10 for line in lines if line.startswith("RssAnon:")), 0)


def _up_to(memory: int) -> int:
    """The order of magnitude: the first of 16, 64, 256 … MB that is no less."""
    limit = 16
    while limit < memory:
        limit *= 4
    return limit


def _not_loaded(surface: Surface) -> Json:
    """The libraries that are there without being required and that are not loaded: whoever loads one needs it."""
    required = _required(str(surface.plan["packages"][surface.package]["distribution"]))
    others = {
        name: True
        for name, distributions in sorted(importlib.metadata.packages_distributions().items())
        if name.isidentifier() and not name.startswith("_") and not {*map(_normal, distributions)} & required
    }
    return {name: True for name in others if name not in sys.modules}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _required(distribution: str) -> set[str]:
    """What a plain install brings: the distribution, what it requires, and what that requires."""
    from packaging.requirements import Requirement

    found, waiting = set[str](), [(distribution, frozenset({""}))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(_normal(name))
        try:
            lines = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        waiting += [
            (requirement.name, frozenset({"", *requirement.extras}))
            for requirement in map(Requirement, lines)
            if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
        ]
    return found


def _logged(name: str) -> Json:
    """Which records of the package's modules reach an application that has asked for all of them."""
    reached: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            reached.append(f"logging {record.levelname}")

    root = logging.getLogger()
    root.addHandler(Handler())
    root.setLevel(logging.DEBUG)
    for level in LEVELS:
        logging.getLogger(f"{name}.observed").log(logging.getLevelName(level), "observed")
    if "loguru" not in sys.modules:
        # Who has not loaded loguru has switched nothing off in it.
        return [*reached, *(f"loguru {level}" for level in LEVELS)]
    logger = sys.modules["loguru"].logger
    logger.add(lambda message: reached.append(f"loguru {message.record['level'].name}"), level="TRACE")
    source = f"for level in {LEVELS}: logger.log(level, 'observed')"
    # loguru asks which module it is that logs.
    exec(compile(source, "observed.py", "exec"), {"__name__": f"{name}.observed", "logger": logger})  # noqa: S102
    return reached


def _started(app: str) -> Iterator[Observation]:
    module, _, attribute = app.partition(":")
    seen: dict[str, Json] = {}

    async def lived() -> None:
        before = full_state()
        value: Any = getattr(importlib.import_module(module), attribute)
        async with value.router.lifespan_context(value):
            seen["while it runs"] = changes(before, full_state())
        seen["after it"] = changes(before, full_state())

    yield f"start {app}", lambda: {**run(lived), **seen}
