"""``scripts/soak``: how many events are lost, repeated or out of order while Pipeline's consumer is killed at random?

Store's service and Pipeline's are installed apart and joined by a real Redis only. Events are sent twice over: by
Store's own publisher, and with the documented envelope, so that what the first run meets hides nothing of what lies
behind it.
"""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path

import click
from rich.console import Console

from market_data_meta.cli import run
from market_data_meta.commands.common import Checkout, json_option
from market_data_meta.errors import ErrorCode, undecided
from market_data_meta.releases.combinations import Cell, parse_cell
from market_data_meta.running.isolated import clean_environment, install_cell
from market_data_meta.running.sandbox import supervised_process
from market_data_meta.running.servers import find_servers

SERVICE = Path(__file__).with_name("soak_service.py")
PATIENCE = 60.0
"""Seconds after which a server that has not started hangs."""
EACH = 100
"""Events between two lines of the producer."""
PROMISES = (
    'Core\'s RedisStreamsBus: "At-least-once delivery with consumer groups", "XACK for at-least-once delivery".',
    'Pipeline\'s FeedbackConsumer: "Idempotency: Deduplicate redelivered messages", "At-least-once delivery with DLQ".',
)


@dataclass(frozen=True)
class SoakCounts:
    """What became of the events of one sender. ``pending`` were given to the consumer and never acknowledged.

    ``reordered`` counts events that were first handled after a later one of the same key.
    """

    sender: str
    sent: int
    handled: int
    lost: int
    duplicated: int
    reordered: int
    pending: int
    dead_letters: int
    kills: int


@click.command("soak", epilog="Example: soak --events 10000 core==newest pipeline==0.8.69 store==newest")
@click.argument("pins", nargs=-1, metavar="[PACKAGE==V]...")
@click.option("--events", type=click.IntRange(min=EACH), default=100_000, help="How many events are sent [100000].")
@click.option("--kills", type=click.IntRange(min=0), default=10, help="How often the consumer is killed [10].")
@click.option("--seed", default=1, help="What the moments of the kills are drawn with [1].")
@json_option
def soak(pins: tuple[str, ...], events: int, kills: int, seed: int, *, as_json: bool) -> None:
    """Send events through Redis from Store to Pipeline, and count what is lost, repeated or out of order.

    The consumer is killed and started again after random numbers of sent events, and reads on under its own name. The
    numbers stand beside what the packages promise; they are measured, and judged by nobody. Exit codes: 0 it was
    measured, 2 bad usage, 3 it could not be measured, 4 the tool failed.
    """
    checkout = Checkout(Path(__file__).resolve().parent)
    cell = parse_cell(pins or ("newest",), checkout.contract.packages, checkout.ledger)
    store, pipeline = cell.services(checkout.contract.service_packages)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        folder = Path(name)
        store_python, pipeline_python = (
            install_cell(
                checkout.contract, checkout.ledger, part, folder / part.name, lambda step: console.print(f"{step} …")
            ).python
            for part in (store, pipeline)
        )
        server = find_servers(checkout.root)["redis"]
        counts = []
        for sender in ("store", "documented"):
            console.print(f"sending {events:,} events: {sender} …")
            counts.append(
                Soak(folder / sender, server, store_python, pipeline_python, sender, events).measure(kills, seed)
            )
    if as_json:
        click.echo(
            json.dumps({"combination": cell.combination.as_dict(), "counts": [asdict(c) for c in counts]}, indent=2)
        )
    else:
        _show(cell, counts)


