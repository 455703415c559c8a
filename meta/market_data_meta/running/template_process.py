"""The warm lane: each cell is forked from a template, a process with pytest and the third-party libraries loaded."""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from market_data_meta import suite
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.inside.mdm_json import from_json, to_json
from market_data_meta.inside.mdm_landlock import readable, writable
from market_data_meta.inside.mdm_plan import (
    ENVIRONMENT,
    CellRequest,
    ForkedProcess,
    LoadRequest,
    Plan,
    SurveyRequest,
    TemplateAnswer,
    TemplateRequest,
)
from market_data_meta.inside.mdm_tree import below
from market_data_meta.running import sandbox
from market_data_meta.running.endings import Ending
from market_data_meta.running.homes import make_home, remove_home
from market_data_meta.running.isolated import clean_environment
from market_data_meta.running.limits import Limits, stop
from market_data_meta.running.sandbox import environments_of, supervised_process
from market_data_meta.running.servers import readable_for
from market_data_meta.running.turns import in_turns
from market_data_meta.running.warm_jobs import RLIMITS, Job, RunningJob

MAX_ANSWER = 1 << 16
"""Bytes of one answer: it is a few numbers."""
WATCH_SECONDS = 1.0
"""How often what a template uses is looked at."""
START_SECONDS = 180.0
"""Wall time that a template may take to load: 5 s on two idle cores."""


