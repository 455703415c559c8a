"""``scripts/steady``: does every check come out the same each time, on a busy machine and in any environment?

Each round runs the combination in both lanes: the warm one, as the matrix has it, and the isolated one, in which no
check that failed behind others is tried again. Its releases alone and its services, with real servers, run in the
isolated lane. In every other run the cell has the environment that every run
has, whatever the caller's is; in the others it has the round's own, which would otherwise hide what depends on it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import TZPATH

import click
from rich.console import Console

from bench.busy import busy_cores
from bench.steady_round import REQUEST, IsolatedRun, RoundRequest
from bench.unsteady import SuiteRun, UnsteadyCheck, faults, unsteady
from market_data_meta.cli import run
from market_data_meta.commands.common import Checkout, json_option
from market_data_meta.commands.progress import progress
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, Exit, MetaError
from market_data_meta.inside.mdm_json import to_json
from market_data_meta.inside.mdm_plan import ENVIRONMENT, Plan
from market_data_meta.judging.records import read_records
from market_data_meta.releases.combinations import Cell, Combination, parse_cell
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.isolated import PreparedCell, prepare
from market_data_meta.running.warm_runner import ProgressStep

ROUNDS = 10
ZONES = ("UTC", "Asia/Kolkata", "America/New_York")
STOP_SECONDS = 20.0
"""What a round may take to end what it has started."""


@dataclass(frozen=True)
class Round:
    """The caller's environment in a round, and whether it has a terminal."""

    number: int
    time_zone: str
    hash_seed: str
    terminal: bool

    @property
    def environment(self) -> dict[str, str]:
        """The round's own environment for a cell."""
        return {**ENVIRONMENT, "TZ": self.time_zone, "PYTHONHASHSEED": self.hash_seed}


@dataclass(frozen=True)
class SteadyResult:
    """The checks that were unsteady, and what could not be run."""

    combination: str
    rounds: tuple[Round, ...]
    runs: int
    unsteady: tuple[UnsteadyCheck, ...]
    faults: tuple[str, ...]

    @property
    def exit(self) -> Exit:
        """Undecided where something could not be run: what is steady in the rest may not be so there."""
        return Exit.UNDECIDED if self.faults else Exit.VIOLATED if self.unsteady else Exit.OK


@click.command("steady", epilog="Example: steady --rounds 3 core==1.2.9 pipeline==0.8.1 store==0.6.0")
@click.argument("pins", nargs=-1, metavar="[PACKAGE==V]...")
@click.option("--rounds", type=click.IntRange(min=2), default=ROUNDS, help=f"How many rounds [{ROUNDS}].")
@json_option
def steady(pins: tuple[str, ...], rounds: int, *, as_json: bool) -> None:
    """Run the whole suite again and again on a combination, its releases alone and its services; list what differs.

    Without versions the newest combination is run. Every core is kept busy by two processes that compute. Each round
    has a caller's environment of its own: the time zone, the hash seed, a terminal or none. Every other run of the
    suite has it as well. A check differs in its outcome, or in what it expected or got. Exit codes: 0 none differs,
    1 some do, 2 bad usage, 3 a round could not be run, 4 the tool failed.
    """
    checkout = Checkout(Path(__file__).resolve().parent)
    contract, ledger = checkout.contract, checkout.ledger
    cell = parse_cell(pins or ("newest",), contract.packages, ledger)
    if cell != Cell(cell.combination) or len(cell.combination.packages) < len(contract.packages):
        raise click.UsageError("a combination of all packages is run, with this interpreter and the usual libraries")
    result = measure(contract, ledger, cell.combination, list(planned_rounds(rounds)))
    if as_json:
        click.echo(json.dumps({**to_json(result), "exit": int(result.exit)}, indent=2))
    else:
        _show(result)
    sys.exit(result.exit)


def planned_rounds(number: int) -> Iterator[Round]:
    """The rounds: each time zone in turn, a hash seed of its own, a terminal in every other one."""
    # Not for secrets: any seed will do, and the result says which it was.
    seeds = random.Random()  # noqa: S311
    for i in range(number):
        yield Round(i + 1, ZONES[i % len(ZONES)], str(seeds.randrange(1, 1 << 32)), terminal=bool(i % 2))


