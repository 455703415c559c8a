"""Wheels: only what the ledger names is unpacked, and only into its own folder."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_content import content_of_wheel
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.running import wheels
from market_data_meta.running.wheels import extract, unpack


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
    site = unpack(release, tmp_path / "cache", copies(wheel))
    assert (site / "thing" / "__init__.py").read_text() == "x = 1\n"

    def never(file: Path) -> None:
        raise AssertionError(file)

    assert unpack(release, tmp_path / "cache", never) == site


def test_a_damaged_folder_is_made_anew_from_the_kept_wheel(release: Release, wheel: Path, tmp_path: Path) -> None:
    site = unpack(release, tmp_path / "cache", copies(wheel))
    (site / "thing" / "__init__.py").write_text("x = 2\n")
    again = unpack(release, tmp_path / "cache", copies(tmp_path / "nowhere"))
    assert (again / "thing" / "__init__.py").read_text() == "x = 1\n"


def test_a_file_with_another_hash_is_refused_and_not_kept(release: Release, wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel, "a") as archive:
        archive.writestr("thing/more.py", "")
    with pytest.raises(MetaError, match="is not the file that the ledger names") as error:
        unpack(release, tmp_path / "cache", copies(wheel))
    assert error.value.code == "wrong-hash"
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_a_torn_wheel_is_named(release: Release, wheel: Path, tmp_path: Path) -> None:
    wheel.write_bytes(wheel.read_bytes()[:60])
    torn = replace(release, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())
    with pytest.raises(MetaError, match="not a whole wheel"):
        unpack(torn, tmp_path / "cache", copies(wheel))


@pytest.mark.parametrize(
    "path", ["../out.py", "/etc/out.py", "a/../../out.py", "a\\..\\out.py", "C:/out.py", "C:out.py"]
)
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


def test_a_path_with_a_nul_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.whl"
    with ZipFile(file, "w") as archive:
        archive.writestr("thing/a.pyX..", "x")
    file.write_bytes(file.read_bytes().replace(b"a.pyX..", b"a.py\0.."))
    with pytest.raises(MetaError, match="leaves its folder"):
        extract(file, tmp_path / "site")


@pytest.mark.parametrize("path", ["a//b.py", "./a.py", "a/\n.py", "x" * 250, "/".join(["long"] * 300)])
def test_a_path_that_is_not_plain_is_refused(tmp_path: Path, path: str) -> None:
    with ZipFile(tmp_path / "bad.whl", "w") as archive:
        archive.writestr(ZipInfo(path), "x")
    with pytest.raises(MetaError, match=r"bad\.whl holds a path that no wheel needs"):
        extract(tmp_path / "bad.whl", tmp_path / "site")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "bad.whl", "w") as archive:
        archive.writestr("thing/a.py", "x = 1")
        archive.writestr("thing/a.py", "x = 2")
    with pytest.raises(MetaError, match=r"bad\.whl holds two files of one name: 'thing/a\.py'"):
        extract(tmp_path / "bad.whl", tmp_path / "site")


def test_a_file_where_a_folder_is_needed_is_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "bad.whl", "w") as archive:
        archive.writestr("thing", "x = 1")
        archive.writestr("thing/a.py", "x = 2")
    with pytest.raises(MetaError, match="not a whole wheel"):
        extract(tmp_path / "bad.whl", tmp_path / "site")


def test_an_encrypted_file_is_refused(wheel: Path, tmp_path: Path) -> None:
    data = bytearray(wheel.read_bytes())
    # Bit 0 of the flags, 8 bytes into each entry of the central directory.
    data[data.index(b"PK\x01\x02") + 8] |= 1
    wheel.write_bytes(data)
    with pytest.raises(MetaError, match="packed in a way that wheels are not"):
        extract(wheel, tmp_path / "site")


def test_a_bomb_is_refused_before_it_is_read(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release whose wheel is a bomb is refused by its sizes, even where the ledger names it."""
    file = tmp_path / release.filename
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("thing/zeros", bytes(4 << 20))
    named = replace(release, sha256=hashlib.sha256(file.read_bytes()).hexdigest())

    def never(*_: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(ZipFile, "open", never)
    with pytest.raises(MetaError, match=r"thing-1\.0-py3-none-any\.whl looks like a zip bomb: 'thing/zeros'"):
        unpack(named, tmp_path / "cache", copies(file))


def test_files_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """Many entries of the directory may point at one and the same packed content."""
    file = tmp_path / "bad.whl"
    with ZipFile(file, "w") as archive:
        archive.writestr("thing/a", b"x" * 1000)
        for name in ("thing/b", "thing/c"):
            twin = ZipInfo(name)
            twin.header_offset, twin.file_size, twin.compress_size, twin.CRC = 0, 1000, 1000, 0
            archive.filelist.append(twin)
        archive.comment = b" "
    with pytest.raises(MetaError, match="share their bytes"):
        extract(file, tmp_path / "site")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "MAX_ENTRIES", 2)
    with ZipFile(tmp_path / "bad.whl", "w") as archive:
        for name in "abc":
            archive.writestr(name, "")
    with pytest.raises(MetaError, match="more than 2 files"):
        extract(tmp_path / "bad.whl", tmp_path / "site")


def test_metadata_without_end_is_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "bad.whl", "w") as archive:
        archive.writestr("thing-1.0.dist-info/METADATA", "x" * (10 << 20))
    with pytest.raises(MetaError, match="more than 1024 KiB of METADATA"):
        extract(tmp_path / "bad.whl", tmp_path / "site")