@dataclass
class TemplateProcess:
    """A template process: started on entry, ended with all its cells on exit.

    It is in a cage before its first instruction, as its libraries may be a stranger's. It writes in its own home, in
    which the homes of its cells are, and reads its environment and ``releases``, the folders of what its cells import.
    Records and logs are opened here and handed over, so that no template can reach those of another. Its cells have its
    ``environment``.
    """

    root: Path
    python: Path
    plan: Plan
    log: Path
    releases: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: ENVIRONMENT)
    home: tempfile.TemporaryDirectory[str] = field(init=False)
    _keeper: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _unread: bytes = b""
    _number: int = 0
    _pid: int = -1
    _pending: set[int] = field(default_factory=set)
    _running: dict[int, RunningJob] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _stop_cause: str = ""

    def __enter__(self) -> Self:
        self.home = make_home()
        plan = Path(self.home.name) / "plan.json"
        plan.write_text(json.dumps(to_json(self.plan)))
        our_end, its_end = socket.socketpair()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        checks = suite.folder(self.root)
        # A cell ends before pytest would show its tracebacks, and writing them takes longer than many a check.
        command = [*suite.command(self.python), "--tb=no"]
        command += [f"--config-file={checks / 'pytest.ini'}", f"--rootdir={self.root}", "--mdm-plan", str(plan)]
        areas = sorted({name.split(".")[0] for name in self.plan.clauses})
        command += ["--mdm-serve", str(its_end.fileno()), *(str(checks / f"test_{area}.py") for area in areas)]
        # What hypothesis need not make in every run is kept with the environment, which holds nobody else's libraries.
        storage = self.python.parent.parent / ".hypothesis"
        storage.mkdir(exist_ok=True)
        write = writable([self.home.name, str(storage)])
        read = readable([*environments_of(str(self.python)), *self._readable, *map(str, self.releases), *write])
        with self.log.open("w") as output:
            process = self._keeper.enter_context(
                supervised_process(
                    command,
                    home=self.home.name,
                    variables=clean_environment(self.home.name, storage, self.environment),
                    output=output,
                    limits=sandbox.RLIMITS,
                    cage={"read": read, "write": write},
                    pass_fds=[its_end.fileno()],
                )
            )
        its_end.close()
        self.channel, self._pid = our_end, process.pid
        # It is watched from its start, as it may be started long before anybody waits for it.
        watch = threading.Thread(target=self._watch, args=(storage,), daemon=True)
        self._keeper.callback(watch.join)
        self._keeper.callback(self._ended.set)
        watch.start()
        return self

    def _watch(self, storage: Path) -> None:
        """Stop the template when it exceeds a bound. Its cells have bounds of their own."""
        folders = [Path(self.home.name), storage]
        limits = Limits("the process that loads the libraries", sandbox.BOUNDS, self.log, folders)
        while not self._ended.wait(WATCH_SECONDS):
            cells = list(self._running.values())
            limits.of_others = {cell.home.name for cell in cells}
            processes = (below(self._pid) | {self._pid}).difference(*(cell.processes for cell in cells))
            self._stop_cause = self._stop_cause or limits.exceeded(processes) or ""
            if self._stop_cause:
                # What was not gone in time, as the machine stood still for a moment, is stopped again.
                stop(self._pid)

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.channel.close()
        self._keeper.close()
        remove_home(self.home)

    def send_request(self, request: TemplateRequest, files: Sequence[Path] = ()) -> int:
        """Send a request, with ``files`` made anew and open for writing; the id that its answers carry."""
        data = json.dumps(to_json(request)).encode() + b"\n"
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(file.open("wb")) for file in files]
            # That it is gone is seen where its answers are read.
            with contextlib.suppress(ConnectionError):
                sent = socket.send_fds(self.channel, [data], [stream.fileno() for stream in streams]) if files else 0
                self.channel.sendall(data[sent:])
        return request.id

    def _next_id(self) -> int:
        self._number += 1
        return self._number

    def _process(self, home: str) -> ForkedProcess:
        """What a process that is forked for a request may use."""
        return ForkedProcess(home, RLIMITS, tuple(self._readable))

    def answers(self, timeout: float) -> list[TemplateAnswer]:
        """The answers that arrive within ``timeout`` seconds.

        Raises EOFError once the process is gone or says what is no answer, and MetaError where it was stopped because
        it had exceeded a bound.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self.channel, selectors.EVENT_READ)
            if not selector.select(timeout):
                return []
        try:
            data = self.channel.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data and self._stop_cause:
            raise undecided(ErrorCode.NO_TEMPLATE, "the warm lane was stopped", self._stop_cause)
        if not data:
            raise EOFError
        *lines, self._unread = (self._unread + data).split(b"\n")
        if len(self._unread) > MAX_ANSWER:
            raise EOFError
        try:
            return [from_json(TemplateAnswer, json.loads(line)) for line in lines]
        except (ValueError, RecursionError):
            # A stranger's library runs in it, and may have spoken in its place.
            raise EOFError from None

    def survey_modules(self, paths: Sequence[Sequence[str]], preload: Sequence[str]) -> list[str]:
        """The modules that a cell loads with ``preload`` on each of these import paths.

        For each path a cell is forked that imports ``preload`` and lists the modules that this brought in. Raises
        MetaError if the template does not start.
        """
        homes = [Path(self.home.name) / f"survey-{number}" for number in range(len(paths))]
        for home, path in zip(homes, paths, strict=True):
            home.mkdir()
            files = [self._survey_file(home, name) for name in ("log", "modules", "refused-attempts")]
            request = SurveyRequest(self._next_id(), tuple(path), tuple(preload), self._process(str(home)))
            self._pending.add(self.send_request(request, files))
        self.wait_until_ready()
        surveys = [modules for home in homes if (modules := _read_modules(self._survey_file(home, "modules")))]
        if not surveys:
            return []
        shared = set(surveys[0]).intersection(*surveys[1:])
        return [name for name in surveys[0] if name in shared]

    def _survey_file(self, home: Path, name: str) -> Path:
        """A file of a survey, beside the template's log."""
        return self.log.with_name(f"{self.log.stem}.{home.name}.{name}")

    def load(self, modules: Sequence[str]) -> None:
        """Have it load the modules that it can. This does not wait for it."""
        self._pending.add(self.send_request(LoadRequest(self._next_id(), tuple(modules))))

    def warm_up(self, paths: Sequence[Sequence[str]]) -> None:
        """Load the modules that cells on all of these import paths load. Raises MetaError if it cannot."""
        self.load(self.survey_modules(paths, self.plan.preload))
        self.wait_until_ready()

    @property
    def _readable(self) -> list[str]:
        """The folders that a cell reads beside its releases, its home and the interpreter's environment."""
        # A server needs what lies around its binary.
        servers = map(str, readable_for(self.root, self.plan.servers))
        return [str(self.root / "tests" / "conformance"), str(self.root / "contracts"), str(suite.INSIDE), *servers]

    def wait_until_ready(self) -> None:
        """Wait until it has answered every request. Raises MetaError if it does not."""
        end = time.monotonic() + START_SECONDS
        try:
            while self._pending and time.monotonic() < end:
                self._pending -= {answer.id for answer in self.answers(1.0) if answer.pid is None}
        except EOFError:
            output = self.log.read_text(encoding="utf-8", errors="replace").strip()[-500:]
            raise undecided(ErrorCode.NO_TEMPLATE, "the warm lane did not start", output) from None
        if self._pending:
            what = f"the warm lane did not start within {START_SECONDS:g} s"
            raise undecided(ErrorCode.NO_TEMPLATE, what, hint=f"read {self.log}")

    def run(self, jobs: Sequence[Job], *, at_once: int, seconds: float) -> Iterator[tuple[Job, Ending]]:
        """Run the jobs, each for ``seconds`` of CPU time at most, and yield each with how it ended.

        Raises EOFError if the template dies. A job that has not been yielded by then is not decided.
        """
        return in_turns([self.steps(jobs, at_once=at_once, seconds=seconds)])

    def steps(
        self, jobs: Sequence[Job], *, at_once: int, seconds: float
    ) -> Iterator[tuple[Job, Ending] | socket.socket]:
        """Run the jobs like ``run``, and yield the channel whenever nothing can be done before an answer comes."""
        waiting = list(reversed(jobs))
        running = self._running
        limits_enforced = time.monotonic()
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    self._start(waiting.pop())
                answers = self.answers(0.0)
                for answer in answers:
                    cell = running.get(answer.id)
                    if cell is None:
                        raise EOFError
                    if answer.status is None:
                        # What is stopped when the cell ends is to be no other process of the user.
                        cell.pid = answer.pid if answer.pid and answer.pid in below(self._pid) else 0
                        continue
                    ending = cell.finish(answer.status)
                    del running[answer.id]
                    yield cell.job, ending
                if time.monotonic() - limits_enforced > 1:
                    for cell in running.values():
                        cell.enforce_limits(seconds)
                    limits_enforced = time.monotonic()
                if not answers:
                    yield self.channel
        finally:
            for cell in running.values():
                cell.abort()
            running.clear()

    def _start(self, job: Job) -> None:
        home = tempfile.TemporaryDirectory(prefix="cell-", dir=self.home.name, ignore_cleanup_errors=True)
        request = CellRequest(self._next_id(), job.request, job.secret, self._process(home.name))
        self._running[request.id] = RunningJob(job, home)
        self.send_request(request, [job.log, job.record, job.refused_attempts])


