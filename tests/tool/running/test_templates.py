"""Templates one after the other: when each is begun, what it loads, and that none is left behind.

The template itself is a double here; tests/tool/test_warm.py runs real ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest

from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.running import templates
from market_data_meta.running.templates import Templates
from market_data_meta.running.third_party import ThirdPartyLock

SMALL, LARGE, OTHER = (ThirdPartyLock(lock, frozenset()) for lock in ("a==1\n", "a==1\nb==2\nc==3\n", "a==1\nb==3\n"))
PLAN: dict[str, Any] = {"packages": {"core": {"imports": ["core"]}}, "preload": ["core.events", "late"]}
SCOUTS = [["newest"], ["oldest"]]


class Double:
    """Notes what is asked of it; the set called ``fails`` never gets ready."""

    said: list[tuple[str, str, Any]] = []  # noqa: RUF012 - one for all of them, emptied by the fixture
    fails = ""

    def __init__(self, _root: Path, python: Path, _plan: object, log: Path, _releases: object) -> None:
        self.name = str(python)

    def __enter__(self) -> Self:
        self.said.append((self.name, "begun", None))
        return self

    def __exit__(self, *_: object) -> None:
        self.said.append((self.name, "ended", None))

    def load(self, modules: list[str]) -> None:
        self.said.append((self.name, "loads", modules))

    def scout(self, paths: object, preload: object) -> list[str]:
        self.said.append((self.name, "scouts", paths))
        return ["found"]

    def ready(self) -> None:
        if self.name == self.fails:
            raise undecided(ErrorCode.NO_TEMPLATE, "the warm lane did not start")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    """What the templates have noted."""
    names = {SMALL: "small", LARGE: "large", OTHER: "other"}
    monkeypatch.setattr(templates, "installed", lambda one, _python, _cache: names[one])
    monkeypatch.setattr(templates, "Template", Double)
    monkeypatch.setattr(Double, "said", [])
    return Double.said


def made(folder: Path) -> Templates:
    return Templates(folder, PLAN, [SMALL, LARGE, OTHER], python="python", cache=folder, releases=[])


def test_each_is_begun_while_another_works_and_loads_what_the_largest_set_loads(
    tmp_path: Path, said: list[tuple[str, str, Any]]
) -> None:
    with made(tmp_path) as some:
        assert some.order == (LARGE, OTHER, SMALL)
        assert said == [
            ("large", "begun", None),
            ("large", "loads", ["late"]),
            ("other", "begun", None),
            ("other", "loads", ["late"]),
        ]
        said.clear()
        some.take(LARGE, SCOUTS)
        assert said == [("large", "scouts", SCOUTS), ("large", "loads", ["found"]), ("other", "loads", ["found"])]
        said.clear()
        some.take(OTHER, SCOUTS)
        assert said == [("small", "begun", None), ("small", "loads", ["late", "found"])]


def test_one_that_died_is_begun_again(tmp_path: Path, said: list[tuple[str, str, Any]]) -> None:
    with made(tmp_path) as some:
        some.take(LARGE, SCOUTS)
        said.clear()
        some.take(LARGE, SCOUTS)
        assert said == [("large", "begun", None), ("large", "loads", ["late", "found"])]


def test_those_that_were_not_taken_are_ended(tmp_path: Path, said: list[tuple[str, str, Any]]) -> None:
    with made(tmp_path) as some:
        some.take(LARGE, SCOUTS)
        said.clear()
    assert said == [("other", "ended", None)]


def test_one_that_does_not_start_is_ended_and_told(
    tmp_path: Path, said: list[tuple[str, str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Double, "fails", "large")
    with pytest.raises(MetaError, match="did not start"), made(tmp_path) as some:
        some.take(LARGE, SCOUTS)
    assert sorted(name for name, what, _ in said if what == "ended") == ["large", "other"]


def test_a_set_that_cannot_be_installed_is_told_to_whoever_takes_it(
    tmp_path: Path, said: list[tuple[str, str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(one: ThirdPartyLock, _python: str, _cache: Path) -> str:
        if one is OTHER:
            raise undecided(ErrorCode.UV_FAILED, "b could not be installed")
        return "large"

    monkeypatch.setattr(templates, "installed", failing)
    with made(tmp_path) as some:
        some.take(LARGE, SCOUTS)
        with pytest.raises(MetaError, match="b could not be installed"):
            some.take(OTHER, SCOUTS)
    assert ("large", "loads", ["found"]) in said
