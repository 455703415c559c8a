"""Several cells in the isolated lane, two at a time: one computes while the other waits for an index or a server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.releases.combinations import Cell
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.isolated import run_cell

AT_ONCE = 2
"""Each of them runs several checks at a time already."""
WAKE_SECONDS = 0.5
"""How long an interrupt may wait to be seen."""


@dataclass(frozen=True)
class CellStep:
    """What is done on a cell, and how many of its checks have ended, of how many; its record in the end."""

    cell: str
    description: str
    ended: int = 0
    total: int = 0
    record: Record | None = None


def run_cells(
    contract: Contract,
    ledger: Ledger,
    cells: Sequence[Cell],
    *,
    out: Path,
    into: Path | None = None,
    on_step: Callable[[CellStep], None] = lambda _: None,
    to_repeat: Callable[[Record], Collection[str]] = lambda _: (),
    users_servers: bool = False,
) -> list[Record]:
    """The record of each cell, in their order, each in an environment of its own: that of a single one may be ``into``.

    ``on_step`` is called from several threads. Raises what the first of them raises that cannot be run: the others are
    ended then, and so they are by an interrupt.
    """
    ending = threading.Event()

    def tell(step: CellStep) -> None:
        # Threads cannot be interrupted: they look here at each step, and every second while their checks run.
        if ending.is_set():
            raise KeyboardInterrupt
        on_step(step)

    def run(cell: Cell) -> Record:
        record = run_cell(
            contract,
            ledger,
            cell,
            out=out,
            into=into,
            progress=lambda text: tell(CellStep(cell.name, text)),
            on_checks=lambda ended, total: tell(CellStep(cell.name, f"{cell.name}: running", ended, total)),
            to_repeat=to_repeat,
            users_servers=users_servers,
        )
        tell(CellStep(cell.name, f"{cell.name}: done", record=record))
        return record

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            futures = [pool.submit(run, cell) for cell in cells]
            waiting = set(futures)
            while waiting:
                # Not without end: a signal that another thread has got is seen when this one wakes.
                ended, waiting = wait(waiting, timeout=WAKE_SECONDS, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
        except BaseException:
            ending.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]
