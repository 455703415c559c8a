"""A pool of templates: when each is started, what it loads, and that all of them are ended.

The template process itself is a double here; test_template_process.py runs real ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest

from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.inside.mdm_plan import Limits, Plan, PlannedPackage
from market_data_meta.running import template_pool
from market_data_meta.running.template_pool import TemplatePool
from market_data_meta.running.third_party import ThirdPartyLock

SMALL, LARGE, OTHER = (ThirdPartyLock(lock, frozenset()) for lock in ("a==1\n", "a==1\nb==2\nc==3\n", "a==1\nb==3\n"))
PLAN = Plan("", {"core": PlannedPackage("core", ("core",))}, {}, Limits(1.0, 1), preload=("core.events", "late"))
PATHS = [["newest"], ["oldest"]]


class TemplateDouble:
    """Logs what it is asked to do. The template of the set called ``fails`` never gets ready."""

    log: list[tuple[str, str, Any]] = []  # noqa: RUF012 - the same for all of them, emptied by the fixture
    fails = ""

    def __init__(self, _root: Path, python: Path, _plan: object, _log: Path, _releases: object) -> None:
        self.name = str(python)

    def __enter__(self) -> Self:
        self.log.append((self.name, "started", None))
        return self

    def __exit__(self, *_: object) -> None:
        self.log.append((self.name, "ended", None))

    def load(self, modules: list[str]) -> None:
        self.log.append((self.name, "loads", modules))

    def survey_modules(self, paths: object, preload: object) -> list[str]:
        self.log.append((self.name, "surveys", paths))
        return ["surveyed"]

    def wait_until_ready(self) -> None:
        if self.name == self.fails:
            raise undecided(ErrorCode.NO_TEMPLATE, "the warm lane did not start")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    """What the templates have been asked to do."""
    names = {SMALL: "small", LARGE: "large", OTHER: "other"}
    monkeypatch.setattr(template_pool, "install", lambda lock, _python, _cache: names[lock])
    monkeypatch.setattr(template_pool, "TemplateProcess", TemplateDouble)
    monkeypatch.setattr(TemplateDouble, "log", [])
    return TemplateDouble.log


def make_pool(folder: Path) -> TemplatePool:
    return TemplatePool(folder, PLAN, [SMALL, LARGE, OTHER], python="python", cache=folder, releases=[])


def test_each_template_is_started_while_another_works_and_loads_what_the_largest_set_loads(
    tmp_path: Path, log: list[tuple[str, str, Any]]
) -> None:
    with make_pool(tmp_path) as pool:
        assert pool.order == (LARGE, OTHER, SMALL)
        assert log == [
            ("large", "started", None),
            ("large", "loads", ["late"]),
            ("other", "started", None),
            ("other", "loads", ["late"]),
        ]
        log.clear()
        pool.take(LARGE, PATHS)
        assert log == [("large", "surveys", PATHS), ("large", "loads", ["surveyed"]), ("other", "loads", ["surveyed"])]
        log.clear()
        pool.take(OTHER, PATHS)
        assert log == [("small", "started", None), ("small", "loads", ["late", "surveyed"])]


def test_a_template_that_died_is_started_again(tmp_path: Path, log: list[tuple[str, str, Any]]) -> None:
    with make_pool(tmp_path) as pool:
        pool.take(LARGE, PATHS)
        log.clear()
        pool.take(LARGE, PATHS)
        assert log == [("large", "started", None), ("large", "loads", ["late", "surveyed"])]


def test_templates_that_were_not_taken_are_ended(tmp_path: Path, log: list[tuple[str, str, Any]]) -> None:
    with make_pool(tmp_path) as pool:
        pool.take(LARGE, PATHS)
        log.clear()
    assert log == [("other", "ended", None)]


def test_a_template_that_does_not_start_is_ended_and_raises(
    tmp_path: Path, log: list[tuple[str, str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TemplateDouble, "fails", "large")
    with pytest.raises(MetaError, match="did not start"), make_pool(tmp_path) as pool:
        pool.take(LARGE, PATHS)
    assert sorted(name for name, what, _ in log if what == "ended") == ["large", "other"]


def test_whoever_takes_the_template_of_a_set_that_cannot_be_installed_gets_the_error(
    tmp_path: Path, log: list[tuple[str, str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing_install(lock: ThirdPartyLock, _python: str, _cache: Path) -> str:
        if lock is OTHER:
            raise undecided(ErrorCode.UV_FAILED, "b could not be installed")
        return "large"

    monkeypatch.setattr(template_pool, "install", failing_install)
    with make_pool(tmp_path) as pool:
        pool.take(LARGE, PATHS)
        with pytest.raises(MetaError, match="b could not be installed"):
            pool.take(OTHER, PATHS)
    assert ("large", "loads", ["surveyed"]) in log
