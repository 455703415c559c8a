"""Companions of a pull request: what a Depends-On line may be, and what is refused."""

from __future__ import annotations

import pytest

from market_data_meta.contract import Contract, Package
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.gate.depends_on import companions, join_companions

PACKAGES = {
    "core": Package("acme-core", ("acme_core",), repository="acme/core", name="core"),
    "store": Package("acme-store", ("acme_store",), repository="Acme-Inc/the_store.py", name="store"),
    "local": Package("acme-local", ("acme_local",), name="local"),
}
CORE_7 = "git+https://github.com/acme/core@refs/pull/7/head"
STORE_12 = "git+https://github.com/Acme-Inc/the_store.py@refs/pull/12/head"


def refused(text: str) -> MetaError:
    with pytest.raises(MetaError) as caught:
        companions(text, PACKAGES)
    return caught.value


@pytest.mark.parametrize(
    "line",
    [
        "Depends-On: acme/core#7",
        "depends-on: ACME/Core#7",
        "DEPENDS-ON:acme/core#7 \t",
        "Depends-On: https://github.com/acme/core/pull/7",
        "Depends-On:\thttps://GitHub.com/acme/core/pull/7/",
    ],
)
@pytest.mark.parametrize(
    "frame", ["{}", "A change.\n\n{}\n", "A change.\r\n{}\r\nMore.", "```\n{}\n```", "<!--\n{}\n-->"]
)
def test_a_line_that_opens_with_the_key_counts(line: str, frame: str) -> None:
    """A companion is read wherever its line stands, in a code fence or a comment too, in any case, any line end."""
    assert companions(frame.format(line), PACKAGES) == {"core": CORE_7}


def test_several_lines_name_several_companions() -> None:
    """Each line adds its package, and the same pull request named twice, in both forms, is one."""
    text = """
        Fixes the bus.

Depends-On: acme-inc/the_store.py#12
Depends-On: acme/core#7
Depends-On: https://github.com/Acme/core/pull/7
"""
    assert companions(text, PACKAGES) == {"core": CORE_7, "store": STORE_12}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nothing here.",
        "This depends on the weather.",
        "Depends on acme/core#7 being merged first, I think",
        "We gate by Depends-On: acme/core#7 lines",
        "Independence day: acme/core#7",
        "Depend only: on what you know",
        "\x00\x1b[2J\u2028\u202e",
    ],
)
def test_prose_names_nothing(text: str) -> None:
    """A text that speaks of dependencies without opening a line with the key names no companion."""
    assert companions(text, PACKAGES) == {}


@pytest.mark.parametrize(
    "line",
    [
        "Depends-On:",
        "Depends-On: #7",
        "Depends-On: 7",
        "Depends-On: core#7",
        "Depends-On: acme/core",
        "Depends-On: acme/core#0",
        "Depends-On: acme/core#07",
        "Depends-On: acme/core#7.",
        "Depends-On: acme/core#\u0667",
        "Depends-On: acme/core#7, acme/core#8",
        "Depends-On: acme/core#7 # why",
        "Depends-On: acme/core#99999999999",
        "Depends-On: <https://github.com/acme/core/pull/7>",
        "Depends-On: http://github.com/acme/core/pull/7",
        "Depends-On: https://github.com.evil.example/acme/core/pull/7",
        "Depends-On: https://user@github.com/acme/core/pull/7",
        "Depends-On: https://github.com/acme/core/pull/7/files",
        "Depends-On: https://github.com/acme/core/issues/7",
        "Depends-On: ../acme/core#7",
        "Depends-On: --upload-pack=x/core#7",
        "Depends-On: acme/core#7\x00",
        "Depends-On: acme/core\x1b[31m#7",
        "Depends-On:\u00a0acme/core#7",
        "Depends-On: acme/core#7\u2028more",
        "- Depends-On: acme/core#7",
        "* depends-on: acme/core#7",
        "1. Depends-On: acme/core#7",
        "- [x] Depends-On: acme/core#7",
        "> Depends-On: acme/core#7",
        "    Depends-On: acme/core#7",
        "<!-- Depends-On: acme/core#7 -->",
        "**Depends-On:** acme/core#7",
        "`Depends-On: acme/core#7`",
        "Depends on: acme/core#7",
        "Depends_On: acme/core#7",
        "DependsOn: acme/core#7",
        "Depend-On: acme/core#7",
        "Depends on acme/core#7",
        "Depends-On #7",
        "Depends-On https://github.com/acme/core/pull/7",
        "Depends\u2011On: acme/core#7",
        "Depends-On\uff1aacme/core#7",
        "\ufeffDepends-On: acme/core#7",
        "Dep\u200bends-On: acme/core#7",
        "Depends-On: acme/core#7" + " " * 600,
        "Depends-On: " + "a" * 10_000 + "/core#7",
    ],
)
def test_a_line_that_looks_like_depends_on_is_read_or_refused(line: str) -> None:
    """A line that looks like Depends-On but cannot be read is refused, with its number and no control signs."""
    error = refused(f"A change.\n{line}")
    assert error.code == ErrorCode.BAD_DEPENDS_ON
    assert error.what.startswith("line 2 ")
    assert error.what.isprintable()
    assert len(error.what) < 600


