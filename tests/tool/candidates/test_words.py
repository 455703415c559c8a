"""Candidates in the words of a command line: built, named by a version that only they have, once each."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from made_wheels import made_wheel

from market_data_meta.candidates.words import CandidateWords
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.combinations import parse_pins
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.wheel_metadata import read_metadata


@pytest.fixture
def words(contract: Contract, ledger: Ledger, tmp_path: Path) -> CandidateWords:
    """What reads words."""
    return CandidateWords(contract, ledger, tmp_path / "built", lambda _: None)


def core_wheel(folder: Path, version: str, text: str = "") -> Path:
    return made_wheel(folder, "market-data-core", version, {"market_data_core/__init__.py": text})


def test_words_without_a_candidate_stay_as_they_are(words: CandidateWords, ledger: Ledger) -> None:
    """A version, a word for one, and what is no word at all are for whoever reads versions."""
    given = ("core==1.4.61", "newest", "store:core==deployed", "core>=1", "core==x", "core==1.4.9 store==newest")
    assert words.versions(given) == given
    assert words.ledger is ledger
    assert words.candidates == ()


def test_a_candidate_is_named_by_its_version_and_built_once(words: CandidateWords, tmp_path: Path) -> None:
    """The same source twice is one candidate, which the ledger then has."""
    wheel = core_wheel(tmp_path, "1.4.99")
    given = [f"core=={wheel}", f"store:market-data-core=={wheel} pipeline==newest"]
    assert words.versions(given) == ("core==1.4.99", "store:core==1.4.99 pipeline==newest")
    (candidate,) = words.candidates
    assert words.ledger.release("core", "1.4.99") == candidate.release


def test_a_path_may_have_a_space(words: CandidateWords, tmp_path: Path) -> None:
    """Where such a file is there, it is one word."""
    assert words.versions([f"core=={core_wheel(tmp_path / 'my builds', '1.4.99')}"]) == ("core==1.4.99",)


def test_a_candidate_with_a_published_version_gets_one_of_its_own(words: CandidateWords, tmp_path: Path) -> None:
    """The release and two candidates of the same version take part beside each other, and install as they are named."""
    sources = [core_wheel(tmp_path / text, "1.4.61", text) for text in ("a", "b")]
    assert words.versions(f"core=={source}" for source in sources) == (
        "core==1.4.61+candidate",
        "core==1.4.61+candidate.2",
    )
    assert words.ledger.release("core", "1.4.61") == words.ledger.published.release("core", "1.4.61")
    for candidate, text in zip(words.candidates, "ab", strict=True):
        assert candidate.version_is_taken
        assert candidate.wheel
        assert read_metadata(candidate.wheel).version == candidate.release.version
        assert ZipFile(candidate.wheel).read("market_data_core/__init__.py") == text.encode()


def test_the_very_code_of_a_release_is_that_release(words: CandidateWords, tmp_path: Path) -> None:
    """Two builds of the same code with the same requirements are one."""
    first, second = (core_wheel(tmp_path / name, "1.4.99", "x") for name in ("first", "second"))
    assert words.versions([f"core=={first}", f"core=={second}"]) == ("core==1.4.99", "core==1.4.99")
    assert words.candidates[1].release == words.candidates[0].release


def test_newest_is_published_also_beside_a_candidate(words: CandidateWords, ledger: Ledger, tmp_path: Path) -> None:
    """Who asks for newest means what an installer takes."""
    words.versions([f"core=={core_wheel(tmp_path, '1.4.99')}"])
    newest = {"core": ledger.newest("core").version}
    assert parse_pins(["core==newest"], ["core"], words.ledger) == newest


def test_a_source_that_is_not_there_is_refused(words: CandidateWords, tmp_path: Path) -> None:
    """It is said that there is nothing to take, and not that it is no version."""
    with pytest.raises(MetaError) as raised:
        words.versions([f"core=={tmp_path / 'missing'}"])
    assert raised.value.code == ErrorCode.NO_CANDIDATE
