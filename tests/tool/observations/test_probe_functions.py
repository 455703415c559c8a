"""Functions and classes are observed in several calls: what they remember, what passes, what goes over the edge."""

from __future__ import annotations

from pathlib import Path

from observations.small_package import observed

WINDOW = """
import time
class Window:
    def __init__(self, limit: int = 1) -> None:
        self.limit, self.used, self.since = limit, 0, time.monotonic()
    def allow(self) -> bool:
        if time.monotonic() - self.since > 30:
            self.used, self.since = 0, time.monotonic()
        self.used += 1
        return self.used <= self.limit
"""


def test_time_between_calls(tmp_path: Path) -> None:
    """A second call, and one after a virtual minute, are seen on the same instance."""
    seen = observed(tmp_path, {"m": WINDOW}, "functions")["small.m.Window.allow again"]
    assert [call["returns"] for call in seen["returns"]["calls"]] == [True, False, True, False]


def test_dates_follow_the_waits(tmp_path: Path) -> None:
    """Dates pass with the virtual clock as seconds do."""
    text = """
from datetime import datetime, timedelta
class Fresh:
    def __init__(self) -> None:
        self.until = datetime.now() + timedelta(seconds=30)
    def is_fresh(self) -> bool:
        return datetime.now() < self.until
"""
    seen = observed(tmp_path, {"m": text}, "functions")["small.m.Fresh.is_fresh again"]
    assert [call["returns"] for call in seen["returns"]["calls"]] == [True, True, False, False]


def test_how_far_from_now_dates_are(tmp_path: Path) -> None:
    """Dates that are reckoned from now are told in seconds from it; now itself, and what is cut to a minute, is now."""
    text = """
import time
from datetime import datetime, timedelta, timezone
def bars() -> list[datetime]:
    now = datetime.now(timezone.utc)
    return [now, now - timedelta(minutes=1), now.replace(second=0, microsecond=0), now - timedelta(hours=3)]
def stamps() -> list[object]:
    now = time.time()
    return [now, now + 30, int(now), (datetime.utcnow() - timedelta(seconds=90)).isoformat()]
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    returned = [moment["datetime"] for moment in seen["small.m.bars[]"]["returns"]]
    assert returned == [f"<now{apart} 0:00:00 UTC>" for apart in ("", "-60s", "", "-10800s")]
    stamps = ["<now in s>", "<now+30s in s>", "<now in whole s>", "<nowT with fraction-90s utc without a zone>"]
    assert seen["small.m.stamps[]"]["returns"] == stamps


def test_arguments_that_change(tmp_path: Path) -> None:
    """A function that changes what it is handed is told from one that does not."""
    text = """
def sorts(items: list[str]) -> int:
    items.sort()
    return len(items)
def counts(items: list[str]) -> int:
    return len(items)
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert "arguments afterwards" in seen["small.m.sorts[]"]
    assert "arguments afterwards" not in seen["small.m.counts[]"]


def test_cached_result(tmp_path: Path) -> None:
    """A result that is one object for all callers is told from one that is made for each."""
    text = """
_SHARED: dict[str, int] = {}
def shared() -> dict[str, int]:
    return _SHARED
def made() -> dict[str, int]:
    return {}
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.shared twice"]["returns"] == {"equal": True, "one object": True, "a change stays": True}
    assert seen["small.m.made twice"]["returns"] == {"equal": True, "one object": False, "a change stays": False}


def test_endless_loops(tmp_path: Path) -> None:
    """What never ends is told at once, whether it sleeps, spins in the loop or keeps the processor."""
    text = """
import asyncio, time
def sleeps() -> None:
    while True:
        time.sleep(0.1)
async def spins() -> None:
    while True:
        await asyncio.sleep(0)
def computes() -> None:
    while True:
        pass
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.sleeps[]"]["goes on"]
    assert seen["small.m.spins[]"]["goes on"]
    assert seen["small.m.computes[]"] == "it went on beyond its limits"


def test_commands_are_not_run(tmp_path: Path) -> None:
    """A command that a package starts is recorded and not run; it fails where the servers are not well."""
    text = f"""
import subprocess
def migrate() -> int:
    return subprocess.run(["touch", {str(tmp_path / "ran")!r}], check=True).returncode
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.migrate[]"]["sent"][0]["command"][0] == "touch"
    assert seen["small.m.migrate[] (server fails)"]["raises"][0] == "CalledProcessError"
    assert not (tmp_path / "ran").exists()


def test_instances_from_factories(tmp_path: Path) -> None:
    """A class whose constructor takes nothing that can be made up is observed by what its factory makes."""
    text = """
class Key:
    def __init__(self, sealed) -> None:
        if not isinstance(sealed, Key | None.__class__) or sealed is None and not _open:
            raise TypeError
    @classmethod
    def make(cls) -> "Key":
        _open.append(1)
        return cls(None)
    def size(self) -> int:
        return 7
