"""The short scripts that workflows run, in checkouts of their own. Only the command of GitHub is a double."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from examples import ROOT

from market_data_meta.releases import pins

GH = """#!/bin/sh
echo "$@" >>"$GH_LOG"
case "$1 $2" in "pr list") cat "$GH_LOG.open" 2>/dev/null || true ;; esac
"""
"""GitHub's command: it logs its calls, and knows the open pull request that a file beside its log names."""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    process = subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return process.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone of a small repository with a ledger, the pinned block, and the scripts."""
    origin, clone = tmp_path / "origin.git", tmp_path / "clone"
    tmp_path.joinpath("origin.git").mkdir()
    git(origin, "init", "--quiet", "--bare")
    git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    shutil.copytree(ROOT / "scripts", clone / "scripts")
    shutil.copytree(ROOT / "contracts" / "releases", clone / "contracts" / "releases")
    shutil.copy(ROOT / "contracts" / "defects.toml", clone / "contracts")
    shutil.copy(ROOT / "tox.ini", clone)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "start")
    git(clone, "push", "--quiet", "origin", "HEAD:refs/heads/main")
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH)
    gh.chmod(0o755)
    return clone


def run(checkout: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder = checkout.parent
    variables = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "GH_LOG": str(folder / "log"), "HOME": str(folder)}
    command = [str(checkout / "scripts" / script), *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def gh_calls(checkout: Path) -> list[str]:
    """The calls of GitHub's command that change something."""
    log = checkout.parent / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [line for line in lines if line.startswith("pr ") and not line.startswith("pr list")]


def add_release(checkout: Path, version: str) -> None:
    file = checkout / "contracts" / "releases" / "core.json"
    data = json.loads(file.read_text())
    data["releases"].append({**data["releases"][-1], "version": version})
    file.write_text(json.dumps(data, indent=1) + "\n")


def add_date(checkout: Path, date: str) -> None:
    file = checkout / "contracts" / "releases" / "snapshot.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "as_of": date}, indent=1) + "\n")


def test_a_date_alone_is_no_news(checkout: Path) -> None:
    """Where only the ledger's date moved, no branch is pushed and no pull request opened."""
    add_date(checkout, "2030-01-01T00:00:00Z")
    assert run(checkout, "ledger-pull-request").returncode == 0
    assert gh_calls(checkout) == []
    assert git(checkout, "ls-remote", "origin", "ledger") == ""


def test_new_releases_make_one_pull_request(checkout: Path) -> None:
    """The first night opens a draft; a night with nothing more leaves it alone, one with more brings it up to date."""
    add_release(checkout, "9.0.0")
    process = run(checkout, "ledger-pull-request")
    assert process.returncode == 0, process.stderr
    (created,) = [line for line in gh_calls(checkout) if line.startswith("pr create")]
    assert "--draft --base main --head ledger" in created
    assert git(checkout, "log", "-1", "--format=%s %an", "origin/main..") == "Ledger: new releases github-actions[bot]"
    first = git(checkout, "ls-remote", "origin", "refs/heads/ledger")

    def next_night(*versions: str) -> str:
        git(checkout, "reset", "--quiet", "--hard", "origin/main")
        add_date(checkout, "2030-01-02T00:00:00Z")
        for version in versions:
            add_release(checkout, version)
        (checkout.parent / "log.open").write_text("12\n")
        assert run(checkout, "ledger-pull-request").returncode == 0
        return git(checkout, "ls-remote", "origin", "refs/heads/ledger")

    before = gh_calls(checkout)
    assert next_night("9.0.0") == first
    assert gh_calls(checkout) == before
    assert next_night("9.0.0", "9.0.1") != first
    assert gh_calls(checkout)[-1] == "pr ready 12 --undo"
    assert len([line for line in gh_calls(checkout) if line.startswith("pr create")]) == 1


def test_a_push_that_fails_opens_nothing(checkout: Path) -> None:
    """Where the branch cannot be pushed, the script fails, and no pull request is opened for what is not there."""
    add_release(checkout, "9.0.0")
    git(checkout, "remote", "set-url", "origin", str(checkout.parent / "nowhere"))
    assert run(checkout, "ledger-pull-request").returncode != 0
    assert gh_calls(checkout) == []


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ("success", 0),
        ("success success", 0),
        ("success failure", 1),
        ("skipped", 1),
        ("success cancelled success", 1),
        ("", 1),
        ("*", 1),
    ],
)
def test_all_succeeded(checkout: Path, results: str, status: int) -> None:
    """Only success is success: a skipped job, a cancelled one and no job at all are not."""
    assert run(checkout, "all-succeeded", results).returncode == status


def test_today_takes_the_newest_of_each(checkout: Path) -> None:
    """The combination that meets today's libraries is the first that tox.ini pins."""
    (checkout / "scripts" / "mdmeta").write_text('#!/bin/sh\necho "$@"\n')
    assert run(checkout, "today").stdout.strip() == f"run {pins.pinned_environments(ROOT)[0]} --third-party today"


def test_second_redis_runs_the_newest_releases_with_the_server_of_the_machine(checkout: Path) -> None:
    """It names the server that is there, so that the record says which one it was; nothing is installed then."""
    server = checkout.parent / "bin" / "redis-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    (checkout / "scripts" / "mdmeta").write_text('#!/bin/sh\necho "$@" "with $MDMETA_REDIS_SERVER"\n')
    assert run(checkout, "second-redis").stdout.strip() == f"run newest with {server}"


def test_pages_puts_the_data_beside_the_page(checkout: Path) -> None:
    """What other programs read lies beside the page; where a part is missing, nothing is published."""
    site = checkout / "results" / "site"
    site.mkdir(parents=True)
    assert run(checkout, "pages").returncode != 0
    for name in ("matrix.json", "matrix.svg", "badge.json", "backtest.json"):
        (checkout / "results" / name).write_text(name)
    assert run(checkout, "pages").returncode == 0
    assert sorted(file.name for file in site.iterdir()) == ["backtest.json", "badge.json", "matrix.json", "matrix.svg"]
