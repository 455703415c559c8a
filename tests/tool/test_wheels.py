"""Wheels: only what the ledger names is unpacked, and only into its own folder."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_content import content_of_wheel
from market_data_meta.ledger import Ledger, Release
from market_data_meta.matrix import wheels
from market_data_meta.matrix.wheels import extract, unpacked


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A small whole wheel."""
    file = tmp_path / "thing-1.0-py3-none-any.whl"
    with ZipFile(file, "w") as archive:
        archive.writestr("thing/__init__.py", "x = 1\n")
        archive.writestr("thing-1.0.dist-info/METADATA", "Name: thing\nVersion: 1.0\n")
    return file


@pytest.fixture
def release(ledger: Ledger, wheel: Path) -> Release:
    """The ledger's row for it."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return replace(ledger.newest("core"), filename=wheel.name, sha256=digest, content=content_of_wheel(wheel))


def copies(wheel: Path) -> Callable[[Path], None]:
    def download(file: Path) -> None:
        file.write_bytes(wheel.read_bytes())

    return download


def test_a_release_is_downloaded_once(release: Release, wheel: Path, tmp_path: Path) -> None:
    site = unpacked(release, tmp_path / "cache", copies(wheel))
    assert (site / "thing" / "__init__.py").read_text() == "x = 1\n"

    def never(file: Path) -> None:
        raise AssertionError(file)

    assert unpacked(release, tmp_path / "cache", never) == site


def test_a_damaged_folder_is_made_anew_from_the_kept_wheel(release: Release, wheel: Path, tmp_path: Path) -> None:
    site = unpacked(release, tmp_path / "cache", copies(wheel))
    (site / "thing" / "__init__.py").write_text("x = 2\n")
    again = unpacked(release, tmp_path / "cache", copies(tmp_path / "nowhere"))
    assert (again / "thing" / "__init__.py").read_text() == "x = 1\n"


def test_a_file_with_another_hash_is_refused_and_not_kept(release: Release, wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel, "a") as archive:
        archive.writestr("thing/more.py", "")
    with pytest.raises(MetaError, match="is not the file that the ledger names") as error:
        unpacked(release, tmp_path / "cache", copies(wheel))
    assert error.value.code == "wrong-hash"
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_a_torn_wheel_is_named(release: Release, wheel: Path, tmp_path: Path) -> None:
    wheel.write_bytes(wheel.read_bytes()[:60])
    torn = replace(release, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())
    with pytest.raises(MetaError, match="not a whole wheel"):
        unpacked(torn, tmp_path / "cache", copies(wheel))


@pytest.mark.parametrize("path", ["../out.py", "/etc/out.py", "a/../../out.py", "a\\..\\out.py"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    file = tmp_path / "bad.whl"
    with ZipFile(file, "w") as archive:
        archive.writestr(ZipInfo(path), "x")
    with pytest.raises(MetaError, match="leaves its folder"):
        extract(file, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_link_is_refused(tmp_path: Path) -> None:
    info = ZipInfo("thing/link")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with ZipFile(tmp_path / "bad.whl", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(MetaError, match="no file"):
        extract(tmp_path / "bad.whl", tmp_path / "site")


def test_more_than_the_limit_is_refused(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "MAX_BYTES", 8)
    with pytest.raises(MetaError, match="more than"):
        extract(wheel, tmp_path / "site")
