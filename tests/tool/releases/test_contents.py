"""Content ids: which files and bytes of a wheel they cover, and which not."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from examples import LEDGER, release

from market_data_meta.inside.mdm_content import content_id, content_of_wheel, counted_path
from market_data_meta.releases.contents import Content, cells_of_shared_code, version_spans

FILES = {
    "pkg/__init__.py": "x = 1",
    "pkg-1.0.dist-info/METADATA": "Version: 1.0",
    "pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\na = pkg:a",
}


def wheel(folder: Path, name: str, files: dict[str, str]) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path


def test_another_version_of_the_same_files_has_the_same_content(tmp_path: Path) -> None:
    renamed = {file.replace("1.0", "2.0"): text.replace("1.0", "2.0") for file, text in FILES.items()}
    assert content_of_wheel(wheel(tmp_path, "a", FILES)) == content_of_wheel(wheel(tmp_path, "b", renamed))


@pytest.mark.parametrize("file", ["pkg/__init__.py", "pkg-1.0.dist-info/entry_points.txt"])
def test_another_byte_of_code_or_entry_points_is_another_content(tmp_path: Path, file: str) -> None:
    changed = FILES | {file: FILES[file] + " "}
    assert content_of_wheel(wheel(tmp_path, "a", FILES)) != content_of_wheel(wheel(tmp_path, "b", changed))


def test_the_order_of_files_does_not_change_the_content() -> None:
    assert content_id([("a", "1"), ("b", "2")]) == content_id([("b", "2"), ("a", "1")])


@pytest.mark.parametrize("path", ["../../../bin/mdp", "pkg/__pycache__/a.pyc", "pkg-1.0.dist-info/RECORD"])
def test_files_that_the_installer_makes_are_no_content(path: str) -> None:
    assert counted_path(path, generated=["mdp"]) is None


def test_a_truncated_wheel_is_refused(tmp_path: Path) -> None:
    truncated = wheel(tmp_path, "a", FILES)
    truncated.write_bytes(truncated.read_bytes()[:-30])
    with pytest.raises(zipfile.BadZipFile):
        content_of_wheel(truncated)


def test_each_content_that_shares_its_code_has_a_cell_with_the_newest_others() -> None:
    """One that has no code id, or one of its own, needs none."""
    releases = {
        "core": (release("1.0", "a"), release("1.1", "b"), release("1.2", "c"), release("1.3", "d")),
        "store": (release("0.1", "e"), release("0.2", "f")),
    }
    shared = {"1.0": "1" * 64, "1.1": "1" * 64, "1.2": "2" * 64, "1.3": "", "0.1": "", "0.2": ""}
    contents = {
        package: tuple(Content(package, r.content, (), (replace(r, code=shared[r.version]),)) for r in rows)
        for package, rows in releases.items()
    }
    cells = {cell.combination.label: package for cell, package in cells_of_shared_code(contents).items()}
    assert cells == {"core1.0-store0.2": "core", "core1.1-store0.2": "core"}


def test_neighbouring_versions_become_a_span() -> None:
    published = LEDGER.releases["core"]
    assert version_spans(published[1:3], published) == ["1.1 to 1.2"]
    assert version_spans((published[0], published[2], published[3]), published) == ["1.0", "1.2 to 1.3"]
    assert version_spans((), published) == []