_open: list[int] = []
"""
    assert observed(tmp_path, {"m": text}, "functions")["small.m.Key.size[]"]["returns"] == 7


def test_choices_beside_a_function(tmp_path: Path) -> None:
    """The keys of a public constant that goes by a parameter's name are among the samples of that parameter."""
    text = """
TABLE_COLUMNS = {"bars": ["open"], "news": ["title"]}
def columns(table: str) -> list[str]:
    return TABLE_COLUMNS[table]
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.columns[]"]["returns"] == ["open"]
    assert seen["small.m.columns[table='news']"]["returns"] == ["title"]


def test_collections_that_are_handed_out(tmp_path: Path) -> None:
    """A caller who changes what a method returns changes what it returns next, or nothing."""
    text = """
class Registry:
    def __init__(self) -> None:
        self._kept: dict[str, int] = {}
    def own(self) -> dict[str, int]:
        return self._kept
    def copied(self) -> dict[str, int]:
        return dict(self._kept)
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.Registry collections"]["returns"] == {"own": True, "copied": False}


def test_an_alias_that_no_caller_can_write(tmp_path: Path) -> None:
    """A model with such an alias is made by the field's own name."""
    text = """
from pydantic import BaseModel, ConfigDict, Field
class Span(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    from_: int = Field(alias="from")
def first(of: Span) -> int:
    return of.from_
"""
    assert observed(tmp_path, {"m": text}, "functions")["small.m.first[]"]["returns"] == 3


def test_files_that_a_call_writes(tmp_path: Path) -> None:
    """What a call writes to the place that it is given is told as it is, line ends too."""
    text = """
from pathlib import Path
def export(path: Path) -> None:
    Path(path).write_bytes(b"a,b" + bytes([13, 10]))
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.export[]"]["writes"] == {"dict": {"object.json": "a,b\r\n"}}


def test_what_is_made_of_its_own_result(tmp_path: Path) -> None:
    """A function that takes what it gives is called on its result, with other arguments too."""
    text = """
def scoped(url: str, tenant: str) -> str:
    return f"{url}/{tenant}"
def length(url: str) -> int:
    return len(url)
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.scoped of its own result"][""]["returns"].endswith("/abc/abc")
    assert "small.m.length of its own result" not in seen


def test_errors_of_clients(tmp_path: Path) -> None:
    """An error that is mapped is one of those that a client of a server raises."""
    text = """
def is_refused(error: Exception) -> bool:
    return isinstance(error, ConnectionError)
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert [key.partition("=")[2] for key in seen if "error=" in key and seen[key]["returns"] is True] == [
        "ConnectionResetError Connection reset by peer]"
    ]


def test_arguments_of_the_constructor(tmp_path: Path) -> None:
    """What hangs on an argument of the constructor is seen in the methods."""
    text = """
class Scaled:
    def __init__(self, factor: int = 1) -> None:
        self._factor = factor
    def scale(self, value: int) -> int:
        return self._factor * value
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.Scaled[made with factor=3]"]["scale"][""]["returns"] == 9


def test_a_window_that_ends(tmp_path: Path) -> None:
    """What takes things with times is given some whose times move on, up to the very end of a window."""
    text = """
from dataclasses import dataclass
from datetime import datetime
@dataclass
class Tick:
    at: datetime
    price: float
class Windows:
    def __init__(self) -> None:
        self.first = None
    def on_tick(self, tick: Tick) -> float | None:
        self.first = self.first or tick.at
        return round(tick.price, 2) if (tick.at - self.first).total_seconds() {} 1 else None
"""
    firsts = []
    for number, sign in enumerate((">=", ">")):
        seen = observed(tmp_path / str(number), {"m": text.replace("{}", sign)}, "functions")
        calls = seen["small.m.Windows.on_tick over time"]["returns"]["calls"]
        firsts.append([call["returns"] is not None for call in calls].index(True))
    assert firsts == [2, 4]


def test_a_decorator(tmp_path: Path) -> None:
    """A function that a decorator has made is called again and again: what it waits for, and how often it tries."""
    text = """
import functools, time
def limited(rate: int = 60):
    def decorator(function):
        left = [2]
        @functools.wraps(function)
        def wrapper(*args):
            left[0] -= 1
            if left[0] < 0:
                time.sleep(60 / rate)
            return function(*args)
        return wrapper
    return decorator
def plain(size: int) -> int:
    return size
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    limited = {name: each["returns"] for name, each in seen["small.m.limited[] decorating"].items()}
    assert limited["plain, failing 0"]["calls"][:4] == [1, 2, [3, 1.0], [4, 1.0]]
    assert limited["plain, failing 2"]["calls"][0] == ["ConnectionError", "OSError", "Exception"]
    assert not any("plain" in name and "decorating" in name for name in seen)


def test_which_errors_a_decorator_tries_again_after(tmp_path: Path) -> None:
    """An error of a connection is one kind among others, and one of an operating system is not always of that kind."""
    text = """
