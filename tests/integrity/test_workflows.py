"""Workflows hold no logic, pin the actions that they use, and give no rights to code that they do not trust."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from ruamel.yaml import YAML

from market_data_meta.contract_files import load_contract

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CALLERS = sorted((ROOT / "docs" / "callers").glob("*.yml"))
MAX_LINES = 30
"""Lines of a script that a workflow runs: more of them would be a program, and belong in the tool."""

# One of our scripts and its arguments. A quoted variable is a word of its own; nothing here starts a second command.
COMMAND = re.compile(r"\./scripts/(?P<script>[a-z-]+)(?: [^\n;&|`]*)?")
VARIABLE = re.compile(r"\$\{?([A-Z_]+)")
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")


def workflow_data(text: str) -> dict[str, Any]:
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return data


def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    job_steps: list[dict[str, Any]] = job.get("steps", [])
    return job_steps


def faults(text: str) -> Iterator[str]:
    """What is wrong with a workflow, as sentences."""
    workflow = workflow_data(text)
    if workflow.get("permissions") != {}:
        yield "the workflow's own permissions are not empty"
    if "concurrency" not in workflow:
        yield "the workflow does not say what it supersedes"
    if unsafe := {"pull_request_target", "workflow_run"} & workflow["on"].keys():
        yield f"{', '.join(sorted(unsafe))} would run strangers' code with a token that may write"
    if "secrets" in text:
        yield "a secret is used"
    for line in re.findall(r"uses: (.*)", text):
        if not PINNED.fullmatch(line):
            yield f"{line} is not pinned by commit, with its version beside it"
    for name, job in workflow["jobs"].items():
        yield from (f"{name}: {fault}" for fault in job_faults(job))


def job_faults(job: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a job, as sentences."""
    if "timeout-minutes" not in job:
        yield "it has no time limit"
    permissions = job.get("permissions")
    if not isinstance(permissions, dict):
        yield "its permissions are not stated one by one"
        return
    writes = "write" in permissions.values()
    for step in steps(job):
        run = step.get("run", "")
        if run:
            yield from run_faults(step)
        if (
            step.get("uses", "").startswith("actions/checkout@")
            and step.get("with", {}).get("persist-credentials") is not False
        ):
            yield "the checkout leaves the token where any code can read it"
        if writes and re.search(r"scripts/(mdmeta|steady|tox|today)\b", run):
            yield "it may write, and runs the code of releases"
        if "github.token" in str(step) and not writes:
            yield "it hands on a token that it does not need"


def run_faults(step: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a step's command, as sentences."""
    run = step["run"].strip()
    if "${{" in run:
        yield f"an expression stands in the text of {run!r}"
    match = COMMAND.fullmatch(run)
    if not match or "$(" in run or "shell" in step:
        yield f"{run!r} is not one command of scripts/"
        return
    script = ROOT / "scripts" / match["script"]
    if not os.access(script, os.X_OK) or len(script.read_text().splitlines()) > MAX_LINES:
        yield f"scripts/{match['script']} is no short script"
    if VARIABLE.search(re.sub(r'"\$[A-Z_]+"|\$\{[A-Z_]+:\+', "", run)):
        yield f"a variable in {run!r} is not quoted"
    # gh and mdmeta read these variables themselves.
    if missing := set(VARIABLE.findall(run)) ^ step.get("env", {}).keys() - {"GH_TOKEN", "MDMETA_QUICK"}:
        yield f"its variables and those of {run!r} differ: {', '.join(sorted(missing))}"


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_holds_no_logic_and_trusts_nobody(file: Path) -> None:
    """Each step runs one script, each action is pinned, each job has a time limit and the rights that it states."""
    assert list(faults(file.read_text())) == []


GOOD = """
on: {push: {}}
permissions: {}
concurrency: {group: x}
jobs:
  one:
    timeout-minutes: 5
    permissions: {contents: read}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1  # v7.0.1
        with: {persist-credentials: false}
      - run: ./scripts/mdmeta gate ${CORE:+--core="$CORE"}
        env: {CORE: "${{ inputs.core }}"}
"""


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("permissions: {}", "permissions: {contents: write}"),
        ("permissions: {}", "permissions: read-all"),
        ("concurrency: {group: x}", ""),
        ("on: {push: {}}", "on: {pull_request_target: {}}"),
        ("on: {push: {}}", "on: {workflow_run: {}}"),
        ("${{ inputs.core }}", "${{ secrets.CORE }}"),
        ("${{ inputs.core }}", "${{ github.token }}"),
        ("timeout-minutes: 5", ""),
        ("    permissions: {contents: read}", ""),
        ("permissions: {contents: read}", "permissions: read-all"),
        ("permissions: {contents: read}", "permissions: {contents: write}"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1  # v7.0.1", "@v7.0.1"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1  # v7.0.1", "@3d3c42e5aac5ba805825da76410c181273ba90b1"),
        ("{persist-credentials: false}", "{}"),
        ('"$CORE"}', "${{ inputs.core }}}"),
        ('"$CORE"}', "$CORE}"),
        ('"$CORE"}', '"$OTHER"}'),
        ('"$CORE"}', '"$CORE"} && ./scripts/mdmeta check'),
        ('"$CORE"}', '"$CORE"} | tee log'),
        ('"$CORE"}', '"$CORE"} $(id)'),
        ("./scripts/mdmeta gate", "./scripts/nothing gate"),
        ("./scripts/mdmeta gate", "curl https://example.org"),
        ("./scripts/mdmeta gate", "|\n          ./scripts/mdmeta check\n          ./scripts/mdmeta gate"),
    ],
)
def test_each_rule_can_fail(good: str, bad: str) -> None:
    """A workflow that breaks any rule has a fault."""
    assert list(faults(GOOD)) == []
    assert good in GOOD
    assert list(faults(GOOD.replace(good, bad)))


