"""The gate's workflow, its own commands in their own order, on local repositories that stand in for the three."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from examples import ROOT
from github import Runner, filled, left_out, workflow
from real_gates import PART
from small_suite import small_suite

from market_data_meta.contract import Contract
from market_data_meta.prove.change_files import load_breaks
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.cache import default_cache
from market_data_meta.running.wheels import unpack_all

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
BROKEN = "enums.members"
"""The clause that core's pull request 8 breaks, as the first of its seeded breaks does."""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["build_backend"]\n'


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    process = subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return process.stdout.strip()


def harmless(text: str) -> str:
    return text + "\nNEW = 7\n"


@dataclass(frozen=True)
class Repository:
    """A repository as GitHub serves it: the heads of its pull requests, and the commits that they would merge as."""

    name: str
    heads: Mapping[int, str]
    merges: Mapping[int, str]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that stands in for GitHub."""
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def repositories(contract: Contract, ledger: Ledger, hub: Path) -> Mapping[str, Repository]:
    """The sources of the newest releases in one commit each. Pull request 7 changes nothing that is used, 8 an enum."""
    newest = {name: ledger.newest(name) for name in contract.packages}
    releases = {package.distribution: [newest[name]] for name, package in contract.packages.items()}
    unpacked = unpack_all(releases, default_cache(), sys.executable)
    assert not unpacked.faults
    seeded = next(change for change in load_breaks(ROOT) if BROKEN in change.clauses)
    repositories = {}
    for name, package in contract.packages.items():
        work = hub / "work" / name
        shutil.copytree(unpacked.sites[newest[name].sha256], work / "src", ignore=shutil.ignore_patterns("__pycache__"))
        (work / "build_backend").mkdir()
        (work / "build_backend" / "backend.py").write_text(BACKEND)
        (work / "pyproject.toml").write_text(PROJECT)
        git(work, "init", "--quiet")
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", "the newest release")
        changes: dict[int, tuple[str, Callable[[str], str]]] = {7: (f"{package.imports[0]}/__init__.py", harmless)}
        if name == seeded.package:
            changes[8] = (seeded.edits[0].file, seeded.edits[0].applied)
        assert package.repository
        bare = hub / package.repository
        bare.mkdir(parents=True)
        git(bare, "init", "--quiet", "--bare")
        git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(work, "push", "--quiet", str(bare), "main:refs/heads/main")
        heads, merges = {}, {}
        for number, (file, change) in changes.items():
            git(work, "switch", "--quiet", "--detach", "main")
            path = work / "src" / file
            path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
            git(work, "commit", "--quiet", "--all", "--message", "a change")
            heads[number] = git(work, "rev-parse", "HEAD")
            git(work, "switch", "--quiet", "--detach", "main")
            git(work, "merge", "--quiet", "--no-ff", "--message", "as it would merge", heads[number])
            merges[number] = git(work, "rev-parse", "HEAD")
            refs = [
                f"{commit}:refs/pull/{number}/{kind}"
                for kind, commit in (("head", heads[number]), ("merge", merges[number]))
            ]
            git(work, "push", "--quiet", str(bare), *refs)
        repositories[name] = Repository(package.repository, heads, merges)
    return repositories


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout with a part of its suite: how a gate is called does not depend on what it runs."""
    folder = tmp_path_factory.mktemp("source") / "checkout"
    shutil.copytree(ROOT, folder, ignore=left_out)
    for name in ("contracts", "tests"):
        shutil.rmtree(folder / name)
    return small_suite(folder, PART)


@pytest.fixture
def runner(hub: Path, checkout: Path, tmp_path: Path) -> Runner:
    """A runner for which GitHub's repositories are the local ones."""
    return Runner(
        tmp_path,
        {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{hub}/.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/",
        },
        checkout,
    )


TEXT = "github.event.pull_request.body || github.event.merge_group.head_commit.message"


def run_gate(runner: Runner, package: str, repository: Repository, text: str, quick: str = "true") -> dict[str, str]:
    """The result of each job where the package's repository calls the gate on its pull request with this text."""
    event = {"github.repository": repository.name, "github.sha": repository.merges[7], TEXT: text}
    (call,) = workflow(f"docs/callers/{package}.yml")["jobs"].values()
    inputs = {name: filled(template, event) for name, template in call["with"].items()}
    return run_jobs(runner, {**inputs, "quick": quick}, {})


def run_jobs(runner: Runner, inputs: Mapping[str, str], payload: Mapping[str, str]) -> dict[str, str]:
    """The result of each job of the gate, called with these inputs or sent this payload."""
    called = workflow(".github/workflows/gate.yml")
    declared = called["on"]["workflow_call"]["inputs"]
    assert inputs.keys() <= declared.keys()
    values = {f"inputs.{name} || github.event.client_payload.{name}": inputs.get(name, "") for name in declared}
    values |= {f"inputs.{name}": inputs.get(name, "") for name in declared}
    values |= {f"github.event.client_payload.{name}": payload.get(name, "") for name in ("origin", "version")}
    results: dict[str, str] = {}
    for name, job in called["jobs"].items():
        values["join(needs.*.result, ' ')"] = " ".join(results[need] for need in job.get("needs", ()))
        results[name] = runner.run(name, job, values)
    return results


