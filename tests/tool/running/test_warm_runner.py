"""Runs of several packages at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from market_data_meta.running.warm_runner import in_turns


def test_what_waits_holds_up_no_other_run() -> None:
    """A run that has nothing to show yet has its turn, and the records of the others come meanwhile."""

    def run(*steps: Any) -> Iterator[Any]:
        yield from steps

    records: list[Any] = list(in_turns([run(None, None, None, "slow"), run("first", None, "second"), run()]))
    assert records == ["first", "second", "slow"]