def _read_modules(file: Path) -> list[str]:
    """The modules that a survey has listed, or none where it failed: they are only what is worth loading in advance."""
    with contextlib.suppress(OSError, ValueError):
        return [str(name) for name in json.loads(file.read_text())]
    return []


def start_warm_template(
    root: Path,
    python: Path,
    plan: Plan,
    log: Path,
    paths: Sequence[Sequence[str]],
    releases: Sequence[Path],
) -> TemplateProcess:
    """Start a template and load the modules that cells on all of these import paths load.

    The caller ends it. Raises MetaError where it does not start.
    """
    template = TemplateProcess(root, python, plan, log, releases).__enter__()
    try:
        template.warm_up(paths)
    except BaseException:
        template.__exit__(None, None, None)
        raise
    return template


def run_jobs(
    start: Callable[[], TemplateProcess], jobs: Sequence[Job], *, at_once: int, seconds: float
) -> Iterator[tuple[Job, Ending]]:
    """Run the jobs in templates that ``start`` makes (entered and warm), and yield each with how it ended.

    When a template dies, the jobs that were under way are run again one at a time, so that the one that kills its
    template is found and costs no other cell its run.
    """
    return in_turns([job_steps(start, jobs, at_once=at_once, seconds=seconds)])


def job_steps(
    start: Callable[[], TemplateProcess], jobs: Sequence[Job], *, at_once: int, seconds: float
) -> Iterator[tuple[Job, Ending] | socket.socket]:
    """Run the jobs like ``run_jobs``, as one of several runs that have their turns (see turns)."""
    remaining = list(jobs)
    suspects: list[Job] = []
    while remaining or suspects:
        alone = bool(suspects)
        batch = suspects[:1] if alone else remaining
        ended: set[str] = set()
        template = start()
        try:
            for step in template.steps(batch, at_once=1 if alone else at_once, seconds=seconds):
                if not isinstance(step, socket.socket):
                    ended.add(step[0].name)
                yield step
        except EOFError:
            if alone:
                ended.add(batch[0].name)
                yield batch[0], Ending("the run killed the process that it was forked from")
            else:
                started = [job for job in batch if job.name not in ended and job.log.exists()]
                suspects = started or [job for job in batch if job.name not in ended][:at_once]
        finally:
            template.__exit__(None, None, None)
        if alone:
            suspects = suspects[1:]
        done_or_suspect = {job.name for job in suspects} | ended
        remaining = [job for job in remaining if job.name not in done_or_suspect]