def measure(contract: Contract, ledger: Ledger, combination: Combination, rounds: Sequence[Round]) -> SteadyResult:
    """Run the rounds under load. What a round cannot run is a fault of the result."""
    whole = Cell(combination)
    alone = [Cell(Combination((release,))) for release in combination.versions]
    cells = [whole, *alone, *whole.services(contract.service_packages)]
    runs: list[SuiteRun] = []
    failed: list[str] = []
    with (
        # What was interrupted may still be writing.
        tempfile.TemporaryDirectory(prefix="mdmeta-", ignore_cleanup_errors=True) as name,
        progress(every=1) as on_progress,
    ):
        prepared = []
        for cell in cells:
            on_progress(ProgressStep(0, 0, f"installing {cell.name}"))
            prepared.append(prepare(contract, ledger, cell, Path(name) / cell.name))
        with busy_cores():
            for planned in rounds:
                on_progress(ProgressStep(planned.number - 1, len(rounds), f"round {planned.number}"))
                folder = Path(name) / f"round-{planned.number}"
                (folder / "records").mkdir(parents=True)
                request = _request(planned, combination, prepared)
                (folder / REQUEST).write_text(json.dumps(to_json(request)), encoding="utf-8")
                if fault := _run_round(planned, folder):
                    failed.append(f"round {planned.number}: {fault}")
                    continue
                records = [*read_records(folder / "records"), *read_records(next((folder / "runs").iterdir()))]
                runs += [SuiteRun(planned.number, record) for record in records]
    # The control that must fail expects another number in each run.
    differing = unsteady(runs, contract.controls)
    return SteadyResult(combination.label, tuple(rounds), len(runs), tuple(differing), (*failed, *faults(runs)))


def _request(planned: Round, combination: Combination, prepared: Sequence[PreparedCell]) -> RoundRequest:
    """What to run in a round. Neighbouring rounds swap the runs that have the round's own environment."""
    environments = [planned.environment, dict(ENVIRONMENT)]
    if planned.number % 2:
        environments.reverse()
    warm, isolated = environments
    runs = [
        IsolatedRun(str(cell.folder), str(cell.python), _with_environment(cell.plan, isolated)) for cell in prepared
    ]
    return RoundRequest(combination.as_dict(), warm, tuple(runs))


def _with_environment(plan: Plan, environment: Mapping[str, str]) -> Plan:
    assert plan.header is not None
    return replace(plan, header=replace(plan.header, environment=environment))


def _run_round(planned: Round, folder: Path) -> str:
    """Run a round in a process of its own; why it could not be run, or nothing."""
    if not any((Path(zones) / planned.time_zone).exists() for zones in TZPATH):
        return f"this machine does not know the time zone {planned.time_zone}"
    variables = {**os.environ, "TZ": planned.time_zone, "PYTHONHASHSEED": planned.hash_seed}
    ours, theirs = os.openpty() if planned.terminal else os.pipe()
    command = [sys.executable, "-m", "bench.steady_round", str(folder)]
    stdin = theirs if planned.terminal else subprocess.DEVNULL
    try:
        with ended(
            lambda: subprocess.Popen(command, env=variables, stdin=stdin, stdout=theirs, stderr=theirs)
        ) as process:
            os.close(theirs)
            output = b"".join(_read_all(ours)).decode(errors="replace").split("\n")
            status = process.wait()
    finally:
        os.close(ours)
    said = " ".join(" ".join(output).split())[-300:]
    if status == Exit.UNDECIDED:
        return said
    if status:
        raise MetaError(ErrorCode.BUG, f"round {planned.number} ended with {status}", said, exit=Exit.TOOL_FAILED)
    return ""


@contextmanager
def ended(start: Callable[[], subprocess.Popen[bytes]]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, which is ended with the block, and has the time to end what it has started.

    An interrupt while it starts would leave it behind, known to nobody: such a one is kept back until it has started.
    """
    kept_back: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in handlers:
        signal.signal(number, lambda received, _: kept_back.append(received))
    try:
        process = start()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    try:
        if kept_back:
            raise KeyboardInterrupt
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _read_all(descriptor: int) -> Iterator[bytes]:
    """What comes until the other end is closed, which a terminal tells as an error."""
    while True:
        try:
            data = os.read(descriptor, 1 << 16)
        except OSError:
            return
        if not data:
            return
        yield data


def _show(result: SteadyResult) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for check in result.unsteady:
        console.print(check.line)
    for fault in result.faults:
        console.print(fault)
    console.print(
        f"{result.combination}: {len(result.unsteady)} checks did not come out the same "
        f"in {result.runs} runs of {len(result.rounds)} rounds"
    )


if __name__ == "__main__":
    run(steady, "steady")