import functools
def retry(attempts: int = 3):
    def decorator(function):
        @functools.wraps(function)
        def wrapper(*args):
            for _ in range(attempts - 1):
                try:
                    return function(*args)
                except {}:
                    pass
            return function(*args)
        return wrapper
    return decorator
"""
    first_calls = {}
    hows = ("failing 2", "raising FileNotFoundError", "raising RuntimeError")
    for number, errors in enumerate(("Exception", "OSError", "ConnectionError")):
        seen = observed(tmp_path / str(number), {"m": text.format(errors)}, "functions")["small.m.retry[] decorating"]
        first_calls[errors] = [seen[f"plain, {how}"]["returns"]["calls"][0] for how in hows]
    file, other = ["FileNotFoundError", "OSError", "Exception"], ["RuntimeError", "Exception"]
    assert first_calls == {"Exception": [3, 3, 3], "OSError": [3, 3, other], "ConnectionError": [3, file, other]}


def test_a_root_model_is_not_empty(tmp_path: Path) -> None:
    """What looks up a key in a model that is a mapping finds one there, though the mapping could be empty."""
    text = """
from pydantic import Field, RootModel
class Limits(RootModel[dict[str, int]]):
    root: dict[str, int] = Field(default_factory=dict)
class Registry:
    def __init__(self, limits: Limits):
        self.limits = limits.root
    def limit(self, key: str) -> int:
        return self.limits[key]
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert isinstance(seen["small.m.Registry.limit[]"]["returns"], int)


def test_what_is_left_when_it_is_closed(tmp_path: Path) -> None:
    """What was put in before the end is asked for after it."""
    text = """
class Closed(RuntimeError): pass
class Box:
    def __init__(self) -> None:
        self._items, self._closed = [], False
    def put(self, item: str) -> None:
        if self._closed:
            raise Closed
        self._items.append(item)
    def close(self) -> None:
        self._closed = True
    def get(self) -> str:
        if self._closed and not self._items:
            raise Closed
        return self._items.pop(0)
"""
    refused = text.replace("self._closed and not self._items", "self._closed")
    outcomes = {}
    for kind, module in (("kept", text), ("lost", refused)):
        seen = observed(tmp_path / kind, {"m": module}, "functions")["small.m.Box.put, close and get"]["returns"]
        outcomes[kind] = [step[0] for step in seen]
    assert outcomes["kept"] == [None, None, None, None, "abc", "", "abc", {"raises": "Closed"}, {"raises": "Closed"}]
    assert outcomes["lost"] == [None, None, None, None, *[{"raises": "Closed"}] * 5]


def test_the_address_of_a_named_server(tmp_path: Path) -> None:
    """A class that says whose client it is gets an address of that server, and another one that of a web server."""
    text = "class RedisBus:\n    def __init__(self, uri: str) -> None:\n        self.uri = uri\n"
    seen = observed(tmp_path, {"m": text + text.replace("Redis", "Web")}, "functions")
    addresses = [seen[f"small.m.{name}[]"]["returns"]["attributes"]["uri"] for name in ("RedisBus", "WebBus")]
    assert [address.partition(":")[0] for address in addresses] == ["redis", "http"]


def test_what_a_method_makes_of_a_function_is_called(tmp_path: Path) -> None:
    """A function that a call wraps at once is called again and again, like one that a decorator wraps."""
    text = """
from typing import Callable
class Policies:
    def apply(self, function: Callable, attempts: int) -> Callable:
        def wrapper(*args):
            for _ in range(attempts):
                try:
                    return function(*args)
                except ConnectionError:
                    continue
            raise TimeoutError
        return wrapper
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.Policies.apply[] decorating"]["plain, failing 2"]["returns"]["calls"][0] == 3
    never = seen["small.m.Policies.apply[attempts=0] decorating"]["plain, failing 2"]["returns"]
    assert (never["calls"][0][0], never["of the decorated"]) == ("TimeoutError", 0)


def test_what_two_instances_share(tmp_path: Path) -> None:
    """A list that all instances of a class or an error add to is seen, and one that each has for itself is not."""
    text = """
_NONE = []
class Own:
    def __init__(self) -> None:
        self.items = []
class Shared:
    def __init__(self, items: list[str] | None = None) -> None:
        self.items = items or _NONE
class SharedError(Exception):
    def __init__(self, message: str, details: dict | None = None, hints: dict | None = {}) -> None:
        super().__init__(message)
        self.details, self.hints = details or {}, hints
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    parts = {name: seen[f"small.m.{name} shared"]["returns"] for name in ("Own", "Shared", "SharedError")}
    assert parts == {"Own": [], "Shared": ["items"], "SharedError": ["hints"]}
