"""Observe the public surface of the packages that a plan names: ``observe.py PLAN.json OUT.jsonl``.

Each unit runs in a process that is forked for it, so none sees what another leaves behind. A unit that hangs, crashes
or uses up its limits costs the observation that was under way; it is gone on with after that one.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import IO, Any, NoReturn

import describing
import edge_libraries
import virtual_dates
from compared_words import WORDS
from execution import Execution
from module_state import MODULE_STATE
from process_state import be_a_host
from surface import Surface
from unit import NOTHING, TooLongError, Unit
from virtual_time import CLOCK
from written_examples import EXAMPLES

PROBES = tuple(sorted(file.stem for file in Path(__file__).parent.glob("probe_*.py")))
WALL_SECONDS = 30.0
"""Wall time after which a unit is ended that waits for something outside of this process."""
OBSERVATION_SECONDS = 8.0
"""Wall time after which an observation is interrupted."""
OBSERVATION_CPU_SECONDS = 2.0
"""CPU time after which an observation is interrupted."""
SLOW_SECONDS = 3.0
"""Wall time of a unit that is worth a line in the log."""
ALWAYS = ("api", "http", "metadata", "process")
"""Areas that are observed again whatever has changed: their probes read sources, or import the packages anew."""
CALLED = ("functions", "lives", "sequences")
"""Areas whose observations have nothing to do with each other."""
EXECUTION = Execution()
_real_time, _real_sleep = time.monotonic, time.sleep


class UnitProcess:
    """A process that runs a unit, from the observation after the last one that is known."""

    def __init__(self, unit: Unit, skip: int, folder: Path) -> None:
        self.unit, self.skip = unit, skip
        descriptor, name = tempfile.mkstemp(dir=folder, suffix=".jsonl")
        os.close(descriptor)
        self.file, self.started = Path(name), _real_time()
        self.pid = os.fork()
        if self.pid == 0:
            self._child()

    def _child(self) -> NoReturn:
        status = 1
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (int(self.unit.seconds), int(self.unit.seconds) + 1))
            home = tempfile.mkdtemp(prefix="unit-")
            os.chdir(home)
            os.environ.update(HOME=home, TMPDIR=home)
            tempfile.tempdir = home
            describing.name_folder(home, "<home>")
            random.seed(7)
            be_a_host()
            null = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            signal.signal(signal.SIGALRM, _too_long)
            signal.signal(signal.SIGVTALRM, _too_long)
            with self.file.open("w") as out:
                for number, line in self._lines():
                    out.write(f"{number}\t{line}\n")
                    out.flush()
            status = 0
        finally:
            os._exit(status)

    def _lines(self) -> Iterator[tuple[int, str]]:
        number, written = self.skip - 1, 0
        try:
            for number, (name, observe) in enumerate(self.unit.observe()):
                if number < self.skip:
                    continue
                line = {"area": self.unit.area, "id": name}
                TooLongError.happened = False
                _seed()
                if self.unit.area in CALLED:
                    MODULE_STATE.restore()
                with contextlib.suppress(TooLongError), _limits():
                    line["value"] = observe()
                if TooLongError.happened:
                    # Whoever caught the interruption went on with what it had: that depends on the machine.
                    line = {"area": self.unit.area, "id": name, "unobserved": "it went on beyond its limits"}
                if line.get("value") is not NOTHING:
                    written += 1
                    yield number, json.dumps(line, sort_keys=True, default=str)
        except Exception as error:
            why = f"the probe raised {type(error).__name__}: {describing.masked(str(error))[:200]}"
            number, written = max(number, 0), written + 1
            yield number, json.dumps({"area": self.unit.area, "id": f"{self.unit.name} (rest)", "unobserved": why})
        if EXECUTION.functions and not self.skip and self.unit.area not in ALWAYS:
            yield number + 1, json.dumps(_key(self.unit) | {"lines": written, "ran": EXECUTION.since_begin()})

    def end(self) -> None:
        """End it and all that it has started."""
        for target in (-self.pid, self.pid):
            try:
                os.kill(target, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue

    def lines(self) -> list[tuple[int, str]]:
        """What it has written: the numbers of the observations, and their lines."""
        written = (line.partition("\t") for line in self.file.read_text().splitlines())
        return [(int(number), line) for number, _, line in written]


def _seed() -> None:
    """Let chance be the same for each observation, whatever was observed before."""
    random.seed(7)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(7)


def _too_long(*_: object) -> NoReturn:
    TooLongError.happened = True
    raise TooLongError


@contextlib.contextmanager
def _limits() -> Iterator[None]:
    """Have whatever is done meanwhile interrupted when it takes too long."""
    signal.setitimer(signal.ITIMER_REAL, OBSERVATION_SECONDS, 1.0)
    signal.setitimer(signal.ITIMER_VIRTUAL, OBSERVATION_CPU_SECONDS, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _key(unit: Unit) -> dict[str, object]:
    """What says that two units of two runs are one and the same, but for the packages."""
    return {"area": unit.area, "unit": unit.name, "read": list(unit.read)}


def run_units(units: list[Unit], jobs: int, folder: Path, out: IO[str]) -> int:
    """Run the units, so many at a time, and write their lines in the order of the units; the number of lines."""
    collected: dict[int, list[str]] = {number: [] for number in range(len(units))}
    waiting = [(number, 0) for number in reversed(range(len(units)))]
    running: dict[int, tuple[int, UnitProcess]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            number, skip = waiting.pop()
            process = UnitProcess(units[number], skip, folder)
            running[process.pid] = (number, process)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid not in running:
            if pid == 0:
                _real_sleep(0.001)
            for _, process in running.values():
                if _real_time() - process.started > WALL_SECONDS:
                    process.end()
            continue
        number, process = running.pop(pid)
        process.end()
        if (seconds := _real_time() - process.started) > SLOW_SECONDS:
            print(f"{units[number].area} {units[number].name}: {seconds:.1f} s", file=sys.stderr)
        lines = process.lines()
        collected[number] += [line for _, line in lines]
        if status != 0:
            done = lines[-1][0] + 1 if lines else process.skip
            unit = units[number]
            why = "it went on beyond its limits" if os.WIFSIGNALED(status) else "its process ended"
            collected[number].append(
                json.dumps({"area": unit.area, "id": f"{unit.name} (after {done})", "unobserved": why})
            )
            if len(collected[number]) < 400 and lines:
                # The one that was under way is passed over: it is made again, and not waited for.
                waiting.append((number, done + 1))
        process.file.unlink()
    everything = [line for number in sorted(collected) for line in collected[number]]
    out.writelines(line + "\n" for line in everything)
    return len(everything)


def main(plan_file: str, out_file: str) -> None:
    """Observe what the plan says and write the observations."""
    plan, out_path = json.loads(Path(plan_file).read_text()), Path(out_file).resolve()
    surfaces, probes = _prepared(plan)
    folder, jobs = Path(tempfile.mkdtemp(prefix="observe-")), int(plan.get("jobs", 1))
    os.chdir(folder)
    with out_path.open("w") as out:
        before = [
            unit
            for surface in surfaces
            for probe in probes
            for unit in getattr(probe, "units_before_load", lambda _: ())(surface)
        ]
        count = run_units(before, jobs, folder, out)
        for surface in surfaces:
            surface.load()
        virtual_dates.install(describing.PACKAGES)
        WORDS.give(plan.get("words"))
        EXAMPLES.give(plan.get("examples"))
        gc.collect()
        gc.freeze()
        units = [unit for surface in surfaces for probe in probes for unit in probe.units(surface)]
        EXECUTION.begin()
        MODULE_STATE.keep()
        keys, left_out = [json.dumps(_key(unit)) for unit in units], set(map(json.dumps, plan.get("untouched", ())))
        untouched = [key for key in keys if key in left_out]
        out.writelines(f"{key}\n" for key in untouched)
        touched = [unit for unit, key in zip(units, keys, strict=True) if key not in left_out]
        count += len(untouched) + run_units(touched, jobs, folder, out)
        places = sorted({each.location for surface in surfaces for each in surface.objects()})
        examples = {place: each for surface in surfaces for place, each in EXAMPLES.of(surface).items()}
        read = {"places": places, "words": WORDS.all(), "examples": examples}
        end = {"end": count, **read, **EXECUTION.described()}
        out.write(json.dumps(end) + "\n")


def _prepared(plan: dict[str, Any]) -> tuple[list[Surface], list[ModuleType]]:
    """The surfaces to observe, not loaded yet, and the probes, in a process that is ready for both."""
    sys.path[:0] = plan["path"]
    sys.dont_write_bytecode = True
    for number, folder in enumerate(plan["path"]):
        describing.name_folder(folder, f"<installed {number}>")
    CLOCK.install()
    edge_libraries.install()
    os.environ.setdefault("LOGURU_AUTOINIT", "False")
    imports = {name: tuple(package["imports"]) for name, package in plan["packages"].items()}
    describing.PACKAGES.update(name for names in imports.values() for name in names)
    if plan.get("notes_execution"):
        EXECUTION.install(plan["path"], [name for package in plan["observed"] for name in imports[package]])
    probes = [
        importlib.import_module(name)
        for name in PROBES
        if name.removeprefix("probe_") in plan.get("areas", [name.removeprefix("probe_")])
    ]
    return [Surface(name, imports[name], plan) for name in plan["observed"]], probes


if __name__ == "__main__":
    main(*sys.argv[1:3])
