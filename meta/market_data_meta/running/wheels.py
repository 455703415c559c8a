"""Wheels of releases: downloaded once, checked against the ledger, unpacked safely and compiled."""

from __future__ import annotations

import csv
import hashlib
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.files import exclusive_lock, whole_file
from market_data_meta.inside.mdm_content import (
    content_id,
    content_of_wheel,
    counted_path,
    digest_of_file,
    installed_path,
)
from market_data_meta.releases.index_client import IndexClient
from market_data_meta.releases.ledger import Release
from market_data_meta.releases.wheel_metadata import DAMAGED, MAX_METADATA, short_name
from market_data_meta.running import bytecode

MAX_BYTES = 500 << 20
"""What a wheel may hold when unpacked: a hundred times the largest of today."""
MAX_ENTRIES = 10_000
"""Files that a wheel may hold: the packages' own have fewer than 300."""
MAX_RATIO = 200
"""How much smaller than its content a file of more than a megabyte may be packed: source code comes to about five."""
_UNIX, _ENCRYPTED = 3, 0x1


@dataclass(frozen=True)
class UnpackedWheels:
    """For each release (by sha256) the folder to import it from, or the sentence that says why it cannot be had."""

    sites: Mapping[str, Path]
    faults: Mapping[str, str]

    def all_sites(self, code: ErrorCode) -> Mapping[str, Path]:
        """The folders of all releases. Raises MetaError with this code for the first one that cannot be had."""
        for fault in self.faults.values():
            raise undecided(code, "a release cannot be had", fault)
        return self.sites


def is_unpacked(release: Release, cache: Path) -> bool:
    """Whether there is a folder of the release, so that nothing would be downloaded for it."""
    return (cache / "wheels" / release.sha256[:16] / "site").is_dir()


def unpack_all(releases: Mapping[str, Iterable[Release]], cache: Path, python: str) -> UnpackedWheels:
    """Download, check and unpack the wheel of each release.

    ``releases`` are by distribution; ``python`` is the interpreter that will import them.
    """
    sites: dict[str, Path] = {}
    faults: dict[str, str] = {}
    with IndexClient() as client, ThreadPoolExecutor(8) as pool:

        def site_or_error(distribution: str, release: Release) -> Path | MetaError:
            try:
                return unpack(release, cache, lambda file: _download(client, distribution, release, file))
            except MetaError as error:
                return error

        pairs = [(distribution, release) for distribution, rows in releases.items() for release in rows]
        for (_, release), result in zip(pairs, pool.map(lambda pair: site_or_error(*pair), pairs), strict=True):
            if isinstance(result, Path):
                sites[release.sha256] = result
            else:
                faults[release.sha256] = result.what
    # Compiled here, so that no release needs to write where another one is read.
    bytecode.compile_folders(python, sites.values())
    return UnpackedWheels(sites, faults)


