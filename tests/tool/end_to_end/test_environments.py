"""Environments under test, through the real uv and index: what is installed is what was resolved."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from made_index import MadeIndex, serving
from made_wheels import made_wheel
from packaging.requirements import Requirement

from market_data_meta.candidates.sources import release_of
from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError, UninstallableError
from market_data_meta.releases.combinations import Cell, Combination, newest_of, parse_cell
from market_data_meta.releases.earlier_ledger import ledger_at
from market_data_meta.releases.index import refreshed_ledger
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running import environments
from market_data_meta.running.environments import OPTIONAL, SUITE, locked_versions
from market_data_meta.running.isolated import clean_environment, run_cell


def newest(contract: Contract, ledger: Ledger, third_party: str = "highest") -> Cell:
    return Cell(newest_of(contract.packages, ledger), third_party)


@pytest.mark.parametrize("third_party", ["highest", "lowest"])
def test_the_suite_changes_nothing_that_the_packages_resolve_to(
    contract: Contract, ledger: Ledger, third_party: str
) -> None:
    lock = environments.resolve_cell(contract, ledger, newest(contract, ledger, third_party), sys.executable)
    packages, suite = locked_versions(lock.packages), locked_versions(lock.suite)
    assert len(packages) > 40
    assert {name: suite.get(name) for name in packages} == packages
    assert {Requirement(needed).name for needed in SUITE} <= suite.keys()


def test_an_optional_library_that_conflicts_with_the_packages_is_left_out(contract: Contract, ledger: Ledger) -> None:
    lowest = environments.resolve_cell(contract, ledger, newest(contract, ledger, "lowest"), sys.executable)
    highest = environments.resolve_cell(contract, ledger, newest(contract, ledger), sys.executable)
    assert (lowest.optional, highest.optional) == (frozenset(), frozenset(OPTIONAL))
    assert not set(OPTIONAL) & locked_versions(lowest.suite).keys()


def test_the_packages_are_locked_to_the_ledgers_hashes(contract: Contract, ledger: Ledger) -> None:
    lock = environments.resolve_cell(contract, ledger, newest(contract, ledger), sys.executable)
    for name, package in contract.packages.items():
        entry = re.search(rf"^{package.distribution}==(.+)((?:\n    --hash=.+)+)", lock.suite, re.MULTILINE)
        assert entry
        assert re.findall(r"sha256:(\w+)", entry[2]) == [ledger.newest(name).sha256]


def test_a_wheel_with_another_hash_is_not_installed(contract: Contract, ledger: Ledger, tmp_path: Path) -> None:
    release = ledger.newest("core")
    python = environments.create(tmp_path / "venv", sys.executable)
    lock = f"{contract.packages['core'].distribution}=={release.version} --hash=sha256:{'0' * 64}\n"
    with pytest.raises(MetaError, match=r"(?i)hash mismatch"):
        environments.install(python, lock)


def test_a_forbidden_combination_is_forced_and_says_so(contract: Contract, ledger: Ledger) -> None:
    cell = parse_cell(["core==1.2.9", "pipeline==0.8.70", "store==0.6.73"], contract.packages, ledger)
    lock = environments.resolve_cell(contract, ledger, cell, sys.executable)
    assert locked_versions(lock.packages)["market-data-core"] == "1.2.9"
    assert len(lock.forced) == 2


def test_an_allowed_combination_is_not_forced(contract: Contract, ledger: Ledger) -> None:
    assert environments.resolve_cell(contract, ledger, newest(contract, ledger), sys.executable).forced == ()


def test_requirements_that_nothing_satisfies_give_the_resolvers_reason() -> None:
    with pytest.raises(UninstallableError, match="click"):
        environments.uv("pip", "compile", "-", "--quiet", text="click<8\nclick>=8")


def test_without_the_network_it_is_undecided(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(MetaError) as raised:
        environments.uv("pip", "compile", "-", "--quiet", text="click")
    assert (raised.value.code, raised.value.exit) == ("no-network", Exit.UNDECIDED)


def test_offline_it_is_undecided_though_the_resolver_calls_it_no_solution(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    with pytest.raises(MetaError) as raised:
        environments.uv("pip", "compile", "-", "--quiet", text="click")
    assert (raised.value.code, raised.value.exit) == ("no-network", Exit.UNDECIDED)


@pytest.fixture
def candidate(ledger: Ledger, tmp_path: Path) -> Callable[[str], Ledger]:
    """The ledger with a build of Store, 0.6.74, that has more lines of METADATA."""

    def build(metadata: str, as_of: str = ledger.as_of) -> Ledger:
        files = {"market_data_store/__init__.py": ""}
        wheel = made_wheel(tmp_path, "market-data-store", "0.6.74", files, metadata)
        release = release_of(wheel, "market-data-store")
        return replace(ledger, as_of=as_of).with_candidate("store", release, wheel)

    return build


ALONE = Cell(Combination((("store", "0.6.74"),)))
MISSING = "market-data-of-nobody-at-all"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (
            "Requires-Dist: market-data-core>=1.5.0",
            "store 0.6.74 requires market-data-core>=1.5.0; the newest published is 1.4.61",
        ),
        (
            "Requires-Dist: market-data-core==1.4.9999",
            "store 0.6.74 requires market-data-core==1.4.9999; the newest published is 1.4.61",
        ),
        (
            f"Requires-Dist: {MISSING}>=2",
            f"store 0.6.74 requires {MISSING}>=2; the package index has no project of that name",
        ),
        (
            "Requires-Dist: click==8.1.999",
            "store 0.6.74 requires click==8.1.999; there is no version of click==8.1.999",
        ),
        ("Requires-Python: >=3.99", "store 0.6.74 requires Python >=3.99, not 3."),
    ],
)
def test_the_error_names_the_requirement_that_nothing_meets(
    contract: Contract, candidate: Callable[[str], Ledger], metadata: str, reason: str
) -> None:
    with pytest.raises(UninstallableError) as raised:
        environments.resolve_cell(contract, candidate(metadata), ALONE, sys.executable)
    assert raised.value.why.startswith(reason)
    assert "\n" not in raised.value.why


def test_an_index_without_the_packages_makes_it_undecided(
    contract: Contract, candidate: Callable[[str], Ledger], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", (tmp_path / "empty").as_uri())
    with pytest.raises(MetaError) as raised:
        environments.resolve_cell(contract, candidate("Requires-Dist: market-data-core>=1.4"), ALONE, sys.executable)
    assert (raised.value.code, raised.value.exit) == ("wrong-index", Exit.UNDECIDED)


def test_a_library_from_after_the_ledgers_date_makes_it_undecided(
    contract: Contract, candidate: Callable[..., Ledger]
) -> None:
    ledger = candidate("Requires-Dist: click>=8.2", "2025-01-01T00:00:00Z")
    with pytest.raises(MetaError) as raised:
        environments.resolve_cell(contract, ledger, ALONE, sys.executable)
    assert (raised.value.code, raised.value.exit) == ("too-new", Exit.UNDECIDED)


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("market-data-core>=1.4.0", "store 0.6.74 requires market-data-core>=1.4.0; the newest published is 1.2.12"),
        ("fastapi>=0.120", "store 0.6.74 requires fastapi>=0.120; only fastapi<="),
    ],
)
def test_as_of_an_earlier_day_what_came_later_was_not_there_and_that_is_an_answer(
    contract: Contract, ledger: Ledger, tmp_path: Path, requirement: str, reason: str
) -> None:
    """A release that came out since is no other answer than one that never came out."""
    wheel = made_wheel(tmp_path, "market-data-store", "0.6.74", {"x.py": ""}, f"Requires-Dist: {requirement}")
    then = ledger_at(ledger, "2025-10-22T12:00:00Z")
    then = then.with_candidate("store", release_of(wheel, "market-data-store"), wheel)
    with pytest.raises(UninstallableError) as raised:
        environments.resolve_cell(contract, then, ALONE, sys.executable)
    assert raised.value.why.startswith(reason)


def test_a_release_alone_is_installed_with_an_unpublished_companion_that_it_requires(
    contract: Contract, candidate: Callable[[str], Ledger], tmp_path: Path
) -> None:
    core = made_wheel(tmp_path, "market-data-core", "1.5.0", {"market_data_core/__init__.py": ""})
    release = release_of(core, "market-data-core")
    ledger = candidate("Requires-Dist: market-data-core>=1.5.0").with_candidate("core", release, core)
    lock = environments.resolve_cell(contract, ledger, ALONE, sys.executable)
    python = environments.create(tmp_path / "venv", sys.executable)
    environments.install(python, lock.packages)
    assert release.sha256 in lock.packages
    assert list((tmp_path / "venv").glob("lib/python3*/site-packages/market_data_core-1.5.0.dist-info"))


def test_a_missing_interpreter_is_undecided(tmp_path: Path) -> None:
    with pytest.raises(MetaError) as raised:
        environments.create(tmp_path / "venv", "3.99")
    assert (raised.value.code, raised.value.exit) == ("no-interpreter", Exit.UNDECIDED)


def test_the_version_of_an_interpreter_is_read_without_running_installed_code(tmp_path: Path) -> None:
    """The interpreter is given by its path, or as uv finds it."""
    python = Path(environments.create(tmp_path / "venv", sys.executable))
    site = next((tmp_path / "venv" / "lib").glob("python3*")) / "site-packages"
    (site / "odd.pth").write_text("import sys; sys.exit('run')\n")
    assert environments.version_of(str(python)) == platform.python_version()
    assert environments.version_of(f"3.{sys.version_info.minor}").startswith(f"3.{sys.version_info.minor}.")
    with pytest.raises(MetaError) as raised:
        environments.version_of("3.99")
    assert raised.value.exit == Exit.UNDECIDED


def test_a_release_sees_no_token_and_no_setting_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("MDP_FB_SCALE_SOFT", "0.9")
    assert not {"GITHUB_TOKEN", "MDP_FB_SCALE_SOFT"} & clean_environment("/nowhere", Path("/nowhere")).keys()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York", None])
def test_a_release_runs_in_a_time_zone_of_our_choosing_whoever_runs_it(
    monkeypatch: pytest.MonkeyPatch, zone: str | None
) -> None:
    monkeypatch.setenv("TZ", zone) if zone else monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setenv("PYTHONHASHSEED", "random")
    monkeypatch.setenv("LANG", "tr_TR.UTF-8")
    variables = clean_environment("/nowhere", Path("/nowhere"))
    code = "import time; print(time.timezone, time.daylight, hash('a'))"
    texts = {
        subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert [text.split()[:2] for text in texts] == [["-20700", "0"]]
    assert variables["LANG"] == "C.UTF-8"


def test_a_full_disk_ends_in_one_message_and_no_record(
    contract: Contract, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_disk_full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    cell = Cell(Combination((("core", "1.2.9"),)))
    monkeypatch.setattr(Path, "replace", raise_disk_full)
    with pytest.raises(MetaError, match="No space left"):
        run_cell(contract, ledger, cell, out=tmp_path)
    assert not list(tmp_path.glob("records/*"))


def test_an_index_without_upload_times_makes_it_undecided(small: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can then be resolved as of a date; that is no fault of the release."""
    index = MadeIndex(upload_times=False)
    for package in small.packages.values():
        index.add(package.distribution, "1.0")
    index.add(small.deploying_distribution, "1.0")
    with serving(index):
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
        monkeypatch.setenv("UV_NO_CACHE", "1")
        ledger = refreshed_ledger(small, None, lambda _: None)
        assert {release.uploaded for releases in ledger.releases.values() for release in releases} == {""}
        with pytest.raises(MetaError) as raised:
            environments.resolve_cell(small, ledger, Cell(newest_of(("core",), ledger)), sys.executable)
    assert (raised.value.code, raised.value.exit) == ("no-upload-time", Exit.UNDECIDED)
    assert "market_data_core-1.0-py3-none-any.whl" in raised.value.why
