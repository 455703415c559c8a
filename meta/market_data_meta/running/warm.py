"""The warm lane: cells forked from a process that has pytest and the third-party libraries loaded."""

from __future__ import annotations

import contextlib
import json
import secrets
import selectors
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from market_data_meta import suite
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.inside.mdm_landlock import readable, writable
from market_data_meta.inside.mdm_tree import overtime
from market_data_meta.running.isolated import clean_environment
from market_data_meta.running.leftovers import clear, death, loaded
from market_data_meta.running.limits import Bounds, excess, filled, stop
from market_data_meta.running.sandbox import environments_of, keeper_process

START_SECONDS = 180.0
"""Wall time that a template may take to load: 5 s on two idle cores."""
BOUNDS = Bounds(memory=1 << 30, processes=64)
"""What a cell and all that comes from it may use: five times the memory that the newest releases take, and processes
where the suite itself has fewer than ten."""
LIMITS = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": 1 << 28, "RLIMIT_DATA": 768 << 20}
"""What each process of a cell may take: no core dumps, files of 256 MiB, 768 MiB more data than the template, so that
one process alone meets a MemoryError before the cell meets its bound."""


@dataclass(frozen=True)
class Job:
    """One run in the warm lane: what is told to the cell, and the file that its record is written to.

    ``secret`` is what its record is sealed with.
    """

    name: str
    request: Mapping[str, Any]
    record: Path
    log: Path
    secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    @property
    def deeds(self) -> Path:
        """The file that tells what the cell tried and was refused."""
        return self.record.with_suffix(".deeds")


@dataclass
class _Running:
    job: Job
    started: float
    home: tempfile.TemporaryDirectory[str]
    pid: int = 0
    killed: str = ""


@dataclass
class Template:
    """A template process: started on entry, ended with all its cells on exit.

    It is in a cage before its first instruction, as its libraries may be a stranger's: it writes in its own home, in
    which the homes of its cells are, and reads its environment and ``releases``, the folders of what its cells run.
    Records and logs are opened here and handed over, so that it can reach those of no other template.
    """

    root: Path
    python: Path
    plan: Mapping[str, Any]
    log: Path
    releases: Sequence[Path] = ()
    home: tempfile.TemporaryDirectory[str] = field(init=False)
    _keeper: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _heard: bytes = b""
    _number: int = 0
    _open: set[int] = field(default_factory=set)

    def __enter__(self) -> Self:
        self.home = tempfile.TemporaryDirectory(prefix="mdmeta-", ignore_cleanup_errors=True)
        plan = Path(self.home.name) / "plan.json"
        plan.write_text(json.dumps(self.plan))
        ours, theirs = socket.socketpair()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        checks = suite.folder(self.root)
        # A cell ends before pytest would show its tracebacks, and to write them takes longer than many a check.
        command = [*suite.command(self.python), "--tb=no"]
        command += [f"--config-file={checks / 'pytest.ini'}", f"--rootdir={self.root}", "--mdm-plan", str(plan)]
        areas = sorted({name.split(".")[0] for name in self.plan["clauses"]})
        command += ["--mdm-serve", str(theirs.fileno()), *(str(checks / f"test_{area}.py") for area in areas)]
        # What hypothesis need not make in every run is kept with the environment, which holds nobody else's libraries.
        storage = self.python.parent.parent / ".hypothesis"
        storage.mkdir(exist_ok=True)
        write = writable([self.home.name, str(storage)])
        read = readable([*environments_of(str(self.python)), *self._read, *map(str, self.releases), *write])
        with self.log.open("w") as output:
            self.process = self._keeper.enter_context(
                keeper_process(
                    command,
                    home=self.home.name,
                    variables=clean_environment(self.home.name, storage),
                    output=output,
                    limits={"RLIMIT_CORE": 0},
                    cage={"read": read, "write": write},
                    pass_fds=[theirs.fileno()],
                )
            )
        theirs.close()
        self.channel = ours
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.channel.close()
        self._keeper.close()
        clear(self.home)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def ask(self, files: Mapping[str, Path] | None = None, **request: Any) -> int:
        """Send a request, with ``files`` made anew and open for writing; the number that its answers carry."""
        self._number += 1
        data = json.dumps({**request, "files": list(files or {}), "id": self._number}).encode() + b"\n"
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(file.open("wb")) for file in (files or {}).values()]
            sent = socket.send_fds(self.channel, [data], [stream.fileno() for stream in streams]) if files else 0
            self.channel.sendall(data[sent:])
        return self._number

    def answers(self, timeout: float) -> list[dict[str, Any]]:
        """What the template has said within ``timeout`` seconds. Raises EOFError once it is gone."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.channel, selectors.EVENT_READ)
            if not selector.select(timeout):
                return []
        try:
            data = self.channel.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            raise EOFError
        *lines, self._heard = (self._heard + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def scout(self, paths: Sequence[Sequence[str]], preload: Sequence[str]) -> list[str]:
        """The modules that cells on all of these ``paths`` load. Raises MetaError if the template does not start."""
        homes = [Path(self.home.name) / f"scout-{number}" for number in range(len(paths))]
        for home, path in zip(homes, paths, strict=True):
            home.mkdir()
            files = {name: self._aside(home, name) for name in ("log", "found", "deeds")}
            request = {"kind": "scout", "path": list(path), "home": str(home), "limits": LIMITS}
            request |= {"preload": list(preload), "read": self._read}
            self._open.add(self.ask(files, **request))
        self.ready()
        found = [modules for home in homes if (modules := loaded(self._aside(home, "found")))]
        shared = set(found[0]).intersection(*found[1:]) if found else set()
        return [name for name in (found[0] if found else ()) if name in shared]

    def _aside(self, home: Path, what: str) -> Path:
        """The file beside the template's log that keeps what a scout says."""
        return self.log.with_name(f"{self.log.stem}.{home.name}.{what}")

    def load(self, modules: Sequence[str]) -> None:
        """Have it load the modules that it can; does not wait."""
        self._open.add(self.ask(kind="load", modules=modules))

    def warm(self, scouts: Sequence[Sequence[str]]) -> None:
        """Load what the cells on the paths of all ``scouts`` load. Raises MetaError if it cannot."""
        self.load(self.scout(scouts, self.plan["preload"]))
        self.ready()

    @property
    def _read(self) -> list[str]:
        """What a cell reads beside its releases, its home and the interpreter's environment."""
        return [str(self.root / "tests" / "conformance"), str(self.root / "contracts"), str(suite.INSIDE)]

    def ready(self) -> None:
        """Wait until it has done what it was asked to. Raises MetaError if it does not come to that."""
        end = time.monotonic() + START_SECONDS
        try:
            while self._open and time.monotonic() < end:
                self._open -= {answer["id"] for answer in self.answers(1.0) if "status" in answer or "loaded" in answer}
        except EOFError:
            raise undecided(ErrorCode.NO_TEMPLATE, "the warm lane did not start", hint=f"read {self.log}") from None
        if self._open:
            what = f"the warm lane did not start within {START_SECONDS:g} s"
            raise undecided(ErrorCode.NO_TEMPLATE, what, hint=f"read {self.log}")

    def run(self, jobs: Sequence[Job], *, at_once: int, seconds: float) -> Iterator[tuple[Job, str]]:
        """Run the jobs, each for ``seconds`` of CPU time at most; each with why it ended before its time, or nothing.

        Raises EOFError if the template dies; what has not been yielded by then has not been decided.
        """
        waiting = list(reversed(jobs))
        running: dict[int, _Running] = {}
        looked = time.monotonic()
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    cell = self._start(waiting.pop(), running)
                for answer in self.answers(0.2):
                    cell = running[answer["id"]]
                    if "pid" in answer:
                        cell.pid = answer["pid"]
                        continue
                    stop(cell.pid)
                    # What was written and printed since the last look counts too.
                    cause = cell.killed or filled(Path(cell.home.name), cell.job.log, BOUNDS)
                    clear(cell.home)
                    del running[answer["id"]]
                    yield cell.job, cause or death(answer["status"])
                if time.monotonic() - looked > 1:
                    for cell in running.values():
                        _watch(cell, seconds)
                    looked = time.monotonic()
        finally:
            for cell in running.values():
                if cell.pid:
                    stop(cell.pid)
                clear(cell.home)

    def _start(self, job: Job, running: dict[int, _Running]) -> _Running:
        home = tempfile.TemporaryDirectory(prefix="cell-", dir=self.home.name, ignore_cleanup_errors=True)
        files = {"log": job.log, "record": job.record, "deeds": job.deeds}
        request = {"kind": "run", "home": home.name, "limits": LIMITS, "secret": job.secret, "read": self._read}
        cell = _Running(job, time.monotonic(), home)
        running[self.ask(files, **job.request, **request)] = cell
        return cell


