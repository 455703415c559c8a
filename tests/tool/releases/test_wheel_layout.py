"""Wheels as the packaging standards lay them out: each kind is installed as installers do, or refused by name."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Mapping
from importlib.metadata import PathDistribution, distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from made_wheels import made_wheel, packed
from uv import find_uv_bin

from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_content import content_of_installed, content_of_wheel
from market_data_meta.releases.wheel_metadata import read_metadata
from market_data_meta.running.environments import create
from market_data_meta.running.wheels import extract

INFO = "thing-1.0.dist-info"
DATA = "thing-1.0.data"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
METADATA = "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n"
PLAIN = {"thing/__init__.py": "", "thing/a.py": "A = 1\n", "thing/b.py": "B = 1\n"}
SPREAD = {
    "thing/__init__.py": "",
    f"{DATA}/purelib/thing/a.py": "A = 1\n",
    f"{DATA}/platlib/thing/b.py": "B = 1\n",
}
EVERY_SCHEME = {
    **SPREAD,
    f"{DATA}/scripts/with-python": "#!python\nprint(1)\n",
    f"{DATA}/scripts/with-shell": "#!/bin/sh\necho 1\n",
    f"{DATA}/data/share/thing.txt": "text",
    f"{DATA}/data/bin/from-data": "binary",
    f"{DATA}/headers/thing.h": "int x;",
    f"{INFO}/entry_points.txt": "[console_scripts]\nmade-by-the-installer = thing:main\n",
}


def content(folder: Path, files: Mapping[str, str]) -> str:
    return content_of_wheel(made_wheel(folder, "thing", "1.0", files))


def test_what_is_installed_alike_has_the_same_content(tmp_path: Path) -> None:
    """It does not count in which folder of ``.data`` a wheel holds a file that lands beside the others."""
    assert content(tmp_path, PLAIN) == content(tmp_path, SPREAD)
    assert content(tmp_path, SPREAD) != content(tmp_path, SPREAD | {f"{DATA}/purelib/thing/a.py": "A = 2\n"})


@pytest.mark.parametrize("file", EVERY_SCHEME)
def test_every_file_that_a_wheel_installs_counts(tmp_path: Path, file: str) -> None:
    changed = EVERY_SCHEME | {file: EVERY_SCHEME[file] + "\n"}
    assert content(tmp_path, EVERY_SCHEME) != content(tmp_path, changed)


def test_files_are_unpacked_to_where_they_are_imported_from(tmp_path: Path) -> None:
    """A module in ``.data/purelib`` is found beside the others, and RECORD names it there."""
    wheel = made_wheel(tmp_path, "thing", "1.0", EVERY_SCHEME)
    extract(wheel, tmp_path / "site")
    assert {path.name for path in (tmp_path / "site" / "thing").iterdir()} == {"__init__.py", "a.py", "b.py"}
    (distribution,) = distributions(path=[str(tmp_path / "site")])
    assert all(Path(str(file.locate())).is_file() for file in distribution.files or ())
    assert content_of_installed(distribution) == content_of_wheel(wheel)


def test_an_installed_wheel_has_the_content_of_its_file(tmp_path: Path) -> None:
    """An installer writes the first line of scripts, makes scripts of its own and puts files outside; all is known."""
    wheel = made_wheel(tmp_path, "thing", "1.0", EVERY_SCHEME)
    # A path that is too long for the first line of a script makes installers write it in another way.
    for folder in ("short", "long" * 40):
        python = create(tmp_path / folder, None)
        options = ["--quiet", "--no-deps", "--no-cache", "--link-mode=copy", "--python", python]
        subprocess.run([find_uv_bin(), "pip", "install", *options, wheel], check=True)
        (info,) = (tmp_path / folder).glob("lib/*/site-packages/thing-1.0.dist-info")
        installed = PathDistribution(info)
        assert content_of_installed(installed) == content_of_wheel(wheel)
        (tmp_path / folder / "share" / "thing.txt").write_text("other text")
        assert content_of_installed(installed) != content_of_wheel(wheel)


def whole(files: Mapping[str, str] = PLAIN, metadata: str = METADATA, wheel: str = WHEEL) -> dict[str, str]:
    return {**files, f"{INFO}/METADATA": metadata, f"{INFO}/WHEEL": wheel}


FILE = "thing-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("file", "files"),
    [
        (FILE, whole()),
        (FILE, whole(EVERY_SCHEME)),
        ("thing-1.0-7-py3-none-any.whl", whole()),
        ("thing-1.0-7bis-py2.py3-none-any.whl", whole()),
        (FILE, whole(wheel="Wheel-Version: 1.9\nRoot-Is-Purelib: false\nTag: py3-none-any\n")),
        (FILE, whole(PLAIN | {f"{INFO}/licenses/LICENSE": "", f"{INFO}/direct_url.json": "{}"})),
        (FILE, whole(metadata=METADATA.replace("2.1", "2.4") + "License-Expression: MIT\nDynamic: Requires-Dist\n")),
        (FILE, whole(metadata=METADATA.replace("2.1", "1.0"))),
        (FILE, whole(metadata=METADATA.replace("Version: 1.0", "Version: 1.0.0"))),
        (FILE, whole(PLAIN | {f"{INFO}/RECORD.jws": "{}"})),
        (FILE, whole(PLAIN | {"namespace/inner/part.py": "", "single.py": "", "unicode/ä.txt": "ä"})),
    ],
)
def test_what_the_standards_allow_is_read(tmp_path: Path, file: str, files: dict[str, str]) -> None:
    assert read_metadata(packed(tmp_path / file, files)).distribution == "thing"


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (whole({f"{DATA}/lib/a.py": ""}), "is in none of purelib, platlib, scripts, data, headers"),
        (whole({f"{DATA}/a.py": ""}), "is in none of purelib"),
        (whole({"other-1.0.data/purelib/a.py": ""}), "its other-1.0.data is that of another distribution"),
        (whole(PLAIN | {f"{DATA}/purelib/thing/a.py": ""}), "would be installed as one file"),
        (whole(PLAIN) | {"other-1.0.dist-info/top_level.txt": ""}, "it has 2 folders dist-info, not one"),
        (whole(wheel="Wheel-Version: 2.0\n"), "it has version 2.0 of the format"),
        (whole(wheel="Generator: me\n"), "it has version nothing of the format"),
        ({f"{INFO}/METADATA": METADATA}, "it has no file WHEEL"),
        (
            {"other-1.0.dist-info/METADATA": METADATA, "other-1.0.dist-info/WHEEL": WHEEL},
            "is that of another distribution",
        ),
    ],
)
def test_what_no_installer_takes_is_refused_by_name(tmp_path: Path, files: dict[str, str], why: str) -> None:
    with pytest.raises(MetaError, match=r"thing-1\.0-py3-none-any\.whl is not laid out as a wheel") as caught:
        read_metadata(packed(tmp_path / FILE, files))
    assert why in caught.value.why


def recorded(folder: Path, rows: str | None) -> Path:
    """A wheel with this RECORD; without one where there are no rows."""
    with ZipFile(folder / FILE, "w") as archive:
        for file, text in whole().items():
            archive.writestr(file, text)
        if rows is not None:
            archive.writestr(f"{INFO}/RECORD", rows)
    return folder / FILE


def row(file: str, text: str, algorithm: str = "sha256") -> str:
    digest = hashlib.new(algorithm, text.encode()).digest()
    return f"{file},{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()},{len(text)}"


ROWS = [row(file, text) for file, text in whole().items()]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        [*ROWS, f"{INFO}/RECORD,,"],
        [*ROWS, f"{INFO}/RECORD.jws,,"],
        [f"{file},," for file in whole()],
        [row(file, text, "sha512") for file, text in whole().items()],
        [f'"{line.split(",")[0]}",{line.partition(",")[2]}\r' for line in ROWS],
    ],
)
def test_a_record_that_names_the_files_is_good(tmp_path: Path, rows: list[str]) -> None:
    assert read_metadata(recorded(tmp_path, "\n".join(rows))).version == "1.0"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (None, "it has no RECORD"),
        (ROWS[1:], "RECORD does not name 'thing/__init__.py'"),
        ([*ROWS, "thing/gone.py,,"], "there is no 'thing/gone.py'"),
        ([row("thing/__init__.py", "x"), *ROWS[1:]], "'thing/__init__.py' has another hash"),
        (["thing/__init__.py,crc=AAAA,0", *ROWS[1:]], "'thing/__init__.py' has another hash"),
        (['thing/a.py,"\0', *ROWS], "RECORD"),
    ],
)
def test_a_record_that_names_something_else_is_refused(tmp_path: Path, rows: list[str] | None, why: str) -> None:
    """Installers take what is there, or what RECORD names: where they differ, nobody knows what runs."""
    with pytest.raises(MetaError, match=r"thing-1\.0-py3-none-any\.whl does not hold what its RECORD names") as caught:
        read_metadata(recorded(tmp_path, None if rows is None else "\n".join(rows)))
    assert why in caught.value.why
