"""Indexes differ in what they say and how: each form that the simple API has is read, and what is none is undecided."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_index import HTML, JSON, MadeIndex, serving

from market_data_meta.errors import ErrorCode, Exit, MetaError
from market_data_meta.releases.index_client import IndexClient, IndexFile
from market_data_meta.releases.index_settings import PackageIndex

NAME, FILE = "acme", "acme-1.0-py3-none-any.whl"


@pytest.fixture
def index() -> Iterator[MadeIndex]:
    """An index with one project."""
    with serving(MadeIndex()) as index:
        index.add(NAME, "1.0")
        yield index


def files(*indexes: MadeIndex, name: str = NAME) -> list[IndexFile]:
    with IndexClient([PackageIndex(index.url) for index in indexes]) as client:
        return client.files(name) or []


@pytest.mark.parametrize("content_type", [JSON, HTML, "application/vnd.pypi.simple.v1+html"])
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("yanked", [False, "", "why"])
def test_a_page_in_json_and_in_html_says_the_same(
    index: MadeIndex, tmp_path: Path, content_type: str, relative: bool, yanked: str | bool
) -> None:
    index.content_type, index.relative, index.yanked[FILE] = content_type, relative, yanked
    (file,) = files(index)
    assert (file.filename, file.package.is_yanked) == (FILE, yanked is not False)
    file.download(tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == index.files[NAME][FILE]
    assert file.sha256 == hashlib.sha256(index.files[NAME][FILE]).hexdigest()


def test_what_an_index_leaves_out_is_not_known(index: MadeIndex) -> None:
    """Times of upload and sizes are newer parts of the simple API (PEP 700)."""
    index.upload_times = False
    (file,) = files(index)
    assert (file.package.upload_time, file.package.size) == (None, None)


def test_fields_that_are_not_needed_do_no_harm(index: MadeIndex) -> None:
    index.says[FILE] = {"core-metadata": {"sha256": "0" * 64}, "size": 5, "gpg-sig": True, "new-field": [1]}
    assert len(files(index)) == 1


@pytest.mark.parametrize("hashes", [{}, {"md5": "0" * 32}])
def test_a_file_without_a_hash_is_undecided(index: MadeIndex, hashes: dict[str, str]) -> None:
    index.says[FILE] = {"hashes": hashes}
    (file,) = files(index)
    with pytest.raises(MetaError, match=f"says no sha256 of {FILE}") as raised:
        _ = file.sha256
    assert (raised.value.code, raised.value.exit) == (ErrorCode.NO_HASH, Exit.UNDECIDED)


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        (JSON, "{"),
        (JSON, "[]"),
        (JSON, '{"meta": {"api-version": "1.0"}}'),
        (JSON, '{"meta": {"api-version": "one"}, "name": "acme", "files": []}'),
        (JSON, '{"meta": {"api-version": "2.0"}, "name": "acme", "files": []}'),
        (JSON, '{"meta": {"api-version": "1.0"}, "name": "acme", "files": [{"filename": "a"}]}'),
        ("application/pdf", "x"),
        ("nonsense", "x"),
    ],
)
def test_an_answer_that_is_no_page_is_undecided(index: MadeIndex, content_type: str, text: str) -> None:
    index.content_type, index.page_text = content_type, text
    with pytest.raises(MetaError, match="no list of the files of acme") as raised:
        files(index)
    assert (raised.value.code, raised.value.exit) == (ErrorCode.NO_INDEX, Exit.UNDECIDED)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/simple/", "file:///nowhere/", "simple/", "http://[/"])
def test_an_index_that_cannot_be_reached_is_undecided(url: str) -> None:
    with IndexClient([PackageIndex(url)]) as client, pytest.raises(MetaError) as raised:
        client.files(NAME)
    assert (raised.value.code, raised.value.exit) == (ErrorCode.NO_INDEX, Exit.UNDECIDED)


def test_an_index_that_stumbles_is_asked_again(index: MadeIndex, tmp_path: Path) -> None:
    index.stumbles = 2
    (file,) = files(index)
    index.stumbles = 1
    file.download(tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == index.files[NAME][FILE]


def test_an_index_that_is_not_available_is_undecided(index: MadeIndex) -> None:
    index.stumbles = 100
    with pytest.raises(MetaError, match="503") as raised:
        files(index)
    assert (raised.value.code, raised.value.exit) == (ErrorCode.NO_INDEX, Exit.UNDECIDED)


def test_the_first_index_that_has_a_project_counts(index: MadeIndex) -> None:
    """As uv asks them: versions of one project are never taken from two indexes."""
    with serving(MadeIndex()) as own:
        own.add("other", "1.0")
        assert [file.filename for file in files(own, index)] == [FILE]
        newer = own.add(NAME, "2.0")
        assert [file.filename for file in files(own, index)] == [newer]
        assert files(own, index, name="unknown") == []


def test_credentials_are_sent_to_the_index_and_to_nobody_else(index: MadeIndex, tmp_path: Path) -> None:
    index.credentials = "user:pass:word"
    with pytest.raises(MetaError, match="401"):
        files(index)
    with serving(MadeIndex()) as elsewhere:
        elsewhere.files = index.files
        index.says[FILE] = {"url": f"{elsewhere.url}../files/{NAME}/{FILE}"}
        heard: list[str] = []
        answer = elsewhere.answer
        elsewhere.answer = lambda path, headers: heard.append(headers.get("Authorization", "")) or answer(path, headers)  # type: ignore[func-returns-value, method-assign]
        with IndexClient([PackageIndex(index.url, "user", "pass:word")]) as client:
            (file,) = client.files(NAME) or []
            file.download(tmp_path / "elsewhere.whl")
            index.says.clear()
            (file,) = client.files(NAME) or []
            file.download(tmp_path / "own.whl")
    assert heard == [""]


def test_a_file_that_is_refused_or_another_one_is_named(index: MadeIndex, tmp_path: Path) -> None:
    index.refused.add(FILE)
    (file,) = files(index)
    with pytest.raises(MetaError, match=f"lists {FILE} and does not give it") as raised:
        file.download(tmp_path / FILE)
    assert raised.value.code == ErrorCode.GONE
    index.refused.clear()
    index.says[FILE] = {"hashes": {"sha256": "0" * 64}}
    (file,) = files(index)
    with pytest.raises(MetaError, match=f"{FILE} is not the file that the index says it is") as raised:
        file.download(tmp_path / FILE)
    assert raised.value.code == ErrorCode.WRONG_HASH
    assert not (tmp_path / FILE).exists()