@dataclass(frozen=True)
class Soak:
    """One sender's events through a server of its own, in ``folder``."""

    folder: Path
    server: str
    store: Path
    pipeline: Path
    sender: str
    events: int

    def measure(self, kills: int, seed: int) -> SoakCounts:
        """Send, kill, wait until the group has been given everything, and count."""
        self.folder.mkdir()
        handled = self.folder / "handled.txt"
        handled.touch()
        # Not for secrets: the same seed kills at the same events.
        moments = set(random.Random(seed).sample(range(self.events // EACH), min(kills, self.events // EACH)))  # noqa: S311
        with ExitStack() as stack:
            log = stack.enter_context((self.folder / "redis.log").open("w"))
            command = [self.server, "--port", "0", "--unixsocket", self._socket, "--save", "", "--appendonly", "no"]
            home = str(self.folder)
            stack.enter_context(
                supervised_process(command, home=home, variables=self._variables, output=log, limits={})
            )
            until = time.monotonic() + PATIENCE
            while not Path(self._socket).exists():
                if time.monotonic() > until:
                    raise undecided(ErrorCode.NO_SERVER, "Redis did not start", (self.folder / "redis.log").read_text())
                time.sleep(0.01)
            consumer = self._start(self.pipeline, "consume", str(handled))
            producer = self._start(self.store, "produce", str(self.events), self.sender)
            try:
                times = ""
                for number, line in enumerate(producer.stdout or ()):
                    times = line
                    if number in moments:
                        consumer.kill()
                        consumer.wait()
                        consumer = self._start(self.pipeline, "consume", str(handled))
                self._raise_unless_done("produce", producer.wait())
                drained = self._start(self.pipeline, "drained")
                left, _ = drained.communicate()
                self._raise_unless_done("drained", drained.returncode)
            finally:
                for process in (producer, consumer):
                    process.kill()
                    process.wait()
        sent = {sent_at: key for key, sent_at in json.loads(times)}
        counts = _compared(sent, [float(line) for line in handled.read_text().split()])
        return SoakCounts(self.sender, len(sent), **counts, **json.loads(left), kills=len(moments))

    def _raise_unless_done(self, part: str, status: int) -> None:
        if status:
            why = (self.folder / f"{part}.log").read_text()[-500:]
            raise undecided(ErrorCode.NO_EVIDENCE, f"the soak has not come to its end: {part} ended with {status}", why)

    @property
    def _socket(self) -> str:
        return str(self.folder / "redis.sock")

    @property
    def _variables(self) -> dict[str, str]:
        own = {"PULSE_ENABLED": "true", "EVENT_BUS_BACKEND": "redis", "REDIS_URL": f"unix://{self._socket}"}
        return clean_environment(str(self.folder), self.folder) | own | {"MD_NAMESPACE": "mdp"}

    def _start(self, python: Path, *arguments: str) -> subprocess.Popen[str]:
        with (self.folder / f"{arguments[0]}.log").open("a") as log:
            return subprocess.Popen(
                [python, SERVICE, *arguments], env=self._variables, stdout=subprocess.PIPE, stderr=log, text=True
            )


def _compared(sent: Mapping[float, str], handled: Sequence[float]) -> dict[str, int]:
    """What was handled against what was sent: the key of each event by its time, and the times in order of handling."""
    by_key: dict[str, list[float]] = {}
    for handled_at in dict.fromkeys(handled):
        by_key.setdefault(sent[handled_at], []).append(handled_at)
    return {
        "handled": len(handled),
        "lost": len(sent.keys() - set(handled)),
        "duplicated": len(handled) - len(set(handled)),
        "reordered": sum(
            time < latest
            for times in by_key.values()
            for time, latest in zip(times, accumulate(times, max), strict=True)
        ),
    }


def _show(cell: Cell, counts: Sequence[SoakCounts]) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(str(cell.combination))
    for count in counts:
        console.print(
            f"{count.sender}: {count.sent:,} sent, {count.handled:,} handled, {count.lost:,} lost, "
            f"{count.duplicated:,} duplicated, {count.reordered:,} reordered; "
            f"{count.pending:,} never acknowledged, {count.dead_letters:,} dead letters; {count.kills} kills"
        )
    for promise in PROMISES:
        console.print(promise)


if __name__ == "__main__":
    run(soak, "soak")
