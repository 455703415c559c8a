"""The gate's workflow, its own commands in their own order, on local repositories that stand in for the three."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from github import Runner, filled, workflow

from market_data_meta.contract import Contract
from market_data_meta.ledger import Ledger
from market_data_meta.matrix.cache import default_cache
from market_data_meta.matrix.wheels import unpack_all

BACKEND = """
from pathlib import Path
from zipfile import ZipFile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    source = Path("src")
    (info,) = source.glob("*.dist-info")
    files = sorted(file for file in source.rglob("*") if file.is_file() and file.name != "RECORD")
    name = info.name.removesuffix(".dist-info") + "-py3-none-any.whl"
    with ZipFile(Path(folder) / name, "w") as wheel:
        for file in files:
            wheel.write(file, file.relative_to(source).as_posix())
        names = [file.relative_to(source).as_posix() for file in files] + [f"{info.name}/RECORD"]
        wheel.writestr(f"{info.name}/RECORD", "".join(f"{name},,\\n" for name in names))
    return name
"""
"""A build backend that needs nothing: the source tree holds what the release's wheel holds, metadata included."""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["build_backend"]\n'


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass(frozen=True)
class Repository:
    """A repository as GitHub would serve it, with pull request 7: its head, and the commit that it would merge as."""

    name: str
    head: str
    merge: str


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that stands in for GitHub."""
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def repositories(contract: Contract, ledger: Ledger, hub: Path) -> Mapping[str, Repository]:
    """The sources of the newest releases in one commit each, and a pull request that changes one module harmlessly."""
    newest = {name: ledger.newest(name) for name in contract.packages}
    wanted = {package.distribution: [newest[name]] for name, package in contract.packages.items()}
    sites, faults = unpack_all(wanted, default_cache(), sys.executable)
    assert not faults
    made = {}
    for name, package in contract.packages.items():
        work = hub / "work" / name
        shutil.copytree(sites[newest[name].sha256], work / "src", ignore=shutil.ignore_patterns("__pycache__"))
        (work / "build_backend").mkdir()
        (work / "build_backend" / "backend.py").write_text(BACKEND)
        (work / "pyproject.toml").write_text(PROJECT)
        git(work, "init", "--quiet")
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", "the newest release")
        git(work, "switch", "--quiet", "--create", "change")
        with (work / "src" / package.imports[0] / "__init__.py").open("a") as module:
            module.write("\nCHANGED_BY_PULL_REQUEST = 7\n")
        git(work, "commit", "--quiet", "--all", "--message", "a change")
        git(work, "switch", "--quiet", "main")
        git(work, "merge", "--quiet", "--no-ff", "--message", "as it would merge", "change")
        assert package.repository
        bare = hub / package.repository
        bare.mkdir(parents=True)
        git(bare, "init", "--quiet", "--bare")
        git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        head, merge = git(work, "rev-parse", "change"), git(work, "rev-parse", "main")
        git(
            work,
            "push",
            "--quiet",
            str(bare),
            "main~1:refs/heads/main",
            "change:refs/pull/7/head",
            "main:refs/pull/7/merge",
        )
        made[name] = Repository(package.repository, head, merge)
    return made


@pytest.fixture
def runner(hub: Path, tmp_path: Path) -> Runner:
    """A runner for which GitHub's repositories are the local ones."""
    return Runner(
        tmp_path,
        {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{hub}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/",
        },
    )


def gated(runner: Runner, package: str, repository: Repository, text: str) -> dict[str, str]:
    """The result of each job where the package's repository calls the gate on its pull request with this text."""
    event = {
        "github.repository": repository.name,
        "github.sha": repository.merge,
        "github.event.pull_request.body": text,
    }
    (call,) = workflow(f"docs/callers/{package}.yml")["jobs"].values()
    inputs = {name: filled(given, event) for name, given in call["with"].items()}
    called = workflow(".github/workflows/gate.yml")
    declared = called["on"]["workflow_call"]["inputs"]
    assert inputs.keys() <= declared.keys()
    values = {f"inputs.{name} || github.event.client_payload.{name}": inputs.get(name, "") for name in declared}
    values["(inputs.quick || github.event.client_payload.quick) && 'yes' || ''"] = "yes"
    results: dict[str, str] = {}
    for name, job in called["jobs"].items():
        values["join(needs.*.result, ' ')"] = " ".join(results[need] for need in job.get("needs", ()))
        results[name] = runner.run(name, job, values)
    return results


def told(runner: Runner) -> str:
    return "\n".join(runner.printed.values())


def gate_json(runner: Runner) -> Any:
    return json.loads((runner.artifacts / "contract-gate" / "gate.json").read_text())


def test_a_pull_request_and_its_companion_are_gated(runner: Runner, repositories: Mapping[str, Repository]) -> None:
    """Store's pull request is gated as it would merge, beside core's that its text depends on; nothing got worse."""
    store, core = repositories["store"], repositories["core"]
    text = f"A change.\r\n\r\nDepends-On: {core.name}#7\r\n'; exit 0; $(exit 0) `exit 0` ${{{{ github.token }}}}\r\n"
    results = gated(runner, "store", store, text)
    assert results == {"gate": "success", "contract-gate": "success"}, told(runner)
    gate = gate_json(runner)
    assert gate["exit"] == 0
    assert {c["package"]: c["commit"] for c in gate["candidates"]} == {"store": store.merge, "core": core.head}
    assert gate["reach"] == "quick"
    assert gate["cells"]
    assert all(repository in runner.summary("contract-gate") for repository in (store.name, core.name))
    assert runner.summary("gate") == ""


def test_a_text_that_cannot_be_read_is_no_gate(runner: Runner, repositories: Mapping[str, Repository]) -> None:
    """Where the gate cannot begin, it says why, and the job that branch protection asks for fails."""
    results = gated(runner, "core", repositories["core"], "Depends-On: someone/else#7")
    assert results == {"gate": "failure", "contract-gate": "failure"}
    assert "unknown-repository" in runner.printed["gate"]
    assert "(status 2)" in runner.printed["gate"]
    assert "one is: failure" in runner.printed["contract-gate"]
    assert not (runner.artifacts / "contract-gate").exists()
