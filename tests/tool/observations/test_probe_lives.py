"""Lives show in which order things may be done, what is left over at the end, and what is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from observations.small_package import observed

WRITER = """
import asyncio
class Writer:
    def __init__(self, sink) -> None:
        self.sink, self.pending, self.task = sink, [], None
    async def start(self) -> None:
        self.task = asyncio.create_task(self._run())
    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            await self._flush()
    async def _flush(self) -> None:
        while self.pending:
            await self.sink.write(self.pending.pop(0))
    async def submit(self, item: str) -> None:
        self.pending.append(item)
    async def stop(self) -> None:
        self.task.cancel()
        LAST
"""


def _writer(pause: str, last: str) -> dict[str, str]:
    return {"m": WRITER.replace("PAUSE", pause).replace("LAST", last)}


@pytest.mark.parametrize(("last", "written"), [("await self._flush()", True), ("self.pending.clear()", False)])
def test_pending_work(tmp_path: Path, last: str, written: bool) -> None:
    """Whether work that is pending at the end is done or lost can be seen."""
    seen = observed(tmp_path, _writer("1", last), "lives")["small.m.Writer: submit just before the end"]["returns"]
    assert ("handed" in seen[-1]) is written


def test_tasks_that_are_left(tmp_path: Path) -> None:
    """What still runs after the end is counted."""
    kept = observed(tmp_path / "kept", _writer("1", "self.task.uncancel()"), "lives")
    leaking = {"m": WRITER.replace("self.task.cancel()", "pass").replace("PAUSE", "1").replace("LAST", "pass")}
    left = observed(tmp_path / "left", leaking, "lives")
    assert "running" not in kept["small.m.Writer: ends twice"]["returns"][-1]
    assert left["small.m.Writer: ends twice"]["returns"][-1]["running"] == 1


def test_time_passes_for_what_spins(tmp_path: Path) -> None:
    """A loop without a pause does not keep its neighbours from their time, nor the observation from its end."""
    seen = observed(tmp_path, _writer("0", "pass"), "lives")["small.m.Writer: submit in between"]["returns"]
    assert [step.get("waits") for step in seen] == [None, None, None, None, 3, None]


def test_collaborators_that_raise(tmp_path: Path) -> None:
    """A collaborator that raises once ends a loop that does not expect it: later work is not handed over."""
    seen = observed(tmp_path, _writer("1", "pass"), "lives")
    well = seen["small.m.Writer: submit in between"]["returns"]
    raising = seen["small.m.Writer: submit in between, a double raises once"]["returns"]
    assert any("handed" in step for step in well)
    assert not any("handed" in step for step in raising[4:])
