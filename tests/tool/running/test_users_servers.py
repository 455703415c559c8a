"""Users may name servers of their own: another program, or one that runs already."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from examples import SUITE
from rich.console import Console

from market_data_meta.commands.progress import progress
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_plan import Plan
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.records import Record, line_text, record_text
from market_data_meta.judging.report_document import report_result
from market_data_meta.judging.verdicts import judge_records
from market_data_meta.matrix.confirm import isolated_records
from market_data_meta.releases.combinations import Cell, Combination
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.report.markdown import report_markdown
from market_data_meta.render.report.terminal import show_report
from market_data_meta.results.report import ReportResult
from market_data_meta.running.plans import cell_plan, warm_plan
from market_data_meta.running.servers import USERS_REDIS, USERS_URLS, find_servers, readable_for, server_folder

SERVICE = ("core", "store")


def service_plan(contract: Contract, ledger: Ledger, *, users_servers: bool) -> Plan:
    """The plan of a run of Store's service."""
    cell = Cell(Combination(tuple((name, ledger.newest(name).version) for name in SERVICE)))
    return cell_plan(
        contract, ledger, cell, forced=(), optional_libraries=(), release=None, users_servers=users_servers
    )


def terminal_text(report: ReportResult) -> str:
    """What the terminal shows of a report."""
    text = io.StringIO()
    show_report(report, Console(file=text, width=200))
    return text.getvalue()


def test_users_servers_take_the_place_of_the_wheels(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that may use them has them in place of the wheels'; no other run has."""
    usual = find_servers(root)
    assert usual.keys() == {"redis", "postgres", "postgres_data"}
    # Any program that is there; by its name it is found as a shell finds it.
    for name in ("/bin/sh", "sh"):
        monkeypatch.setenv(USERS_REDIS, name)
        assert find_servers(root) == usual
        assert find_servers(root, users=True) == {**usual, "redis": shutil.which(name)}
    monkeypatch.setenv(USERS_URLS["redis"], "redis://127.0.0.1:1/0")
    named = {name: path for name, path in usual.items() if name != "redis"}
    assert find_servers(root, users=True) == {**named, "redis_url": "redis://127.0.0.1:1/0"}


def test_a_program_that_cannot_be_run_is_named(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever misspells it is told so, before anything is run."""
    monkeypatch.setenv(USERS_REDIS, str(tmp_path / "redis-server"))
    with pytest.raises(MetaError, match="which cannot be run"):
        find_servers(root, users=True)


def test_a_run_may_read_the_program_that_a_user_names_and_nothing_beside_it(root: Path, tmp_path: Path) -> None:
    """It may stand in the user's home, which no release is to read."""
    program = tmp_path / "redis-server"
    assert readable_for(root, {"redis": str(program)}) == [server_folder(root), program]
    assert readable_for(root, {"redis_url": "redis://127.0.0.1:1/0"}) == [server_folder(root)]
    assert readable_for(root, {}) == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@example.org:6379/0?password=secret", "redis://example.org:6379/0"),
        ("rediss://secret:secret@[::1]:6379", "rediss://[::1]:6379"),
        ("postgresql://secret:secret@db/market", "postgresql://db/market"),
        # Where the password ends is not certain in any of these.
        ("redis://secret:se/cret@example.org", "a server"),
        ("redis://secret:12?se@example.org", "a server"),
        ("redis://example.org?password=secret@", "a server"),
        ("host=example.org password=secret", "a server"),
        ("unix:///run/secret.sock", "a server"),
    ],
)
def test_a_record_names_a_users_server_without_credentials(
    contract: Contract, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, url: str, shown: str
) -> None:
    """The header says by variable which server took a wheel's place, and nothing of a user or a password."""
    monkeypatch.setenv(USERS_URLS["redis"], url)
    header = service_plan(contract, ledger, users_servers=True).header
    assert header
    assert header.users_servers == {USERS_URLS["redis"]: shown}
    assert "secret" not in line_text(header)


def test_a_run_that_others_share_has_no_server_of_a_user(
    contract: Contract, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a run that was asked to have them has them; another program is named by its path."""
    monkeypatch.setenv(USERS_REDIS, "/bin/sh")
    header = service_plan(contract, ledger, users_servers=True).header
    assert header
    assert header.users_servers == {USERS_REDIS: "/bin/sh"}
    plan = service_plan(contract, ledger, users_servers=False)
    assert plan.header
    assert not plan.header.users_servers
    assert "/bin/sh" not in {*plan.servers.values(), *warm_plan(contract, SERVICE).servers.values()}


def test_whoever_names_a_server_is_told_where_it_does_not_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gate or a matrix has the servers of the wheels, and says so."""
    with progress():
        assert not capsys.readouterr().err
    monkeypatch.setenv(USERS_URLS["postgres"], "postgres://u:secret@127.0.0.1:1/0")
    with progress():
        said = capsys.readouterr().err
    assert "MDMETA_POSTGRES_URL is for mdmeta run" in said
    assert "secret" not in said


@pytest.mark.parametrize("form", [report_markdown, terminal_text])
def test_the_report_shows_a_users_server(
    small: Contract, make_record: Callable[..., Record], form: Callable[[ReportResult], str]
) -> None:
    """A result that another server decided is not taken for one of the usual server."""
    for servers in ({}, {"MDMETA_REDIS_URL": "redis://example.org:6379"}):
        record = make_record(users_servers=servers)
        known = KnownDefects(())
        text = form(report_result(small, judge_records(small, SUITE, [record], known), known))
        assert ("example.org:6379" in " ".join(text.split())) == bool(servers)


def test_the_isolated_lane_confirms_with_the_lanes_own_servers_only(
    tmp_path: Path, make_record: Callable[..., Record]
) -> None:
    """A record with a server of the user's says nothing of the warm lane, which never has one."""
    (tmp_path / "records").mkdir()
    for servers in ({}, {"MDMETA_REDIS_SERVER": "/usr/bin/redis-server"}):
        record = make_record(users_servers=servers)
        (tmp_path / "records" / "cell.jsonl").write_text(record_text(record))
        assert bool(isolated_records(tmp_path, SUITE)) is not bool(servers)


def test_nothing_is_installed_for_users_who_bring_all_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both of their own there is no need of a wheel that this machine may not have."""
    for name, variable in USERS_URLS.items():
        monkeypatch.setenv(variable, f"{name}://127.0.0.1:1/0")
    servers = find_servers(tmp_path, users=True)
    assert servers == {"redis_url": "redis://127.0.0.1:1/0", "postgres_url": "postgres://127.0.0.1:1/0"}
    assert not list(tmp_path.iterdir())
