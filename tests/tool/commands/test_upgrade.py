"""``mdmeta upgrade``: what it asks, about which releases, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from example_deployments import CONTRACT, LEDGER, MadeRuns, Outcomes
from examples import ROOT
from jsonschema import Draft202012Validator
from made_wheels import made_wheel

from market_data_meta.cli import cli
from market_data_meta.commands.common import Checkout
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.judging.deployments import TAKES_RECORDINGS
from market_data_meta.judging.records import Record

Ask = Callable[..., Result]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, make_record: Callable[..., Record]) -> Ask:
    """Ask about the small world of two services."""

    def run(*arguments: str, outcomes: Outcomes | None = None, contract: Contract = CONTRACT) -> Result:
        runs = MadeRuns(make_record, outcomes or {})
        monkeypatch.setattr("market_data_meta.suite.digest", lambda _: "5" * 64)
        monkeypatch.setattr(
            "market_data_meta.commands.deployments.service_runs", lambda *words: runs(words[3], words[1])
        )
        monkeypatch.setattr("market_data_meta.commands.deployments.load_recordings", lambda *_: ())
        monkeypatch.setattr(Checkout, "contract", contract)
        monkeypatch.setattr(Checkout, "ledger", LEDGER)
        result = CliRunner().invoke(cli, ["--root", str(ROOT), "upgrade", *arguments], standalone_mode=False)
        if "--json" in arguments and result.stdout:
            data = json.loads(result.stdout)
            schema = json.loads((ROOT / "contracts" / "schemas" / "upgrade.schema.json").read_text())
            Draft202012Validator(schema).validate(data)
            assert result.exit_code == data["exit"]
        return result

    return run


def answer(result: Result) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(result.stdout)
    return data


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "core==1.0", "pipeline==0.1", "store==0.5", "--to", "core==1.1", "--json"),
        ("--json", "--to", "core==1.1", "--from", "deployed"),
        ("--to=core==1.1", "--json"),
        ("--from", "core==1.0 pipeline==0.1 store==0.5", "--to", "core==1.1", "--json"),
        ("--from", "core==1.0", "--from", "deployed", "--json", "--to", "store:core==1.1", "pipeline:core==1.1"),
    ],
)
def test_an_option_takes_all_words_up_to_the_next_one(ask: Ask, words: tuple[str, ...]) -> None:
    data = answer(ask(*words))
    assert data["before"] == {"store": {"core": "1.0", "store": "0.5"}, "pipeline": {"core": "1.0", "pipeline": "0.1"}}
    assert data["after"] == {"store": {"core": "1.1", "store": "0.5"}, "pipeline": {"core": "1.1", "pipeline": "0.1"}}


def test_by_itself_it_is_about_the_deployed_and_the_newest_releases(ask: Ask) -> None:
    data = answer(ask("--json"))
    assert data["after"]["pipeline"] == {"core": "1.2", "pipeline": "0.2"}
    assert (data["asked_before"], data["asked_after"]) == (["deployed"], ["newest"])


def test_a_build_may_stand_in_place_of_a_version(ask: Ask, tmp_path: Path) -> None:
    """It is read as a candidate, and the answer says under which version it takes part, and where it is from."""
    wheel = made_wheel(tmp_path, "market-data-store", "0.6", {"market_data_store/__init__.py": ""})
    data = answer(ask("--from", "newest", "--to", f"store=={wheel}", "--cache", str(tmp_path), "--json"))
    assert data["after"]["store"] == {"core": "1.2", "store": "0.6+candidate"}
    (candidate,) = data["candidates"]
    assert (candidate["source"], candidate["version_is_taken"]) == (str(wheel), True)
    shown = ask("--from", "newest", "--to", f"store=={wheel}", "--cache", str(tmp_path)).stdout
    assert f"store 0.6+candidate is {wheel}; its own version is published with other code" in shown


def test_it_ends_as_the_answer_says(ask: Ask) -> None:
    to_core = ("--from", "deployed", "--to", "store:core==1.1", "store:store==0.6")
    assert ask(*to_core).exit_code == 0
    refused: Outcomes = {"core 1.0 pipeline 0.1": {TAKES_RECORDINGS: {"wrapped": "refused"}}}
    result = ask(*to_core, outcomes=refused)
    assert result.exit_code == 1
    assert "The new releases lose something in any order" in result.stdout
    assert (
        ask("--from", "deployed", "--to", "store==0.6", "core==1.1", outcomes={"core 1.1 store 0.6": None}).exit_code
        == 3
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--from", "core==1.0"), ErrorCode.INCOMPLETE),
        (("--to", "core==9"), ErrorCode.UNKNOWN_RELEASE),
        (("--to", "stor:core==1.1"), ErrorCode.UNKNOWN_SERVICE),
        (("--needs", "tlk"), ErrorCode.UNKNOWN_CAPABILITY),
        (("--needs", "together"), ErrorCode.UNKNOWN_CAPABILITY),
    ],
)
def test_bad_input_is_told(ask: Ask, words: tuple[str, ...], code: ErrorCode) -> None:
    error = ask(*words).exception
    assert isinstance(error, MetaError)
    assert (error.code, error.exit) == (code, 2)


def test_a_word_that_belongs_to_no_option_is_refused(ask: Ask) -> None:
    assert "extra argument" in str(ask("newest").exception)


def test_can_i_deploy_takes_versions_of_single_services(ask: Ask) -> None:
    """Then it answers about the services, and about nothing where none of them was run."""
    ask("--json")
    command = ["--root", str(ROOT), "can-i-deploy", "newest", "store:core==1.0", "store:store==0.5", "--json"]
    result = CliRunner().invoke(cli, command, standalone_mode=False)
    data = answer(result)
    schema = json.loads((ROOT / "contracts" / "schemas" / "deployment.schema.json").read_text())
    Draft202012Validator(schema).validate(data)
    assert data["services"] == {
        "store": {"core": "1.0", "store": "0.5"},
        "pipeline": {"core": "1.2", "pipeline": "0.2"},
    }
    refused = CliRunner().invoke(cli, [*command, "--from", "requirements.txt"], standalone_mode=False)
    assert "none of --from" in str(refused.exception)
