"""Which releases each service runs, as it is written on a command line."""

from __future__ import annotations

import pytest
from example_deployments import LEDGER, MEMBERS, services

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.services import parse_services

DEPLOYED = services("1.0", "0.1", "0.5")


def parse(*words: str) -> dict[str, str]:
    parsed = parse_services(words, MEMBERS, LEDGER, before=DEPLOYED)
    return {name: str(releases) for name, releases in parsed.items()}


def test_one_version_of_a_package_is_that_of_every_service() -> None:
    words = ("core==1.1", "pipeline==0.2", "store==0.6")
    assert parse_services(words, MEMBERS, LEDGER) == services("1.1", "0.2", "0.6")
    assert parse_services(["newest"], MEMBERS, LEDGER) == services("1.2", "0.2", "0.6")
    assert parse_services(["deployed"], MEMBERS, LEDGER) == DEPLOYED
    assert parse_services(["core==1.1 pipeline==0.2 store==0.6"], MEMBERS, LEDGER) == services("1.1", "0.2", "0.6")


def test_a_service_may_have_its_own() -> None:
    assert parse("store:core==1.1") == {"store": "core==1.1 store==0.5", "pipeline": "core==1.0 pipeline==0.1"}
    assert parse("newest", "pipeline:core==1.0")["pipeline"] == "core==1.0 pipeline==0.2"
    assert parse("store:newest") == {"store": "core==1.2 store==0.6", "pipeline": "core==1.0 pipeline==0.1"}


def test_what_no_word_is_about_stays() -> None:
    assert parse("pipeline==0.2") == {"store": "core==1.0 store==0.5", "pipeline": "core==1.0 pipeline==0.2"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["stor:core==1.1", "newest"], ErrorCode.UNKNOWN_SERVICE),
        (["store:pipeline==0.1", "newest"], ErrorCode.UNKNOWN_PACKAGE),
        (["core==1.1", "store==0.5"], ErrorCode.INCOMPLETE),
        (["core==9", "store==0.5"], ErrorCode.UNKNOWN_RELEASE),
        (["newest", "deployed"], ErrorCode.TWICE),
        (["store:core==1.0", "store:core==1.1", "newest"], ErrorCode.TWICE),
    ],
)
def test_what_is_wrong_is_told(words: list[str], code: ErrorCode) -> None:
    with pytest.raises(MetaError) as raised:
        parse_services(words, MEMBERS, LEDGER)
    assert raised.value.code is code
