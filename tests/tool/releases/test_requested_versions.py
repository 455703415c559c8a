"""Which releases are asked for: exact versions, ranges and words, chosen among those that are published."""

from __future__ import annotations

import pytest

from market_data_meta.errors import MetaError
from market_data_meta.releases.requested_versions import PublishedVersions, VersionRequest, parse_requests

PACKAGES = ("core", "store")
PUBLISHED = PublishedVersions(
    {"core": ("1.9", "1.10", "1.11", "2.0rc1"), "store": ("0.5",)},
    "this matrix",
    "ask another one",
    named={"newest": {"core": "1.10"}, "deployed": {"core": "1.9"}},
    set_aside={"core": {"1.11"}},
)


def chosen(word: str) -> str:
    requests, _ = parse_requests([word], PACKAGES)
    (request,) = requests.values()
    return PUBLISHED.chosen(request)


@pytest.mark.parametrize(
    ("word", "version"),
    [
        ("core==1.9", "1.9"),
        ("core1.9", "1.9"),
        ("core==1.9.0", "1.9"),
        ("market-data-core==1.9", "1.9"),
        ("market_data_core===1.9", "1.9"),
        ("core==newest", "1.10"),
        ("core==deployed", "1.9"),
        ("store==newest", "0.5"),
        ("core>=1.4", "1.10"),
        ("core>=1.4,<1.10", "1.9"),
        ("core~=1.9", "1.10"),
        ("core!=1.10", "1.9"),
        ("core==1.*", "1.10"),
        # Asked for by itself, a yanked release or a pre-release is what is meant.
        ("core==1.11", "1.11"),
        ("core==2.0rc1", "2.0rc1"),
        ("core>=2.0rc1", "2.0rc1"),
    ],
)
def test_a_word_means_a_published_version(word: str, version: str) -> None:
    assert chosen(word) == version


@pytest.mark.parametrize(
    ("word", "code", "text"),
    [
        ("core==1.12", "unknown-release", "this matrix does not know core 1.12 [unknown-release]\n"),
        ("core==1.12", "unknown-release", "it has 4 releases of core; nearest: 1.11, 2.0rc1\n"),
        ("core>=3", "unknown-release", "this matrix has no core >=3"),
        ("store==deployed", "not-deployed", "this matrix does not say which store is deployed"),
        ("cor==1.9", "unknown-package", "did you mean core==1.9?"),
        ("core==one", "bad-version", "'one' is not a version of core"),
        ("core>=one", "bad-version", "is not a version of core"),
        ("core===one", "bad-version", "'one' is not a version of core"),
        ("core", "bad-pin", "'core' is not a package with a version"),
    ],
)
def test_what_is_not_published_or_no_version_is_told(word: str, code: str, text: str) -> None:
    with pytest.raises(MetaError) as error:
        chosen(word)
    assert error.value.code == code
    assert text in str(error.value)


def test_the_place_of_a_request_is_told_where_it_cannot_be_met() -> None:
    for asks in ("==9", ">=9"):
        with pytest.raises(MetaError, match=r"as requirements.txt line 3 asks"):
            PUBLISHED.chosen(VersionRequest("core", asks, "requirements.txt line 3"))


def test_a_word_alone_is_for_the_packages_that_are_not_named() -> None:
    requests, others = parse_requests(["deployed", "core>=1.4"], PACKAGES)
    assert (requests, others) == ({"core": VersionRequest("core", ">=1.4")}, "deployed")
    assert parse_requests([], PACKAGES) == ({}, None)
    assert parse_requests(["newest", "newest", "newest"], PACKAGES) == ({}, "newest")


@pytest.mark.parametrize(
    "words", [["core==1.9", "core>=1"], ["core==newest", "market-data-core1.9"], ["newest", "deployed"]]
)
def test_nothing_is_named_twice(words: list[str]) -> None:
    with pytest.raises(MetaError, match="named twice"):
        parse_requests(words, PACKAGES)
