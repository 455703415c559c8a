"""Users may name servers of their own: another program, or one that runs already."""

from __future__ import annotations

from pathlib import Path

import pytest

from market_data_meta.running.servers import USERS_REDIS, USERS_URLS, find_servers


def test_users_servers_take_the_place_of_the_wheels(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that may use them has them in place of the wheels'; no other run has."""
    usual = find_servers(root)
    assert usual.keys() == {"redis", "postgres", "postgres_data"}
    monkeypatch.setenv(USERS_REDIS, "/usr/bin/redis-server")
    assert find_servers(root) == usual
    assert find_servers(root, users=True) == {**usual, "redis": "/usr/bin/redis-server"}
    monkeypatch.setenv(USERS_URLS["redis"], "redis://127.0.0.1:1/0")
    named = {name: path for name, path in usual.items() if name != "redis"}
    assert find_servers(root, users=True) == {**named, "redis_url": "redis://127.0.0.1:1/0"}


def test_nothing_is_installed_for_users_who_bring_all_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both of their own there is no need of a wheel that this machine may not have."""
    for name, variable in USERS_URLS.items():
        monkeypatch.setenv(variable, f"{name}://127.0.0.1:1/0")
    servers = find_servers(tmp_path, users=True)
    assert servers == {"redis_url": "redis://127.0.0.1:1/0", "postgres_url": "postgres://127.0.0.1:1/0"}
    assert not list(tmp_path.iterdir())
