"""METADATA in every form that the core metadata specification allows is read, and what it does not allow is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_wheels import packed

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.wheel_metadata import WheelMetadata, read_metadata

NAME, INFO = "acme_tool-1.0-py3-none-any.whl", "acme_tool-1.0.dist-info"
HEAD = "Metadata-Version: 2.1\nName: acme-tool\nVersion: 1.0\n"


def read(folder: Path, metadata: str | bytes, filename: str = NAME) -> WheelMetadata:
    files = {"acme.py": "", f"{INFO}/METADATA": metadata, f"{INFO}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n"}
    return read_metadata(packed(folder / filename, files))


ALLOWED: dict[str, tuple[str | bytes, tuple[str, ...], str]] = {
    "least": (HEAD, (), ""),
    "no end of line": (HEAD.rstrip(), (), ""),
    "with CRLF": (HEAD.replace("\n", "\r\n") + "Requires-Dist: six\r\n", ("six",), ""),
    "any case": ("metadata-version: 2.1\nNAME: acme-tool\nvErsion: 1.0\nrequires-dist: six\n", ("six",), ""),
    "any order": (f"Requires-Python: >=3.11\n{HEAD}", (), ">=3.11"),
    "folded": (f"{HEAD}Requires-Dist: six\n  (>=1)\nRequires-Python:\n >=3.11\n", ("six\n  (>=1)",), ">=3.11"),
    "with a body": (f"{HEAD}Requires-Dist: six\n\nRequires-Dist: not-one\n", ("six",), ""),
    "with a long text in UTF-8": (f"{HEAD}Author: Žofie\nSummary: ünïcode — “text”\n", (), ""),
    "with another encoding elsewhere": (HEAD.encode() + b"Author: M\xfcller\nRequires-Dist: six\n", ("six",), ""),
    "with a field of no standard": (f"{HEAD}Mood: good\nLicense-File: ../x\nProvides-Extra: a b\n", (), ""),
    "with old fields": (f"{HEAD}Requires: six\nProvides: acme\nObsoletes: old\n", (), ""),
    "one line twice": (f"{HEAD}Requires-Dist: six\nRequires-Dist: six\n", ("six", "six"), ""),
    "name in another spelling": (HEAD.replace("acme-tool", "Acme.Tool"), (), ""),
    "version in another spelling": (HEAD.replace("Version: 1.0", "Version: v1.0.0"), (), ""),
    "with any text for Pythons": (f"{HEAD}Requires-Python: >= 3.8 , != 3.9.*\n", (), ">= 3.8 , != 3.9.*"),
}


@pytest.mark.parametrize("kind", ALLOWED)
def test_what_the_specification_allows_is_read(tmp_path: Path, kind: str) -> None:
    metadata, requires, requires_python = ALLOWED[kind]
    found = read(tmp_path, metadata)
    assert (found.distribution, found.requires_python) == ("acme-tool", requires_python)
    assert [" ".join(text.split()) for text in found.requires] == [" ".join(text.split()) for text in requires]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5", "2.9"])
def test_every_version_of_the_metadata_is_read(tmp_path: Path, version: str) -> None:
    """A newer minor version only adds fields."""
    assert read(tmp_path, HEAD.replace("2.1", version) + "Requires-Dist: six\n").requires == ("six",)


FORBIDDEN: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "not a whole wheel"),
    "no name": ("Metadata-Version: 2.1\nVersion: 1.0\n", "name"),
    "no version": ("Metadata-Version: 2.1\nName: acme-tool\n", "version"),
    "two names": (f"{HEAD}Name: acme-tool\n", "name"),
    "two versions": (f"{HEAD}Version: 1.1\n", "version"),
    "a name that is none": (HEAD.replace("acme-tool", "acme tool"), "name"),
    "a version that is none": (HEAD.replace("Version: 1.0", "Version: 1.0-final-2"), "version"),
    "another name": (HEAD.replace("acme-tool", "acme-other"), "acme-other"),
    "another version": (HEAD.replace("Version: 1.0", "Version: 1.0.post1"), "1.0.post1"),
    "requirement that is none": (f"{HEAD}Requires-Dist: >=1\n", "requires-dist"),
    "requirement with a bad version": (f"{HEAD}Requires-Dist: six>=one\n", "six>=one"),
    "requirement with a bad operator": (f"{HEAD}Requires-Dist: six=>1\n", "six=>1"),
    "requirement with a wildcard range": (f"{HEAD}Requires-Dist: six>=1.*\n", "six>=1.*"),
    "requirement with a bad marker": (f"{HEAD}Requires-Dist: six; python > 3\n", "six; python > 3"),
    "requirement with a lock file's marker": (f"{HEAD}Requires-Dist: six; 'a' in extras\n", "extras"),
    "requirement that compares texts": (f"{HEAD}Requires-Dist: six; os_name ~= 'posix'\n", "os_name"),
    "two Requires-Python": (f"{HEAD}Requires-Python: >=3\nRequires-Python: >=3\n", "requires-python"),
    "Requires-Python that is none": (f"{HEAD}Requires-Python: 3.11\n", "requires-python"),
    "not in UTF-8": (HEAD.encode() + b"Requires-Dist: s\xffx\n", "requires"),
}


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_what_it_does_not_allow_is_refused_with_the_name_of_the_wheel(tmp_path: Path, kind: str) -> None:
    metadata, why = FORBIDDEN[kind]
    with pytest.raises(MetaError, match=r"acme_tool-1\.0-py3-none-any\.whl") as raised:
        read(tmp_path, metadata)
    assert raised.value.code == ErrorCode.BAD_WHEEL
    assert why in str(raised.value)


@pytest.mark.parametrize("filename", ["Acme_Tool-1.0-py3-none-any.whl", "acme.tool-1.0-1-py2.py3-none-any.whl"])
def test_a_file_name_may_be_in_another_spelling(tmp_path: Path, filename: str) -> None:
    assert read(tmp_path, HEAD, filename).distribution == "acme-tool"
