"""The METADATA of a wheel: read if it is valid, else refused with the name of the wheel."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_wheels import made_wheel, packed

from market_data_meta.errors import MetaError
from market_data_meta.releases.wheel_metadata import WheelMetadata, read_metadata

NAME = "market_data_core-1.0-py3-none-any.whl"


def wheel_of(folder: Path, *lines: str) -> Path:
    """A wheel whose METADATA has exactly these lines."""
    info = "market_data_core-1.0.dist-info"
    texts = {f"{info}/METADATA": "\n".join([*lines, "", "A text."]), f"{info}/WHEEL": "Wheel-Version: 1.0\n"}
    return packed(folder / NAME, texts)


def test_the_fields_are_read_as_written(tmp_path: Path) -> None:
    lines = ["Requires-Python: >=3.11", "Requires-Dist: a (>=1)", "Requires-Dist: b; extra == 'c'"]
    wheel = made_wheel(tmp_path, "Market_Data.Core", "1.0", {"x.py": ""}, "\n".join(lines))
    assert read_metadata(wheel) == WheelMetadata("market-data-core", "1.0", ("a (>=1)", "b; extra == 'c'"), ">=3.11")


def test_the_published_file_name_is_checked(tmp_path: Path) -> None:
    wheel = made_wheel(tmp_path, "market-data-core", "1.0", {"x.py": ""}).rename(tmp_path / "download")
    assert read_metadata(wheel, NAME).version == "1.0"
    with pytest.raises(MetaError, match=r"market_data_core-1\.1-py3-none-any\.whl is not what its name says"):
        read_metadata(wheel, NAME.replace("1.0", "1.1"))


@pytest.mark.parametrize(
    "lines",
    [
        ["Metadata-Version: 2.1", "Version: 1.0"],
        ["Metadata-Version: 2.1", "Name: market-data-core"],
        ["Metadata-Version: 2.1", "Name: market-data-core", "Version: 1.0", "Version: 1.1"],
        ["Metadata-Version: 2.1", "Name: market-data-core", "Version: one"],
        ["Metadata-Version: 2.1", "Name: market-data-core", f"Version: {'1' * 10_000}"],
        ["Metadata-Version: 2.1", "Name: market-data-core", "Version: 1.0", "Requires-Dist: a >> 1"],
        ["Metadata-Version: 2.1", "Name: market-data-core", "Version: 1.0", "Requires-Python: three"],
        ["Metadata-Version: 2.1", "Name: market-data-core", "Version: 1.0", "Description: " + "x" * (1 << 20)],
        ["Metadata-Version: 2.1", "Name: <b>", "Version: 1.0"],
    ],
)
def test_invalid_metadata_is_refused_with_the_name_of_the_wheel(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(MetaError, match=r"market_data_core-1\.0") as raised:
        read_metadata(wheel_of(tmp_path, *lines))
    assert raised.value.code == "bad-wheel"
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("file", ["WHEEL", "licenses/LICENSE"])
def test_no_file_beside_metadata_is_read_that_fills_the_memory(tmp_path: Path, file: str) -> None:
    info = "market_data_core-1.0.dist-info"
    texts = {f"{info}/METADATA": "Metadata-Version: 2.1\nName: market-data-core\nVersion: 1.0\n"}
    wheel = packed(
        tmp_path / NAME, {f"{info}/WHEEL": "Wheel-Version: 1.0\n", **texts, f"{info}/{file}": "x" * (2 << 20)}
    )
    with pytest.raises(MetaError, match=rf"more than 1024 KiB of {file.rpartition('/')[2]}"):
        read_metadata(wheel)


def test_a_field_that_is_not_read_may_be_invalid(tmp_path: Path) -> None:
    """Published releases are as they are: what is not needed to install one is no reason to refuse it."""
    lines = ["Metadata-Version: 2.1", "Name: market-data-core", "Version: 1.0", "License-Expression: MIT", "Mood: good"]
    assert read_metadata(wheel_of(tmp_path, *lines)).version == "1.0"


def test_a_wheel_has_one_metadata(tmp_path: Path) -> None:
    text = "Metadata-Version: 2.1\nName: market-data-core\nVersion: 1.0\n"
    none = packed(tmp_path / NAME, {"market_data_core-1.0.dist-info/WHEEL": ""})
    with pytest.raises(MetaError, match="not a whole wheel"):
        read_metadata(none)
    infos = [f"market_data_core-{version}.dist-info/METADATA" for version in ("1.0", "1.1")]
    with pytest.raises(MetaError, match="not a whole wheel"):
        read_metadata(packed(tmp_path / NAME, dict.fromkeys(infos, text)))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("no archive")
    with pytest.raises(MetaError, match="not a whole wheel"):
        read_metadata(tmp_path / NAME)