def unpack(release: Release, cache: Path, download: Callable[[Path], None]) -> Path:
    """The folder that holds the release as it would be installed; ``download`` fetches the wheel if it is not there.

    What lies in the cache is checked, and made anew where it is damaged. Raises MetaError naming the file where the
    wheel is not the ledger's, is torn, or would write outside its folder.
    """
    folder = cache / "wheels" / release.sha256[:16]
    site, wheel = folder / "site", folder / release.filename
    with exclusive_lock(folder):
        if site.is_dir() and _content_of_folder(site) == release.content:
            return site
        shutil.rmtree(site, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        if not wheel.is_file() or _sha256(wheel) != release.sha256:
            with whole_file(wheel) as part:
                download(part)
                _check(release, part)
        with tempfile.TemporaryDirectory(prefix=".site-", dir=folder) as name:
            extract(wheel, Path(name) / "site")
            (Path(name) / "site").rename(site)
    return site


def _check(release: Release, file: Path) -> None:
    sha256 = _sha256(file)
    if sha256 != release.sha256:
        hint = "a published file must never change: find out what happened before trusting this release"
        why = f"the ledger has sha256 {release.sha256}, what was downloaded has {sha256}"
        raise MetaError(ErrorCode.WRONG_HASH, f"{release.filename} is not the file that the ledger names", why, hint)
    try:
        with ZipFile(file) as archive:
            check_members(file.with_name(release.filename), archive.infolist())
        content = content_of_wheel(file)
    except DAMAGED as error:
        raise MetaError(ErrorCode.BAD_WHEEL, f"{release.filename} is not a whole wheel", str(error)) from None
    if content != release.content:
        why = f"the ledger has {release.content}, the wheel {content}"
        raise MetaError(ErrorCode.WRONG_CONTENT, f"{release.filename} has another content id than the ledger says", why)


def extract(wheel: Path, folder: Path) -> None:
    """Unpack a wheel, each file to where it is installed.

    Raises MetaError for what ``check_members`` refuses, and for a wheel that is damaged.
    """
    try:
        with ZipFile(wheel) as archive:
            infos = archive.infolist()
            check_members(wheel, infos)
            for info in infos:
                target = folder / installed_path(info.filename)
                if info.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                # zipfile stops at the declared size and checks the CRC, so no entry is larger than what was summed up.
                with archive.open(info) as source, target.open("xb") as copy:
                    shutil.copyfileobj(source, copy)
        for record in folder.glob("*.dist-info/RECORD"):
            _rewrite_record(record)
    except (BadZipFile, EOFError, FileExistsError, NotADirectoryError, NotImplementedError, csv.Error) as error:
        raise MetaError(ErrorCode.BAD_WHEEL, f"{wheel.name} is not a whole wheel", str(error)) from None


def _rewrite_record(record: Path) -> None:
    """Make RECORD name the files where they are, as an installer does."""
    rows = [row for row in csv.reader(record.read_text(encoding="utf-8", errors="surrogateescape").splitlines()) if row]
    installed = [[installed_path(row[0]), *row[1:]] for row in rows]
    if installed != rows:
        with record.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(installed)


def check_members(wheel: Path, infos: Sequence[ZipInfo]) -> None:
    """Raise MetaError, naming the file, for a wheel that must not be unpacked. This reads nothing of its content.

    Refused are a path that leaves the folder or that two files have, something that is no file, encryption, more than
    MAX_BYTES or MAX_ENTRIES in all, and content packed in a way that no source code is.
    """
    if len(infos) > MAX_ENTRIES:
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} holds more than {MAX_ENTRIES} files")
    names: set[str] = set()
    for info in infos:
        _check_path(wheel, info)
        _check_kind(wheel, info)
        if info.filename.rstrip("/") in names:
            raise MetaError(
                ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} holds two files of one name: {info.filename[:200]!r}"
            )
        names.add(info.filename.rstrip("/"))
    if sum(info.file_size for info in infos) > MAX_BYTES:
        raise MetaError(
            ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} would unpack to more than {MAX_BYTES >> 20} MiB"
        )
    if wheel.is_file() and sum(info.compress_size for info in infos) > wheel.stat().st_size:
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} holds files that share their bytes")


def _check_path(wheel: Path, info: ZipInfo) -> None:
    # zipfile cuts filename at a NUL; the whole name is in orig_filename.
    name, path = info.orig_filename, PurePosixPath(info.filename)
    drive = ":" in path.parts[0] if path.parts else False
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or drive:
        raise MetaError(
            ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} holds a path that leaves its folder: {name[:200]!r}"
        )
    longest = max((len(part.encode(errors="replace")) for part in path.parts), default=0)
    if str(path) != name.rstrip("/") or not name.isprintable() or longest > 200 or len(name) > 1000:
        raise MetaError(
            ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} holds a path that no wheel needs: {name[:200]!r}"
        )


def _check_kind(wheel: Path, info: ZipInfo) -> None:
    kind = info.external_attr >> 16 if info.create_system == _UNIX else 0
    if kind and stat.S_IFMT(kind) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise MetaError(
            ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} holds something that is no file: {info.filename[:200]!r}"
        )
    if info.flag_bits & _ENCRYPTED or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise MetaError(
            ErrorCode.BAD_WHEEL,
            f"{short_name(wheel.name)} is packed in a way that wheels are not: {info.filename[:200]!r}",
        )
    if ".dist-info/" in info.filename and info.file_size > MAX_METADATA:
        what = f"more than {MAX_METADATA >> 10} KiB of {info.filename[-200:].rpartition('/')[2]}"
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} has {what}")
    if info.file_size > 1 << 20 and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise MetaError(ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} looks like a zip bomb: {info.filename[:200]!r}")


def _content_of_folder(site: Path) -> str:
    digests = []
    for file in site.rglob("*"):
        if not file.is_file():
            continue
        name = counted_path(file.relative_to(site).as_posix())
        if name is not None:
            digests.append((name, digest_of_file(name, file)))
    return content_id(digests)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _download(client: IndexClient, distribution: str, release: Release, target: Path) -> None:
    # The same project may be on several indexes; the client asks the one that counts.
    files = client.files(distribution) or ()
    wheel = next((file for file in files if file.filename == release.filename), None)
    if wheel is None:
        raise undecided(ErrorCode.GONE, f"{release.filename} is no longer on the index")
    # What was downloaded is compared with the ledger and not with what the index says today.
    wheel.download(target, verify=False)