def warmed(
    root: Path,
    python: Path,
    plan: Mapping[str, Any],
    log: Path,
    scouts: Sequence[Sequence[str]],
    releases: Sequence[Path],
) -> Template:
    """A template that runs and has loaded what its scouts load. Raises MetaError where it does not come to that."""
    template = Template(root, python, plan, log, releases).__enter__()
    try:
        template.warm(scouts)
    except BaseException:
        template.__exit__(None, None, None)
        raise
    return template


def _watch(cell: _Running, seconds: float) -> None:
    """End a cell that has used more than its share."""
    if not cell.pid or cell.killed:
        return
    if late := overtime(cell.pid, cell.started, seconds):
        cell.killed = f"the run {late}"
    else:
        cell.killed = excess(cell.pid, Path(cell.home.name), cell.job.log, BOUNDS)
    if cell.killed:
        stop(cell.pid)


def run_all(
    start: Callable[[], Template], jobs: Sequence[Job], *, at_once: int, seconds: float
) -> Iterator[tuple[Job, str]]:
    """Run the jobs in templates made by ``start`` (entered and warmed): one that dies costs no innocent cell.

    Those that were under way when it died are run again one at a time, so that the guilty one is alone with its deed.
    """
    left = list(jobs)
    suspects: list[Job] = []
    while left or suspects:
        alone = bool(suspects)
        batch = suspects[:1] if alone else left
        done: set[str] = set()
        template = start()
        try:
            for job, cause in template.run(batch, at_once=1 if alone else at_once, seconds=seconds):
                done.add(job.name)
                yield job, cause
        except EOFError:
            if alone:
                done.add(batch[0].name)
                yield batch[0], "the run killed the process that it was forked from"
            else:
                began = [job for job in batch if job.name not in done and job.log.exists()]
                suspects = began or [job for job in batch if job.name not in done][:at_once]
        finally:
            template.__exit__(None, None, None)
        if alone:
            suspects = suspects[1:]
        gone = {job.name for job in suspects} | done
        left = [job for job in left if job.name not in gone]