def test_a_repository_of_no_package_is_refused() -> None:
    """The error names the repositories that are known."""
    error = refused("Depends-On: acme/other#7")
    assert error.code == ErrorCode.UNKNOWN_REPOSITORY
    assert "acme/core" in error.why
    assert "Acme-Inc/the_store.py" in error.why
    assert refused("Depends-On: evil/core#7").code == "unknown-repository"


def test_two_pull_requests_of_one_repository_are_refused() -> None:
    """A package has one candidate: both numbers are named."""
    error = refused("Depends-On: acme/core#7\nDepends-On: acme/core#8")
    assert error.code == ErrorCode.TWO_COMPANIONS
    assert error.why == "acme/core#7 and acme/core#8"


def test_a_huge_text_is_read() -> None:
    """Ten megabytes, in one line and in millions, are read as any other text."""
    assert companions("x" * 10_000_000 + "\nDepends-On: acme/core#7", PACKAGES) == {"core": CORE_7}
    assert companions("é\n" * 1_000_000 + "Depends-On: acme/core#7\n" + " -\n" * 2_000_000, PACKAGES) == {
        "core": CORE_7
    }
    assert companions("Depends-On: acme/core#7\n" * 400_000, PACKAGES) == {"core": CORE_7}


def test_companions_join_the_callers_candidates() -> None:
    """The caller's sources stay, and companions of other packages are added to them."""
    assert join_companions({"store": "1.2"}, {"core": CORE_7}) == {"store": "1.2", "core": CORE_7}
    assert join_companions({"core": "1.2"}, {}) == {"core": "1.2"}


@pytest.mark.parametrize("ref", ["@refs/pull/7/head", ".git@refs/pull/7/merge"])
def test_a_companion_may_name_the_pull_request_again(ref: str) -> None:
    """Two pull requests that name each other are no conflict: the candidate keeps the source that the caller named."""
    source = f"git+https://github.com/acme/core{ref}"
    assert join_companions({"core": source}, {"core": CORE_7}) == {"core": source}


@pytest.mark.parametrize("source", ["1.2.3", "./core", CORE_7.replace("7", "8"), CORE_7.replace("acme", "evil")])
def test_a_companion_that_contradicts_a_candidate_is_refused(source: str) -> None:
    """A package has one candidate: the caller's, or the one that Depends-On names."""
    with pytest.raises(MetaError, match="Depends-On names acme/core#7"):
        join_companions({"core": source}, {"core": CORE_7})


def test_every_package_has_a_repository(contract: Contract) -> None:
    """Which repository is which package is data, and each can be named by its own."""
    for name, package in contract.packages.items():
        source = companions(f"Depends-On: {package.repository}#1", contract.packages)
        assert source == {name: f"git+https://github.com/{package.repository}@refs/pull/1/head"}
