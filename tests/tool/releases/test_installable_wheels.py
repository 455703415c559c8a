"""Of the files of a version the one is taken that an installer takes; what cannot be installed is named."""

from __future__ import annotations

import random
from typing import cast

import pytest
from packaging.version import Version
from pypi_simple import DistributionPackage, PyPISimple

from market_data_meta.releases.index_client import IndexFile
from market_data_meta.releases.installable_wheels import InstallableWheels, installable_wheels

ANY = "py3-none-any"


def chosen(*filenames: str, yanked: tuple[str, ...] = ()) -> InstallableWheels:
    files = []
    for filename in filenames:
        data = {"filename": filename, "url": "x", "hashes": {}, "yanked": filename in yanked}
        files.append(IndexFile(DistributionPackage.from_json_data(data, "acme-tool"), cast("PyPISimple", None)))
    # The order of the index decides nothing.
    random.Random(len(files)).shuffle(files)  # noqa: S311
    return installable_wheels("acme-tool", files)


@pytest.mark.parametrize(
    ("filenames", "taken"),
    [
        (("acme_tool-1.0-py3-none-any.whl", "acme_tool-1.0-1-py3-none-any.whl"), "acme_tool-1.0-1-py3-none-any.whl"),
        (
            ("acme_tool-1.0-9-py3-none-any.whl", "acme_tool-1.0-10-py3-none-any.whl"),
            "acme_tool-1.0-10-py3-none-any.whl",
        ),
        (
            ("acme_tool-1.0-1a-py3-none-any.whl", "acme_tool-1.0-1b-py3-none-any.whl"),
            "acme_tool-1.0-1b-py3-none-any.whl",
        ),
        # The tags that fit best come before the build number.
        (("acme_tool-1.0-2-py3-none-any.whl", "acme_tool-1.0-cp311-none-any.whl"), "acme_tool-1.0-cp311-none-any.whl"),
        (("acme_tool-1.0-py3-none-any.whl", "acme_tool-1.0-py311-none-any.whl"), "acme_tool-1.0-py311-none-any.whl"),
        # What does not fit is not taken, whatever its build number.
        (("acme_tool-1.0-7-cp27-cp27m-win32.whl", "acme_tool-1.0-py3-none-any.whl"), "acme_tool-1.0-py3-none-any.whl"),
        (
            ("acme_tool-1.0-py2-none-any.whl", "acme_tool-1.0-py2.py3-none-any.whl"),
            "acme_tool-1.0-py2.py3-none-any.whl",
        ),
        (("acme_tool-1.0-cp312-none-any.whl", "acme_tool-1.0.tar.gz"), "acme_tool-1.0-cp312-none-any.whl"),
        # A name and a version may be written in several ways.
        (("Acme.Tool-1.0-1-py3-none-any.whl", "acme_tool-1.0.0-py3-none-any.whl"), "Acme.Tool-1.0-1-py3-none-any.whl"),
    ],
)
def test_a_version_has_one_wheel(filenames: tuple[str, ...], taken: str) -> None:
    found = chosen(*filenames)
    assert [(version, file.filename) for version, file in found.wheels.items()] == [(Version("1.0"), taken)]
    assert found.left_out == ()


def test_a_wheel_that_is_not_yanked_comes_first() -> None:
    first, second = "acme_tool-1.0-1-py3-none-any.whl", "acme_tool-1.0-2-py3-none-any.whl"
    assert chosen(first, second, yanked=(second,)).wheels[Version("1.0")].filename == first
    assert chosen(first, second, yanked=(first, second)).wheels[Version("1.0")].filename == second


@pytest.mark.parametrize(
    ("filename", "why"),
    [
        ("acme_tool-1.x-py3-none-any.whl", "invalid version"),
        ("acme_tool-1.0-x-py3-none-any.whl", "Invalid build number"),
        ("acme_tool-1.0-py3.whl", "wrong number of parts"),
        ("acme_tool-1.0-py3-none-any/../../x.whl", "its name is not that of a file"),
        ("acme_tool-1.0-py3-none-an\ny.whl", "its name is not that of a file"),
        ("acme_other-1.0-py3-none-any.whl", "a file of acme-other, not of acme-tool"),
        ("acme_tool-2.0-cp27-cp27m-win32.whl", "acme-tool 2.0: it has no wheel that this machine could install"),
        ("acme_tool-2.0.tar.gz", "acme-tool 2.0: it has no wheel"),
        ("acme-tool-2.0.zip", "acme-tool 2.0: it has no wheel"),
    ],
)
def test_what_cannot_be_installed_is_named(filename: str, why: str) -> None:
    found = chosen("acme_tool-1.0-py3-none-any.whl", filename)
    assert [str(version) for version in found.wheels] == ["1.0"]
    (sentence,) = found.left_out
    assert why in sentence


@pytest.mark.parametrize("filename", ["acme_tool-1.0-py3.11.egg", "acme_tool-1.0.exe", "acme_tool-1.0.whl.asc", ""])
def test_files_of_other_kinds_are_passed_over(filename: str) -> None:
    assert chosen(filename) == InstallableWheels({}, ())


def test_a_local_version_takes_the_place_of_the_version_that_it_was_made_from() -> None:
    """An installer that is asked for 1.0 takes 1.0+local."""
    plain, local = "acme_tool-1.0-py3-none-any.whl", "acme_tool-1.0+local.1-py3-none-any.whl"
    found = chosen(plain, local)
    assert [str(version) for version in found.wheels] == ["1.0+local.1"]
    assert found.left_out == ("acme-tool 1.0: an installer takes 1.0+local.1 in its place",)
    assert [str(version) for version in chosen(plain, local, yanked=(local,)).wheels] == ["1.0", "1.0+local.1"]


@pytest.mark.parametrize("version", ["1!2.0", "2.0+local.1", "1.0rc1", "1.0.post1", "1.0.dev3", "2026.1.1"])
def test_a_version_may_have_every_form(version: str) -> None:
    assert [str(found) for found in chosen(f"acme_tool-{version}-py3-none-any.whl").wheels] == [version]
