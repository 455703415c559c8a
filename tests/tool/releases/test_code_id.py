"""Code ids: the same for sources that run alike, another for all else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from market_data_meta.releases.code_id import LARGEST_SOURCE, code_of_wheel

SOURCE = '"""A module."""\n\n__version__ = "1.0"\n\n\ndef double(x):\n    return 2 * x\n'


def code(folder: Path, source: str | bytes, name: str = "pkg/__init__.py") -> str:
    """The code id of a wheel with this one file."""
    wheel = folder / "thing.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(name, source)
    return code_of_wheel(wheel)


@pytest.mark.parametrize(
    "source",
    [
        SOURCE.replace("\n", "\r\n"),
        SOURCE.replace('"1.0"', '"1.1"'),
        SOURCE.replace("def", "# Doubles a number.\n\ndef"),
        SOURCE.replace("2 * x", "(2*x)  # twice"),
    ],
)
def test_comments_layout_line_endings_and_the_version_are_no_code(tmp_path: Path, source: str) -> None:
    assert source != SOURCE
    assert code(tmp_path, source) == code(tmp_path, SOURCE)


@pytest.mark.parametrize(
    "source",
    [
        SOURCE.replace("2 *", "3 *"),
        SOURCE.replace("A module", "Another module"),
        SOURCE.replace("x", "y"),
        SOURCE.replace("__version__", "VERSION"),
        SOURCE.replace("    return", '    __version__ = "1.1"\n    return'),
    ],
)
def test_all_else_is_code(tmp_path: Path, source: str) -> None:
    assert source != SOURCE
    assert code(tmp_path, source) != code(tmp_path, SOURCE)


@pytest.mark.parametrize("name", ["pkg/py.typed", "pkg/data.json", "pkg-1.0.dist-info/entry_points.txt"])
def test_other_files_count_by_their_bytes(tmp_path: Path, name: str) -> None:
    assert code(tmp_path, SOURCE + "\n", name) != code(tmp_path, SOURCE, name)


def test_a_file_that_is_there_is_code_and_the_description_of_a_release_is_not(tmp_path: Path) -> None:
    assert code(tmp_path, SOURCE, "pkg/other.py") != code(tmp_path, SOURCE)
    metadata = "pkg-1.0.dist-info/METADATA"
    assert code(tmp_path, "Version: 1.0", metadata) == code(tmp_path, "Version: 1.1", metadata)


@pytest.mark.parametrize(
    "source",
    ["def:\n", b"x = '\xff'\n", "x = 0\0\n", "(" * 300 + "\n", "-" * 100_000 + "1\n", "#" * (LARGEST_SOURCE + 1)],
    ids=["syntax", "encoding", "null", "parentheses", "nested", "large"],
)
def test_what_cannot_be_parsed_counts_by_its_bytes(tmp_path: Path, source: str | bytes) -> None:
    other = source + (b" " if isinstance(source, bytes) else " ")  # type: ignore[operator]  # both are of one type
    assert code(tmp_path, source) == code(tmp_path, source)
    assert code(tmp_path, source) != code(tmp_path, other)
