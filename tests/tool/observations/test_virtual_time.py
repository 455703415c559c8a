"""The virtual clock, in a process of its own: it takes the place of that process's clocks."""

from __future__ import annotations

import subprocess
import sys

from observations.small_package import PROBES

WAITS = """
import asyncio, math, sys
sys.path.insert(0, sys.argv[1])
from virtual_time import CLOCK, VirtualLoop
CLOCK.install()
async def waits():
    seconds = []
    for thousandths in range(1, 500):
        before = CLOCK.waited
        await asyncio.sleep(thousandths / 1000)
        seconds.append(CLOCK.waited - before)
    return seconds
first = VirtualLoop().run_until_complete(waits())
CLOCK.waited = math.ceil(CLOCK.waited) + 1_000 * 86_400.0
print(first == VirtualLoop().run_until_complete(waits()), all(first))
"""


def test_a_wait_is_as_long_after_years_as_on_the_first_day() -> None:
    """A thousand days later each wait ends, and at the same moment after its beginning."""
    done = subprocess.run(
        [sys.executable, "-c", WAITS, str(PROBES)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.split() == ["True", "True"], done.stderr[-2000:]
