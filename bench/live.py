"""``scripts/live``: does Pipeline take from Store over a real Redis what their recordings say that it takes?

A deployment is decided by two runs, of its producer and of its consumer, and by what was recorded once. Here some are
run as they are: both services installed apart, one after the other, with nothing between them but a server.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from bench.deployment import by_service
from bench.soak import Soak
from market_data_meta.cli import run
from market_data_meta.commands.common import Checkout
from market_data_meta.commands.deployments import deployment_evidence
from market_data_meta.deployment.evidence import DeploymentEvidence
from market_data_meta.deployment.recordings import recordings_of
from market_data_meta.errors import MetaError
from market_data_meta.judging.deployments import TAKES_RECORDINGS, narrowed
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.isolated import install_cell
from market_data_meta.running.servers import find_servers
from market_data_meta.running.services import service_cells

EVENTS = 100
"""How many events each producer sends."""


@dataclass(frozen=True)
class LiveDeployment:
    """A deployment: what its recordings say of it (passed, failed or error), and how many events were handled."""

    producer: Combination
    consumer: Combination
    recorded: str
    handled: int | None
    fault: str = ""

    @property
    def agrees(self) -> bool:
        """Whether all is handled where all is taken, and not all where something is not."""
        return self.handled is not None and (self.recorded == "passed") == (self.handled == EVENTS)


@click.command("live", epilog="Example: live --sample 8 --seed 3")
@click.option("--sample", type=click.IntRange(min=1), default=4, help="How many deployments are run [4].")
@click.option("--seed", default=1, help="What they are drawn with [1].")
def live(sample: int, seed: int) -> None:
    """Run a sample of deployments as they are, and compare with what their recordings say.

    Only producers of which there are recordings are drawn. Exit codes: 0 all agree, 1 one does not, 2 bad usage, 3 one
    could not be run, 4 the tool failed.
    """
    checkout = Checkout(Path(__file__).resolve().parent)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    evidence = deployment_evidence(checkout, RunOptions(default_cache()), lambda _: None)
    drawn = _draw(evidence, sample, seed)
    deployments = [_run(checkout, evidence, producer, consumer) for producer, consumer in drawn]
    for one in deployments:
        said = f"handled {one.handled} of {EVENTS} events" if one.handled is not None else f"not run: {one.fault}"
        console.print(f"{one.producer} → {one.consumer}: recordings {one.recorded}; {said}")
    if any(one.handled is not None and not one.agrees for one in deployments):
        sys.exit(1)
    sys.exit(3 if any(one.handled is None for one in deployments) else 0)


def _draw(evidence: DeploymentEvidence, sample: int, seed: int) -> Sequence[tuple[Combination, Combination]]:
    """A seeded sample of deployments: the releases of a producer, and of a consumer."""
    contract, ledger = evidence.contract, evidence.ledger
    cells = service_cells(contract, content_combinations(distinct_contents(contract, ledger)))
    producers, consumers = ([cell.combination for cell in several] for several in by_service(contract, cells))
    known = [producer for producer in producers if recordings_of(producer, evidence.recordings, ledger)]
    draw = random.Random(seed)  # noqa: S311 - not for secrets: the same seed draws the same deployments
    return [(draw.choice(known), draw.choice(consumers)) for _ in range(sample)]


def _run(
    checkout: Checkout, evidence: DeploymentEvidence, producer: Combination, consumer: Combination
) -> LiveDeployment:
    Console(stderr=True).print(f"{producer} → {consumer} …")
    runs = evidence.run([producer, consumer])
    record = runs[consumer].record
    check = record.checks.get(TAKES_RECORDINGS) if record else None
    recorded = narrowed(check, [runs[producer]]).outcome if check else "error"
    with tempfile.TemporaryDirectory(prefix="mdmeta-") as name:
        folder = Path(name)
        try:
            store, pipeline = (
                install_cell(
                    checkout.contract, checkout.ledger, Cell(part), folder / str(number), lambda _: None
                ).python
                for number, part in enumerate((producer, consumer))
            )
            server = find_servers(checkout.root)["redis"]
            counts = Soak(folder / "soak", server, store, pipeline, "store", EVENTS).measure(0, 0)
        except MetaError as error:
            why = f"{error.what}: {error.why.strip().splitlines()[-1] if error.why.strip() else ''}"
            return LiveDeployment(producer, consumer, recorded, None, why)
    return LiveDeployment(producer, consumer, recorded, counts.handled)


if __name__ == "__main__":
    run(live, "live")
