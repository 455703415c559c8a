"""What a module would do with a library that is not there is seen with a double of it."""

from __future__ import annotations

from pathlib import Path

from observations.small_package import observed

MANAGER = """
try:
    from no_such_library import Client
except ImportError:
    Client = None

class Manager:
    def __init__(self, url: str, mode: str = "warn") -> None:
        self.url, self.mode, self.client = url, mode, None

    def start(self) -> None:
        if Client is not None:
            self.client = Client(url=self.url)

    async def check(self, price: float) -> bool:
        if self.client is None:
            return True
        found = await self.client.fetch(name="abc")
        if price > found.limit and self.mode == "strict":
            raise ValueError(price)
        return price <= found.limit

    def stop(self) -> None:
        self.client = None

def connect(url: str) -> object:
    return None if Client is None else Client(url).status
"""


def test_a_call_is_made_with_the_library_and_without_it(tmp_path: Path) -> None:
    seen = observed(tmp_path, {"m": MANAGER}, "functions")
    place = "small.m.Manager.check[]"
    assert seen[place]["returns"] is True
    assert seen[f"{place} with doubles of Client"]["returns"] is True
    begun = seen[f"{place} with doubles of Client after start"]
    assert begun["returns"] is True
    assert begun["handed"] == [["Client.fetch", [], {"name": "abc"}]]
    assert seen["small.m.connect[] with doubles of Client"]["returns"] == "abc"


def test_it_is_made_with_each_word_that_an_argument_may_be(tmp_path: Path) -> None:
    module = MANAGER.replace("price > found.limit", "price < found.limit")
    seen = observed(tmp_path, {"m": module}, "functions")
    place = "small.m.Manager.check[] with doubles of Client after start"
    assert seen[place]["returns"] is True
    assert seen[f"{place} made with mode='strict'"]["raises"][0] == "ValueError"


def test_a_library_that_is_there_is_left_alone(tmp_path: Path) -> None:
    module = MANAGER.replace("from no_such_library import", "from types import SimpleNamespace as")
    assert not [name for name in observed(tmp_path, {"m": module}, "functions") if "doubles" in name]
