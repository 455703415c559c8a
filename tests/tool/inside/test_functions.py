"""Which functions differ in two releases, and what counts as another difference than that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from market_data_meta.inside.mdm_functions import ChangedFunctions, changed_functions

MODULE = '''
"""A queue."""
from typing import Any

from small.limits import LIMIT

__version__ = "1.0"

class Queue:
    size: int = LIMIT

    def put(self, item: Any) -> bool:
        """Put it in."""
        return self.size > 0

    @property
    def length(self) -> int:
        return self.size

    def drain(self):
        yield self.size

def make(size: int = 3) -> Queue:
    def inner() -> int:
        return size
    return Queue()
'''
OTHERS = {"small/__init__.py": "", "small/limits.py": "LIMIT = 3\n", "small/data.json": "{}\n"}
METADATA = "Metadata-Version: 2.1\nName: small\nVersion: {}\nRequires-Dist: redis>=5\n\nA README of {}.\n"


def release(folder: Path, module: str, version: str = "1.0", files: Mapping[str, str] = MappingProxyType({})) -> Path:
    """A release that has been unpacked."""
    metadata = {f"small-{version}.dist-info/METADATA": METADATA.format(version, version)}
    for name, text in {**OTHERS, **metadata, "small/queue.py": module, **files}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def changed(folder: Path, old: str, new: str, files: Mapping[str, str] = MappingProxyType({})) -> ChangedFunctions:
    """What a later release with another text in its module has changed."""
    assert old in MODULE
    before = release(folder / "before", MODULE)
    return changed_functions(before, release(folder / "after", MODULE.replace(old, new), "1.1", files))


def test_what_a_changed_body_speaks_of_is_told(tmp_path: Path) -> None:
    """Numbers and short texts on either side, and those that constants of the file stand for; no text for readers."""
    text = MODULE.replace("def make(", '_ROOM = {"low": 7}\n\ndef make(')
    new = text.replace("return self.size > 0", 'return self.size > 2.5 or self.name == "full" or _ROOM["low"] > 1e12')
    before, after = release(tmp_path / "before", text), release(tmp_path / "after", new, "1.1")
    answer = changed_functions(before, after)
    assert answer.functions == ("small/queue.py:Queue.put",)
    assert (answer.numbers, answer.texts) == ((0, 2.5, 7), ("full", "low"))


@pytest.mark.parametrize(
    ("old", "new", "functions"),
    [
        ("return self.size > 0", "return self.size >= 0", ["Queue.put"]),
        ("        return self.size\n", "        return self.size + 1\n", ["Queue.length"]),
        ("        return size\n", "        return size + 1\n", ["make"]),
        ("yield self.size", "yield from [self.size]", ["Queue.drain"]),
        ('__version__ = "1.0"', '__version__ = "1.1"', []),
        ("from typing import Any", "import asyncio\nfrom typing import Any, Literal", []),
        ("def make(", "def helper() -> int:\n    return 1\n\ndef make(", []),
        ("def make(", "_SECONDS = [1, 2]\n\ndef make(", []),
        ("def make(", "_NONE: dict = {}\n\ndef make(", []),
        ("    def drain", "    def _grow(self):\n        pass\n\n    def drain", []),
        ("    def drain", "    @staticmethod\n    def _limit(size):\n        return size\n\n    def drain", []),
        ("return Queue()", "# a comment\n    return (Queue())", []),
        ('"""Put it in."""', '"""Put it in at once."""', []),
        ('"""A queue."""', '"""A queue of things."""', []),
        ("class Queue:\n", 'class Queue:\n    """What waits."""\n\n', []),
    ],
    ids=[
        "a method",
        "a property",
        "a function within one",
        "a generator",
        "the version",
        "an import",
        "a new function",
        "a new constant",
        "a new constant with its type",
        "a new private method",
        "a new static one",
        "a comment",
        "a function's docstring",
        "a module's docstring",
        "a class's docstring",
    ],
)
def test_bodies_of_functions_are_named(tmp_path: Path, old: str, new: str, functions: list[str]) -> None:
    answer = changed(tmp_path, old, new)
    assert (answer.functions, answer.other) == (tuple(f"small/queue.py:{name}" for name in functions), "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size: int = LIMIT", "size: int = 4"),
        ("size: int = 3", "size: int = 4"),
        ("    def put(", "    async def put("),
        ("@property", "@staticmethod"),
        ("yield self.size", "return [self.size]"),
        ("    def drain", "    def close(self):\n        pass\n\n    def drain"),
        ("    def drain", "    @property\n    def _room(self):\n        return 1\n\n    def drain"),
        ("    def drain", "    def _size(self, size=prepare()):\n        return 1\n\n    def drain"),
        ("class Queue:\n", "class Queue:\n    def size(self):\n        pass\n"),
        ("    def drain", "    _room = 1\n\n    def drain"),
        ("def make(", "@register\ndef helper():\n    pass\n\ndef make("),
        ("def make(", "def helper(size=prepare()):\n    pass\n\ndef make("),
        ("def make(", "prepare()\n\ndef make("),
        ("def make(", "LIMIT = 4\n\ndef make("),
        ("def make(", "def __getattr__(name):\n    return 1\n\ndef make("),
        ("from typing import Any", "from typing import *"),
        ("from typing import Any", "from __future__ import annotations\nfrom typing import Any"),
        ("from small.limits import LIMIT", "from small.limits import LIMIT as LIMIT, Any"),
        ("return Queue()", "return Queue("),
    ],
    ids=[
        "a field",
        "a default",
        "a coroutine",
        "a decorator",
        "no generator any more",
        "a new method",
        "a new private property",
        "a new private method with a call as a default",
        "a method in place of a field",
        "a new field",
        "a new function with a decorator",
        "a new function with a call as a default",
        "a new call",
        "a constant that hides an import",
        "what a module does for any name",
        "an import of anything",
        "an import that changes what annotations are",
        "an import of a name that the file uses",
        "a file that is no Python",
    ],
)
def test_any_other_difference_is_said_to_be_one(tmp_path: Path, old: str, new: str) -> None:
    assert changed(tmp_path, old, new) == ChangedFunctions(other="small/queue.py")


@pytest.mark.parametrize(
    ("holder", "is_told"),
    [
        ("def show():\n    {}\n", False),
        ("@command\ndef show():\n    {}\n", True),
        ("class Model(BaseModel):\n    {}\n", True),
        ("def show():\n    {}\n\n\nprint(show.__doc__)\n", True),
    ],
    ids=["a function", "a command", "a model", "a file that reads one"],
)
def test_what_may_be_shown_to_users_is_no_text_for_readers(tmp_path: Path, holder: str, is_told: bool) -> None:
    """A docstring that nobody hands on is for readers of the source alone."""
    before, after = (release(tmp_path / text, holder.format(f'"""{text}."""')) for text in ("One", "Two"))
    assert changed_functions(before, after).other == ("small/queue.py" if is_told else "")


@pytest.mark.parametrize(
    ("more", "elsewhere", "functions"),
    [
        ("", "", ["Queue.put"]),
        ("\n\ndef open(size=_MOST):\n    pass\n", "", None),
        ("", "from small.queue import _MOST\n", None),
    ],
    ids=["in a body", "as a default", "in another file"],
)
def test_who_names_a_private_constant_differs_with_it(
    tmp_path: Path, more: str, elsewhere: str, functions: list[str] | None
) -> None:
    """Its value is used where it is named: in bodies of the same file, or who knows when."""
    text = MODULE.replace("return self.size > 0", "return self.size > _MOST").replace(
        "class Q", "_MOST = 3\n\nclass Q", 1
    )
    files = {"small/app.py": elsewhere}
    before = release(tmp_path / "before", text + more, files=files)
    after = release(tmp_path / "after", text.replace("_MOST = 3", "_MOST = 30") + more, "1.1", files)
    answer = changed_functions(before, after)
    assert answer.functions == tuple(f"small/queue.py:{name}" for name in functions or ())
    assert answer.other == ("" if functions else "small/queue.py")
    assert set(answer.numbers) == ({3, 30} if functions else set())


def test_a_protocol_demands_each_method_that_it_has(tmp_path: Path) -> None:
    """A private method that is new to a class is no difference, and one that is new to a protocol is."""
    method = "    def _grow(self):\n        ...\n"
    of_class, of_protocol = "class Small(Base):\n    pass\n", "class Small(typing.Protocol[T]):\n    pass\n"
    for number, text in enumerate((of_class, of_protocol)):
        before = release(tmp_path / f"{number}", text)
        after = release(tmp_path / f"{number} now", text + method, "1.1")
        assert changed_functions(before, after).other == ("", "small/queue.py")[number]


def test_what_a_new_helper_speaks_of_is_told(tmp_path: Path) -> None:
    """With a body that changed: the helper is what that body did before, or does now."""
    old, new = "return self.size > 0", "return self._fits()"
    helper = "\n    def _fits(self):\n        return self.size > 37\n"
    before, after = release(tmp_path / "before", MODULE), MODULE.replace(old, new + "\n" + helper)
    assert 37 in changed_functions(before, release(tmp_path / "after", after, "1.1")).numbers


def test_who_names_a_private_function_is_its_caller(tmp_path: Path) -> None:
    """In any file of the release, by its name or as a method. A public function has a place of its own."""
    module = "def _cut(n):\n    return size\n\n\ndef wide(n):\n    return _cut(size)\n\n\ndef wider():\n    wide(1)\n"
    app = "from small.queue import _cut\n\n\nclass App:\n    def run(self):\n        return _cut(3)\n"
    before, one, both = (
        release(tmp_path / name, module.replace(old, f"{old} + 1"), files={"small/app.py": app})
        for name, old in (("before", "none"), ("one", "return size"), ("both", "size"))
    )
    assert changed_functions(before, one).callers == ("small/app.py:App.run", "small/queue.py:wide")
    assert changed_functions(before, both).callers == ("small/app.py:App.run",)


@pytest.mark.parametrize(
    ("file", "text", "other"),
    [
        ("small/more.py", '"""More."""\nimport json\nX = 1\n', ""),
        ("small/more.py", "import json\njson.dumps(1)\n", "small/more.py"),
        ("small/queue/__init__.py", "", "small/queue/__init__.py"),
        ("small/data.json", "[]\n", "small/data.json"),
        ("small/more.json", "{}\n", "small/more.json"),
        ("redis.py", "X = 1\n", "redis.py"),
        ("small-1.1.dist-info/entry_points.txt", "[console_scripts]\n", "dist-info/entry_points.txt"),
        ("small-1.1.dist-info/METADATA", METADATA.replace("redis>=5", "redis>=6"), "dist-info/METADATA"),
        ("small-1.1.dist-info/RECORD", "small/queue.py,sha256=x,1\n", ""),
    ],
)
def test_files_count_that_are_no_modules_of_names_alone(tmp_path: Path, file: str, text: str, other: str) -> None:
    assert changed(tmp_path, "size > 0", "size > 1", {file: text}).other == other


def test_a_file_that_is_gone_is_another_difference(tmp_path: Path) -> None:
    before, after = release(tmp_path / "before", MODULE), release(tmp_path / "after", MODULE)
    (after / "small" / "limits.py").unlink()
    assert changed_functions(before, after) == ChangedFunctions(other="small/limits.py")
