"""A call and what comes of it: what it returns or raises, what it hands to others, sends, prints and waits for."""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

from collaborators import HANDED, Answer
from counting import COUNTS
from describing import Described, Json, attributes, class_names, describe
from edge import EDGE
from exhausting import exhausted
from given_files import FOLDERS, written
from process_state import AS_BEFORE, changes, quick_state
from unit import TooLongError
from virtual_time import CLOCK, GoesOn, VirtualLoop, WaitsForever

PATIENCE = 120.0
"""Virtual seconds after which something that goes on is cancelled: longer than any documented back-off."""


_LOGGED = re.compile(r"^.*\d\d:\d\d:\d\d.*\b(TRACE|DEBUG|INFO|SUCCESS|WARNING|ERROR|CRITICAL)\b.*\n?", re.MULTILINE)
"""A line of a log, whose words are for people."""


def run(work: Callable[[], Any], patience: float = PATIENCE) -> Json:
    """Do the work, await and exhaust what it returns, and say what came of it: in so many virtual seconds."""
    HANDED.take()
    EDGE.take()
    COUNTS.take()
    waited, EDGE.at_work, folders = CLOCK.begin(3 * patience), True, len(FOLDERS)
    output, loop = io.StringIO(), VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        with contextlib.redirect_stdout(output), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            before = quick_state()
            outcome = _outcome(loop, work, patience)
            changed = changes(before, quick_state())
            seen = {"returns": outcome} if not isinstance(outcome, _Raised) else outcome.said
        # What is cancelled below hands on what it has in any order, or not at all.
        handed, sent, counted = HANDED.take(), EDGE.take(), COUNTS.take()
    finally:
        _end(loop)
        CLOCK.until, EDGE.at_work = math.inf, False
    if handed:
        seen["handed"] = handed
    if changed != AS_BEFORE:
        seen["process"] = changed
    if files := written(folders):
        seen["writes"] = describe(files)
    if sent:
        seen["sent"] = sent
    if counted:
        seen["counts"] = counted
    if CLOCK.waited - waited > 1e-6:
        seen["virtual seconds"] = round(CLOCK.waited - waited, 3)
    if printed := _LOGGED.sub("", output.getvalue()):
        seen["prints"] = describe(printed)
    deprecated = sorted({str(w.message) for w in warned if issubclass(w.category, DeprecationWarning) and _ours(w)})
    if deprecated:
        seen["deprecated"] = deprecated
    return seen


def _ours(warning: warnings.WarningMessage) -> bool:
    return "site-packages" not in warning.filename


class _Raised:
    def __init__(self, said: dict[str, Json]) -> None:
        self.said = said


def _outcome(loop: VirtualLoop, work: Callable[[], Any], patience: float) -> Json | _Raised:
    try:
        return describe(loop.run_until_complete(asyncio.wait_for(_whole(work), patience)))
    except TooLongError:
        raise
    except WaitsForever:
        return _Raised({"waits": "forever"})
    except GoesOn:
        return _Raised({"goes on": "and on"})
    except TimeoutError as error:
        if error.__cause__ is not None or error.__context__ is not None:
            return _Raised({"goes on": f"after {patience:g} s"})
        return _Raised({"raises": class_names(type(error))})
    except (SystemExit, KeyboardInterrupt) as error:
        return _Raised({"raises": class_names(type(error)), "exit": describe(getattr(error, "code", None))})
    except BaseException as error:
        return _Raised({"raises": class_names(type(error)), **_details(error)})


def _details(error: BaseException) -> dict[str, Json]:
    """What an error tells a program: pydantic's kinds and places, a status, public attributes; no wording."""
    said: dict[str, Json] = {}
    errors = getattr(error, "errors", None)
    if callable(errors) and type(error).__name__ == "ValidationError":
        with contextlib.suppress(Exception):
            said["errors"] = sorted([str(e["type"]), ".".join(map(str, e["loc"]))] for e in errors())
            return said
    if shown := attributes(error):
        said["attributes"] = {name: describe(value) for name, value in shown}
    return said


async def cancelled(work: Callable[[], Any]) -> Described:
    """What becomes of a call that is cancelled where it first waits: it ends, or it goes on as if nothing was."""
    task = asyncio.ensure_future(_whole(work))
    await asyncio.sleep(0)
    was_waiting = task.cancel()
    await asyncio.wait([task], timeout=PATIENCE / 2)
    if not task.done():
        return Described("goes on")
    if task.cancelled() or task.exception() or not was_waiting:
        return Described("ends")
    return Described({"returns": describe(task.result())})


async def _whole(work: Callable[[], Any]) -> Any:
    result = work()
    if isinstance(result, Answer):
        return result
    return await exhausted(result)


def _end(loop: VirtualLoop) -> None:
    """Cancel what still runs: how it ends is nobody's business any more."""
    with contextlib.suppress(BaseException):
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    with contextlib.suppress(BaseException):
        loop.close()