def printed(runner: Runner) -> str:
    return "\n".join(runner.printed.values())


def gate_json(runner: Runner) -> Any:
    return json.loads((runner.artifacts / "contract-gate" / "gate.json").read_text())


def test_a_pull_request_that_breaks_nothing_may_land(runner: Runner, repositories: Mapping[str, Repository]) -> None:
    """Store's pull request is gated as the commit that it would merge as; nothing got worse, and both jobs succeed."""
    store = repositories["store"]
    results = run_gate(runner, "store", store, "'; exit 0; $(exit 0) `exit 0` ${{ github.token }}\r\n")
    assert results == {"gate": "success", "contract-gate": "success"}, printed(runner)
    gate = gate_json(runner)
    assert gate["exit"] == 0
    assert [(candidate["package"], candidate["commit"]) for candidate in gate["candidates"]] == [
        ("store", store.merges[7])
    ]
    assert gate["reach"] == "quick"
    assert gate["cells"]
    assert "::error" not in runner.printed["contract-gate"]
    assert store.name in runner.summary("contract-gate")


def test_a_companion_that_breaks_the_contract_is_found(runner: Runner, repositories: Mapping[str, Repository]) -> None:
    """Core's pull request that the text depends on is gated too; what it breaks fails both jobs, as core's doing."""
    store, core = repositories["store"], repositories["core"]
    results = run_gate(runner, "store", store, f"A change.\r\n\r\nDepends-On: {core.name}#8\r\n")
    assert results == {"gate": "failure", "contract-gate": "failure"}, printed(runner)
    gate = gate_json(runner)
    assert gate["exit"] == 1
    assert {candidate["package"]: candidate["commit"] for candidate in gate["candidates"]} == {
        "store": store.merges[7],
        "core": core.heads[8],
    }
    worse = {row["clause"]: row["guilty"] for row in gate["differences"] if row["kind"] == "regression"}
    assert worse[BROKEN] == ["core"]
    # What a candidate makes the gate print is no command to GitHub; the last job's annotations are.
    assert "::stop-commands::" in runner.printed["gate"]
    assert "::error title=" in runner.printed["contract-gate"]
    assert BROKEN in runner.summary("contract-gate")
    assert runner.summary("gate") == ""


def test_a_release_that_is_announced_without_a_version_is_no_gate(runner: Runner) -> None:
    """The event that an origin sends with an empty version is refused by name, and both jobs fail."""
    results = run_jobs(runner, {}, {"origin": "market-data-core", "version": ""})
    assert results == {"gate": "failure", "contract-gate": "failure"}
    assert "market-data-core announces a release, and its version is ''" in runner.printed["gate"]
    assert "mdmeta gate" not in runner.printed["gate"]


def test_a_built_wheel_is_gated_before_it_is_uploaded(runner: Runner, contract: Contract, ledger: Ledger) -> None:
    """The wheel comes from an artifact of the calling run: what is gated is what will be uploaded."""
    release = ledger.newest("store")
    unpacked = {contract.packages["store"].distribution: [release]}
    assert not unpack_all(unpacked, default_cache(), sys.executable).faults
    (wheel,) = (default_cache() / "wheels" / release.sha256[:16]).glob("*.whl")
    (runner.artifacts / "built").mkdir(parents=True)
    shutil.copy(wheel, runner.artifacts / "built")
    results = run_jobs(runner, {"wheels": "built", "store": f"dist/{wheel.name}", "quick": "true"}, {})
    assert results == {"gate": "success", "contract-gate": "success"}, printed(runner)
    (candidate,) = gate_json(runner)["candidates"]
    assert (candidate["source"], candidate["sha256"]) == (f"dist/{wheel.name}", release.sha256)


def test_a_flag_that_is_none_is_no_gate(runner: Runner, repositories: Mapping[str, Repository]) -> None:
    """A flag that a program sent and that means neither yes nor no is refused by name, and both jobs fail."""
    results = run_gate(runner, "core", repositories["core"], "", quick="maybe")
    assert results == {"gate": "failure", "contract-gate": "failure"}
    assert "MDMETA_QUICK" in runner.printed["gate"]
    assert "'maybe'" in runner.printed["gate"]
    assert "(status 2)" in runner.printed["gate"]


def test_a_text_that_cannot_be_read_is_no_gate(runner: Runner, repositories: Mapping[str, Repository]) -> None:
    """Where the gate cannot begin, it says why, and the job that branch protection asks for fails."""
    results = run_gate(runner, "core", repositories["core"], "Depends-On: someone/else#7")
    assert results == {"gate": "failure", "contract-gate": "failure"}
    assert "unknown-repository" in runner.printed["gate"]
    assert "(status 2)" in runner.printed["gate"]
    assert "one is: failure" in runner.printed["contract-gate"]
    assert not (runner.artifacts / "contract-gate").exists()
