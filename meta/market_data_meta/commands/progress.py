"""Progress of long work: bars on a terminal, now and then a line elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from market_data_meta.commands.common import say
from market_data_meta.running.servers import named_servers
from market_data_meta.running.several_cells import CellStep
from market_data_meta.running.warm_runner import ProgressStep


@contextmanager
def progress(every: int = 50) -> Iterator[Callable[[ProgressStep], None]]:
    """What to call at each step: it moves a bar, or prints a line ``every`` so many runs where there is no terminal.

    It says of servers that the user names that these runs do not have them: their records are shared.
    """
    for variable in named_servers():
        say(f"{variable} is for mdmeta run: here the services have the servers of the wheels")
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)

        def on_progress(step: ProgressStep) -> None:
            bar.update(task, description=step.description[:60], completed=step.ended, total=step.total or None)
            if not console.is_terminal and (not step.total or step.ended % every == 0 or step.ended == step.total):
                line = f"{step.ended}/{step.total} {step.description}" if step.total else f"{step.description} …"
                console.print(line, highlight=False)

        yield on_progress


@contextmanager
def cell_progress() -> Iterator[Callable[[CellStep], None]]:
    """What to call at each step of cells that run side by side: a bar for each on a terminal, a line elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def on_step(step: CellStep) -> None:
            if step.cell not in tasks:
                tasks[step.cell] = bars.add_task(step.cell, total=None)
            bars.update(tasks[step.cell], description=escape(step.description))
            if step.record:
                bars.remove_task(tasks[step.cell])
                say(escape(step.description))
            elif step.total:
                bars.update(tasks[step.cell], completed=step.ended, total=step.total)
            elif not console.is_terminal:
                say(f"{escape(step.description)} …")

        yield on_step
