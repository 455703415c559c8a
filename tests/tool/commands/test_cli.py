"""The command: exit codes, one message without a traceback, JSON in its published shape."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from examples import PATIENCE
from jsonschema import Draft202012Validator

from command_lines import help_examples, parse_mdmeta, words
from market_data_meta.cli import COMMANDS
from market_data_meta.schemas import schema


def mdmeta(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command as a user would."""
    command = [sys.executable, "-m", "market_data_meta", "--root", str(root), *arguments]
    environment = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment)


def test_output_that_nobody_reads_is_no_violation(root: Path) -> None:
    """A pipe that is closed is a failure of the tool, whatever the command would have said."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "market_data_meta", "--root", str(root), "explain", "--errors"]
    with os.fdopen(write) as output:
        process = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    assert (process.returncode, process.stderr) == (4, b"")


def test_every_command_is_named(root: Path) -> None:
    files = (root / "meta" / "market_data_meta" / "commands").glob("*.py")
    assert sorted(COMMANDS) == sorted(
        f.stem.replace("_", "-") for f in files if f"def {f.stem}_command" in f.read_text()
    )


@pytest.mark.parametrize(
    "command",
    ["can-i-deploy", "clause", "defects", "explain", "history", "matrix", "releases", "report", "run", "upgrade"],
)
def test_what_reads_loads_nothing_that_downloads_or_validates(command: str) -> None:
    """A library that only some work needs is loaded where that work begins."""
    name = command.replace("-", "_")
    program = f"import sys, market_data_meta.cli, market_data_meta.commands.{name}; print(*sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert {"pypi_simple", "requests", "jsonschema", "distributed"} & set(process.stdout.split()) == set()


def test_the_list_of_commands_loads_none_of_them() -> None:
    program = "import sys; sys.argv = ['mdmeta', '--help']; from market_data_meta.cli import cli\n"
    program += "try: cli.main()\nfinally: print(*sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert all(command in process.stdout and line in process.stdout for command, line in COMMANDS.items())
    assert {"pydantic", "jsonschema", "pypi_simple"} & set(process.stdout.split()) == set()


@pytest.mark.parametrize("command", [*COMMANDS, "clause new"])
def test_help_has_an_example(root: Path, command: str) -> None:
    process = mdmeta(root, *command.split(), "--help")
    assert process.returncode == 0
    assert process.stdout.startswith(f"Usage: mdmeta {command} ")
    assert f"Example: mdmeta {command}" in process.stdout
    lines = [line.strip() for line in process.stdout.splitlines()]
    assert not [line for line in lines if "\\b" in line or line.count("mdmeta ") > 1], "an example has its own line"
    for example in help_examples(process.stdout):
        program, *arguments = words(example)
        assert (program, arguments[: len(command.split())]) == ("mdmeta", command.split())
        parse_mdmeta(arguments)


@pytest.mark.parametrize(
    "line",
    ["mdmeta ran newest", "mdmeta run newest --clauses x", "mdmeta run newest --third-party old", "mdmeta --rot ."],
)
def test_a_command_line_that_does_not_exist_is_noticed(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse_mdmeta(words(line)[1:])


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["check"], "check"),
        (["explain", "controls.must-pass"], "explain"),
        (["explain"], "clause-list"),
        (["explain", "chain"], "clause-list"),
        (["explain", "--errors"], "error-list"),
        (["explain", "--capabilities"], "capability-list"),
        (["explain", "redis"], "capability-list"),
        (["explain", "burst-after-pause"], "defect-list"),
        (["releases"], "ledger"),
        (["releases", "core"], "ledger"),
    ],
)
def test_json_has_the_published_shape(root: Path, arguments: list[str], name: str) -> None:
    process = mdmeta(root, *arguments, "--json")
    assert process.returncode == 0, process.stdout + process.stderr
    Draft202012Validator(schema(root, name)).validate(json.loads(process.stdout))


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["run", "croe==1.4.61"], 2, "did you mean core==1.4.61"),
        (["run", "core==9.9.9"], 2, "not in the ledger"),
        (["run", "pipeline==0.8.70", "store==0.6.73"], 2, "core==1.4.61"),
        (["run"], 2, "Missing argument"),
        (["run"], 2, "Usage: mdmeta run"),
        (["explain", "chian"], 2, "did you mean chain"),
        (["explain", "redsi"], 2, "did you mean redis"),
        (["explain", "redis", "--capabilities"], 2, "--capabilities lists all"),
        (["explain", "--errors", "--capabilities"], 2, "two lists"),
        (["releases", "croe"], 2, "did you mean core"),
        (["run", "core==1.4.61", "--third-party", "newest"], 2, "not one of"),
        (["explain", "control.must-pass"], 2, "did you mean controls.must-pass"),
        (["no-such-command"], 2, "No such command"),
        (["report", "--out", "{empty}"], 3, ""),
        (["report", "--out", "{empty}", "--complete"], 3, "there is no record"),
    ],
)
def test_each_end_has_its_exit_code_and_says_what_to_do(
    root: Path, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    process = mdmeta(root, *(argument.replace("{empty}", str(tmp_path)) for argument in arguments))
    assert process.returncode == status, process.stderr
    assert words in " ".join((process.stdout + process.stderr).split())
    assert "Traceback" not in process.stderr


def test_prove_catches_a_break_and_says_so_in_its_published_shape(root: Path, tmp_path: Path) -> None:
    """In a service with a real server, the same way as in a combination; where each is tried test_cells tells."""
    process = mdmeta(root, "prove", "--quick", "redisbus.entry", "--json", "--out", str(tmp_path))
    data = json.loads(process.stdout)
    Draft202012Validator(schema(root, "prove")).validate(data)
    assert process.returncode == 0, process.stderr
    assert {trial["verdict"] for trial in data["breaks"]["trials"]} == {"caught"}
    assert data["breaks"]["right"] == data["breaks"]["of"] > 0
    assert [trial["verdict"] for trial in data["harmless"]["trials"]] == ["silent"], "under other version numbers"


def test_outside_of_a_checkout_it_says_so(tmp_path: Path) -> None:
    process = mdmeta(tmp_path, "check")
    assert (process.returncode, "--root" in process.stderr) == (2, True)


@pytest.mark.parametrize("text", ["passed\n" * 9, "", '{"kind":"header","format":1}'])
def test_a_damaged_record_is_an_unknown_cell_and_loses_no_other(root: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "core1.2.9.jsonl").write_text(text)
    process = mdmeta(root, "report", "--out", str(tmp_path), "--json")
    assert process.returncode == 3, process.stderr
    data = json.loads(process.stdout)
    Draft202012Validator(schema(root, "report")).validate(data)
    assert [(cell["cell"], cell["verdict"]) for cell in data["cells"]] == [("core1.2.9", "unknown")]
    assert "cannot be read" in data["cells"][0]["reasons"][0]


def test_a_failure_of_the_tool_is_no_verdict(root: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir(parents=True)
    process = mdmeta(root, "report", "--out", str(tmp_path))
    assert (process.returncode, "Traceback" in process.stderr) == (4, False)


def test_a_password_of_the_index_is_not_shown(root: Path) -> None:
    where = {"UV_DEFAULT_INDEX": "http://user:s3cret@127.0.0.1:9/simple/"}
    process = mdmeta(root, "releases", "--refresh", **where)
    assert (process.returncode, "s3cret" in process.stderr) == (3, False), process.stderr


def test_only_a_version_is_a_python_and_only_an_environment_is_filled(root: Path, tmp_path: Path) -> None:
    assert mdmeta(root, "run", "core==1.2.9", "--python", "[/]", "--out", str(tmp_path)).returncode == 2
    assert mdmeta(root, "run", "core==1.2.9", "--into", "/usr", "--out", str(tmp_path)).returncode == 2


def test_a_report_can_be_rebuilt_without_running(root: Path, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    mdmeta(root, "report", "--out", str(tmp_path))
    data = json.loads((tmp_path / "report.json").read_text())
    Draft202012Validator(schema(root, "report")).validate(data)
    assert (tmp_path / "report.md").read_text().startswith("# Conformance report")
    assert (tmp_path / "junit.xml").read_text().startswith("<?xml")
