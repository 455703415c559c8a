"""``--as-of``: a command asks the ledger of another day, and says what it cannot know of it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from examples import ROOT

from market_data_meta.cli import cli
from market_data_meta.commands.common import Checkout
from market_data_meta.errors import ErrorCode, MetaError

NOON = "2025-10-22T12:00Z"


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--root", str(ROOT), *arguments], standalone_mode=False)


@pytest.fixture
def _no_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the requirements decide needs no run, and no library of that day."""

    def fail(*_: object) -> None:
        raise AssertionError("the cache was read")

    monkeypatch.setattr("market_data_meta.commands.common.known_matrix", fail)


@pytest.mark.usefixtures("_no_runs")
def test_whether_the_newest_set_of_a_noon_could_be_installed_is_decided_by_its_requirements() -> None:
    """On that noon the newest Store and the newest Pipeline asked for a Core that was not published yet."""
    result = ask("can-i-deploy", "newest", "--as-of", NOON, "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["exit"], answer["verdict"]) == (1, 1, "unknown")
    assert answer["combination"] == {"core": "1.2.12", "pipeline": "0.8.3", "store": "0.6.7"}
    asks = "requires market-data-core<2.0.0,>=1.2.99, not 1.2.12; none that was out at 2025-10-22 12:00 UTC meets it"
    assert answer["forbidden"] == [f"pipeline 0.8.3 {asks}", f"store 0.6.7 {asks}"]
    shown = ask("can-i-deploy", "newest", "--as-of", NOON).stdout
    assert "no installer puts these together" in shown
    assert "mdmeta matrix" not in shown


def test_an_allowed_set_of_another_day_needs_runs_of_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The evidence of the ledger's own date is of other libraries, so it is not taken."""
    asked: list[str] = []

    def known(checkout: Checkout, _: object) -> None:
        asked.append(checkout.ledger.as_of)
        raise MetaError(ErrorCode.NO_EVIDENCE, "asked")

    monkeypatch.setattr("market_data_meta.commands.can_i_deploy.known_matrix_result", known)
    monkeypatch.setattr("market_data_meta.commands.history.known_matrix", known)
    assert str(ask("can-i-deploy", "newest", "--as-of", "2025-10-23").exception) == "asked [no-evidence]"
    assert str(ask("history", "chain.hard-pauses", "--as-of", "2025-10-23").exception) == "asked [no-evidence]"
    assert asked == ["2025-10-23T23:59:59Z"] * 2


@pytest.mark.usefixtures("_no_runs")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("deployed", "--as-of", NOON), "does not say which core is deployed"),
        (("core==1.2.13", "--as-of", NOON), r"the ledger of 2025-10-22 does not know core 1\.2\.13"),
        (("newest", "--as-of", "noon"), "neither a day"),
        (("newest", "--as-of", NOON, "--matrix", "matrix.json"), "--matrix and --as-of"),
    ],
)
def test_what_cannot_be_known_of_a_day_is_refused(arguments: tuple[str, ...], says: str) -> None:
    result = ask("can-i-deploy", *arguments)
    assert result.exception is not None
    with pytest.raises(type(result.exception), match=says):
        raise result.exception


@pytest.mark.parametrize("command", ["matrix", "can-i-deploy", "gate", "history", "upgrade"])
def test_the_option_is_the_same_everywhere(command: str) -> None:
    assert "--as-of DATE" in ask(command, "--help").stdout
