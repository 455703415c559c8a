"""``mdmeta defects``: what is known to be wrong with published releases, for people, programs and maintainers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from market_data_meta import suite
from market_data_meta.commands.common import Checkout
from market_data_meta.commands.defects import defects_command
from market_data_meta.commands.explain import explain_command
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.judging.defect_file import defects_path, load_defects
from market_data_meta.judging.records import Record, record_text
from market_data_meta.releases.ledger import Ledger
from market_data_meta.schemas import schema

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command on a checkout, with a folder of results of its own."""

    def invoke(root: Path, *arguments: str) -> Result:
        where = ["--out", str(tmp_path / "results")]
        return CliRunner().invoke(defects_command, [*arguments, *where], obj=Checkout(root))

    return invoke


@pytest.fixture
def listed(run: Run, root: Path) -> Callable[..., dict[str, Any]]:
    """What ``--json`` prints, which is valid by the published schema."""

    def invoke(*arguments: str) -> dict[str, Any]:
        result = run(root, *arguments, "--json")
        assert result.exit_code == 0, result.output
        data: dict[str, Any] = json.loads(result.stdout)
        Draft202012Validator(schema(root, "defect-list")).validate(data)
        return data

    return invoke


def test_json_lists_every_known_defect_those_first_that_break_something(
    listed: Callable[..., dict[str, Any]], root: Path
) -> None:
    data = listed()
    assert {row["id"] for row in data["defects"]} == {defect.id for defect in load_defects(root).defects}
    assert (data["mended"], data["stale"]) == ([], [])
    rank = [
        (row["mended_in"] is not None, not any(shown["essential"] for shown in row["shown_by"]))
        for row in data["defects"]
    ]
    assert rank == sorted(rank)
    assert rank[0] == (False, False)
    scripts = {row["id"]: row["reproducer"] for row in data["defects"] if row["reproducer"]}
    assert all((root / f"contracts/reproducers/{name}.py").read_text() == text for name, text in scripts.items())
    assert scripts


def test_a_defect_that_is_mended_says_in_which_release(listed: Callable[..., dict[str, Any]], root: Path) -> None:
    mended = {row["id"]: row["mended_in"] for row in listed()["defects"] if row["mended_in"]}
    assert mended
    for name, version in mended.items():
        (defect,) = [one for one in load_defects(root).defects if one.id == name]
        assert f"<{version}" in defect.versions[defect.package].split(",")


def test_the_list_says_of_each_what_it_means_and_costs(run: Run, root: Path) -> None:
    result = run(root)
    text = " ".join(result.stdout.split())
    assert result.exit_code == 0, result.output
    known = load_defects(root)
    assert [d.id for d in known.defects if d.id not in text or d.means not in text] == []
    assert f"{len(known.defects)} known defects" in text
    assert "breaks “" in text
    assert "limits “" in text


@pytest.mark.parametrize("package", ["core", "pipeline", "store"])
def test_the_defects_of_one_package(listed: Callable[..., dict[str, Any]], root: Path, package: str) -> None:
    expected = {defect.id for defect in load_defects(root).defects if defect.package == package}
    assert {row["id"] for row in listed("--package", package)["defects"]} == expected


def test_the_defects_of_one_capability(listed: Callable[..., dict[str, Any]], contract: Contract) -> None:
    seen = set()
    for capability in contract.capabilities.values():
        clauses = {*capability.essential, *capability.others}
        expected = {d.id for d in load_defects(contract.root).defects if clauses & {by.clause for by in d.shown_by}}
        if expected:
            rows = listed("--capability", capability.name)["defects"]
            assert {row["id"] for row in rows} == expected
            seen.add(capability.name)
    assert seen


