"""Third-party sets: what was resolved before is not resolved again, unless something else is asked."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from examples import LEDGER

from market_data_meta.contract import Contract, Service
from market_data_meta.releases.combinations import Cell
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.running import environments, third_party
from market_data_meta.running.cells import resolve_third_party
from market_data_meta.running.environments import CellLock
from market_data_meta.running.third_party import ThirdPartyLock

SERVICE = Service(("core", "store"), name="store")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each resolution that is asked for; nothing is resolved."""
    questions: list[str] = []

    def resolve_cell(*_: object) -> CellLock:
        questions.append("")
        return CellLock("", "", frozenset(), ())

    monkeypatch.setattr(environments, "resolve_cell", resolve_cell)
    return questions


@pytest.mark.parametrize(
    "changed", [replace(SERVICE, libraries=("httpx",)), replace(SERVICE, extras={"core": ("bus",)})]
)
def test_other_transports_of_a_service_are_resolved_anew(
    deployed: Contract, tmp_path: Path, asked: list[str], changed: Service
) -> None:
    cell = content_combinations(distinct_contents(deployed, LEDGER))[0].of_packages(SERVICE.packages)
    for service, times in ((SERVICE, 1), (SERVICE, 1), (changed, 2)):
        contract = replace(deployed, services={"store": service})
        third_party.resolve_all(contract, LEDGER, [cell], sys.executable, tmp_path)
        assert len(asked) == times


@pytest.mark.parametrize("choice", ["lowest", "today"])
def test_another_choice_of_versions_is_resolved_by_itself(
    small: Contract, tmp_path: Path, asked: list[str], choice: str
) -> None:
    """It is asked for once, and its group is another one although the versions happen to be the same."""
    cell = content_combinations(distinct_contents(small, LEDGER))[0]
    for each, times in (("highest", 1), (choice, 2), (choice, 2), ("highest", 2)):
        third_party.resolve_all(small, LEDGER, [cell], sys.executable, tmp_path, each)
        assert len(asked) == times
    usual, other = (
        set(resolve_third_party(small, LEDGER, [cell], sys.executable, tmp_path, each)[1].values())
        for each in ("highest", choice)
    )
    assert {f"{choice}-{digest}" for digest in usual} == other


def test_what_one_index_has_is_not_expected_of_another(
    small: Contract, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both may have a file of the same name, with other bytes than those whose hash was kept."""
    cell = content_combinations(distinct_contents(small, LEDGER))[0]
    for index, times in (("first", 1), ("first", 1), ("second", 2), ("first", 2)):
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"https://{index}.example/simple/")
        third_party.resolve_all(small, LEDGER, [cell], sys.executable, tmp_path)
        assert len(asked) == times


def test_what_will_run_is_installed_while_other_sets_are_resolved(
    small: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is resolved before the others, and what was resolved earlier is left to whoever needs it."""
    cell = content_combinations(distinct_contents(small, LEDGER))[0]
    other = cell.of_packages(SERVICE.packages)
    resolved: list[str] = []
    installed: list[str] = []
    is_installed = Event()

    def resolve_cell(_contract: object, _ledger: object, resolving: Cell, _python: str) -> CellLock:
        if resolving.combination != cell.combination:
            assert is_installed.wait(60)
        resolved.append(resolving.name)
        return CellLock("", resolving.name, frozenset(), ())

    def install(lock: ThirdPartyLock, _python: str, _cache: Path) -> None:
        installed.append(lock.lock)
        is_installed.set()

    monkeypatch.setattr(environments, "resolve_cell", resolve_cell)
    monkeypatch.setattr(third_party, "install", install)
    for _ in range(2):
        locks = third_party.resolve_all(
            small, LEDGER, [other, cell], sys.executable, tmp_path, to_install={cell.requirements}
        )
        assert list(locks) == [other.requirements, cell.requirements]
        assert installed == [resolved[0]]
