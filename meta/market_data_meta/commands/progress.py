"""Progress of long work: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from market_data_meta.running.warm_runner import ProgressStep


@contextmanager
def progress(every: int = 50) -> Iterator[Callable[[ProgressStep], None]]:
    """What to call at each step: it moves a bar, or prints a line ``every`` so many runs where there is no terminal."""
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