@pytest.mark.parametrize(
    "arguments",
    [
        ("--package", "croe"),
        ("--capability", "no-such"),
        ("--json", "--markdown"),
        ("--update", "--json"),
        ("--report", "burst-after-pause", "--json"),
    ],
)
def test_a_question_that_has_no_answer_is_refused(run: Run, root: Path, arguments: tuple[str, ...]) -> None:
    result = run(root, *arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.output


def test_markdown_has_a_table_for_each_package(run: Run, root: Path) -> None:
    result = run(root, "--markdown")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "# Known defects"
    packages = {line.removeprefix("## ") for line in lines if line.startswith("## ")}
    known = load_defects(root).defects
    assert packages == {defect.package for defect in known}
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| what")]
    assert {line.split("|")[-2].strip().strip("`") for line in rows} == {defect.id for defect in known}
    assert {line.replace("\\|", "").count("|") for line in rows} == {5}


def test_a_report_is_the_text_of_an_issue(run: Run, root: Path) -> None:
    name = "paused-provider-goes-on"
    (defect,) = [one for one in load_defects(root).defects if one.id == name]
    result = run(root, "--report", name)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"# {defect.means.rstrip('.')}\n")
    script = (root / f"contracts/reproducers/{name}.py").read_text()
    assert f"```python\n{script}```\n" in result.stdout
    for words in (defect.cause, "**Versions:** pipeline >=", "**Effect on users:** it breaks “", "What is expected:"):
        assert words in result.stdout


def test_every_defect_has_a_report_and_an_explanation(run: Run, root: Path) -> None:
    for defect in load_defects(root).defects:
        assert run(root, "--report", defect.id).exit_code == 0
        result = CliRunner().invoke(explain_command, [defect.id], obj=Checkout(root))
        assert (result.exit_code, result.stdout.splitlines()[0]) == (0, defect.id)


@pytest.mark.parametrize(
    ("name", "hint"), [("paused-provider-go-on", "paused-provider-goes-on"), ("qqqq", "mdmeta defects lists them")]
)
def test_an_id_that_does_not_exist_is_bad_input_with_a_near_one(run: Run, root: Path, name: str, hint: str) -> None:
    error = run(root, "--report", name).exception
    assert isinstance(error, MetaError)
    assert (error.code, error.exit) == ("unknown-defect", 2)
    assert hint in error.hint


def test_an_update_with_nothing_mended_writes_nothing(run: Run, copy: Path) -> None:
    before = defects_path(copy).read_bytes()
    result = run(copy, "--update")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing to write" in result.stderr
    assert defects_path(copy).read_bytes() == before


@pytest.fixture
def mended(tmp_path: Path, contract: Contract, ledger: Ledger, make_record: Callable[..., Record]) -> str:
    """A record in the results in which burst-after-pause does not show; the version of pipeline that it is of."""
    versions = {name: ledger.newest(name).version for name in contract.packages}
    record = make_record(
        {"chain.pause-earns-nothing": "passed"},
        cell="next",
        combination=versions,
        suite=suite.digest(contract.root),
        attestation={n: {"version": v, "content": "c" * 64, "direct_url": None} for n, v in versions.items()},
    )
    folder = tmp_path / "results" / "records"
    folder.mkdir(parents=True)
    (folder / "next.jsonl").write_text(record_text(record))
    return versions["pipeline"]


def test_what_a_record_shows_no_longer_is_told_below_the_list(
    run: Run, root: Path, mended: str, listed: Callable[..., dict[str, Any]]
) -> None:
    lines = " ".join(run(root).stdout.split())
    assert f"mended in pipeline {mended}: burst-after-pause (chain.pause-earns-nothing no longer shows it)" in lines
    assert listed()["mended"] == [
        {
            "defect": "burst-after-pause",
            "clause": "chain.pause-earns-nothing",
            "package": "pipeline",
            "version": mended,
        }
    ]


def test_an_update_writes_what_was_mended_and_is_then_done(run: Run, copy: Path, mended: str) -> None:
    before = defects_path(copy).read_text()
    result = run(copy, "--update")
    assert result.exit_code == 0, result.output
    assert f"burst-after-pause: mended in pipeline {mended}" in result.stderr
    after = defects_path(copy).read_text()
    (change,) = [(old, new) for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert change == ('versions = { pipeline = ">=0.8.1" }', f'versions = {{ pipeline = ">=0.8.1,<{mended}" }}')
    assert "nothing to write" in run(copy, "--update").stderr
    assert defects_path(copy).read_text() == after