@pytest.mark.parametrize("name", ["ci", "gate"])
def test_a_last_job_requires_all_others(name: str) -> None:
    """The job that branch protection requires needs every other job, always runs, and requires them to succeed."""
    jobs = workflow_data((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())["jobs"]
    *others, last = jobs
    assert last == {"ci": "contract", "gate": "contract-gate"}[name]
    assert sorted(jobs[last]["needs"]) == sorted(others)
    assert jobs[last]["if"] == "${{ always() }}"
    final = steps(jobs[last])[-1]
    assert final["run"] == './scripts/all-succeeded "$RESULTS"'
    assert final["env"] == {"RESULTS": "${{ join(needs.*.result, ' ') }}"}
    assert len(steps(jobs[last])) == 2 or final["if"] == "${{ always() }}"


def test_a_gate_works_on_its_own_repository() -> None:
    """Called from elsewhere, the gate checks out the repository and the commit of its own workflow file."""
    for job in workflow_data((ROOT / ".github" / "workflows" / "gate.yml").read_text())["jobs"].values():
        (checkout,) = [step for step in steps(job) if "checkout" in step.get("uses", "")]
        assert checkout["with"]["repository"] == "${{ job.workflow_repository }}"
        assert checkout["with"]["ref"] == "${{ job.workflow_sha }}"


def test_every_package_can_be_gated() -> None:
    """The gate has an input for each package, however it is started, and each package's repository has its caller."""
    packages = load_contract(ROOT).packages
    workflow = workflow_data((ROOT / ".github" / "workflows" / "gate.yml").read_text())
    for event, more in (("workflow_call", {"wheels"}), ("workflow_dispatch", set[str]())):
        assert workflow["on"][event]["inputs"].keys() == packages.keys() | {"text", "quick"} | more
    (gate,) = [step for step in steps(workflow["jobs"]["gate"]) if "mdmeta gate" in step.get("run", "")]
    for name in packages:
        assert f'${{{name.upper()}:+--{name}="${name.upper()}"}}' in gate["run"]
        assert gate["env"][name.upper()] == f"${{{{ inputs.{name} || github.event.client_payload.{name} }}}}"
    assert [file.stem for file in CALLERS] == sorted(packages)


@pytest.mark.parametrize("name", ["gate", "matrix"])
def test_a_release_that_a_repository_announces_starts_it(name: str) -> None:
    """The events are those that the repositories send already; the ledger gets that release before it is needed."""
    workflow = workflow_data((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    assert {"core_release", "downstream_release"} <= set(workflow["on"]["repository_dispatch"]["types"])
    commands = [step for job in workflow["jobs"].values() for step in steps(job) if "run" in step]
    announced = [step for step in commands if "--released" in step["run"]]
    assert "releases --refresh" in announced[0]["run"]
    for step in announced:
        for key in ("origin", "version"):
            assert step["env"][key.upper()] == f"${{{{ github.event.client_payload.{key} }}}}"


@pytest.mark.parametrize("file", CALLERS, ids=lambda file: file.name)
def test_a_caller_gives_nothing_away(file: Path) -> None:
    """A caller runs on pull requests and in merge queues, passes on no secret, and passes its package and the text."""
    text = file.read_text()
    package = load_contract(ROOT).packages[file.stem]
    caller = workflow_data(text)
    assert f"of {package.repository}:" in text.splitlines()[0]
    assert caller["on"].keys() == {"pull_request", "merge_group"}
    assert caller["permissions"] == {}
    (job,) = caller["jobs"].values()
    assert "secrets" not in job
    assert job["permissions"] == {"contents": "read"}
    assert job["uses"].split("@")[0].endswith("/market-data-meta/.github/workflows/gate.yml")
    assert job["with"].keys() == {file.stem, "text"}


def test_the_guide_shows_the_caller_of_core() -> None:
    """The caller that docs/gate.md says to paste is core's, line by line."""
    guide = dedent((ROOT / "docs" / "gate.md").read_text().split("```yaml\n")[1].split("```")[0])
    assert guide == (ROOT / "docs" / "callers" / "core.yml").read_text().partition("\n")[2]


def test_every_workflow_is_linted() -> None:
    """Both linters read every workflow and every caller, and an action is pinned to one commit everywhere."""
    config = RawConfigParser()
    config.read(ROOT / "tox.ini")
    linted = config["lint"]["workflows"].replace("\\", "").split()
    assert sorted(linted) == sorted(str(file.relative_to(ROOT)) for file in [*WORKFLOWS, *CALLERS])
    assert config["testenv:lint"]["commands"].count("{[lint]workflows}") == 2
    uses = {use for file in WORKFLOWS for use in re.findall(r"uses: (actions/\S+)", file.read_text())}
    assert len({use.split("@")[0] for use in uses}) == len(uses)
