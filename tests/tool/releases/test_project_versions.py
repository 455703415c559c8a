"""Which versions a project asks for: requirement files as pip reads them, pyproject.toml, and lock files."""

from __future__ import annotations

from pathlib import Path

import pytest

from market_data_meta.errors import MetaError
from market_data_meta.releases.project_versions import FoundVersions, project_versions

DISTRIBUTIONS = {"core": "market-data-core", "store": "market-data-store"}


def read(folder: Path, text: str, name: str = "requirements.txt") -> FoundVersions:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return project_versions(file, DISTRIBUTIONS, "3.11")


def asked(found: FoundVersions) -> dict[str, str]:
    return {request.package: request.asks for request in found.requests}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("market-data-core==1.4.61\nmarket-data-store==0.6.73\n", {"core": "==1.4.61", "store": "==0.6.73"}),
        ("# market-data-core==1.0\nrequests==2.0\n", {}),
        ("Market_Data.Core == 1.4.61  # the newest\n", {"core": "==1.4.61"}),
        ("market-data-core[redis,kafka]==1.4.61\n", {"core": "==1.4.61"}),
        ("market-data-core==1.4.61 --hash=sha256:aa --hash=sha256:bb\n", {"core": "==1.4.61"}),
        (
            "market-data-core==1.4.61 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nrequests\n",
            {"core": "==1.4.61"},
        ),
        ("market-data-core \\\n  ==1.4.61", {"core": "==1.4.61"}),
        ("market-data-core==1.4.61 \\\n# a comment ends it\n", {"core": "==1.4.61"}),
        ("market-data-core==1.4.61 \\", {"core": "==1.4.61"}),
        ("market-data-core>=1.4; python_version >= '3.8'\n", {"core": ">=1.4"}),
        ("market-data-core==1.0; python_version < '3.8'\nmarket-data-core==1.1\n", {"core": "==1.1"}),
        ("market-data-core>=1.4\nmarket-data-core<1.5\n", {"core": "<1.5,>=1.4"}),
        ("market-data-core\n", {"core": ""}),
        ("\ufeffmarket-data-core==1.4.61\r\n", {"core": "==1.4.61"}),
        ("market-data-core-extras==3.0\nold-market-data-core==2\n", {}),
        ("--index-url https://example.org/market-data-core/\nmarket-data-core==1.0\n", {"core": "==1.0"}),
        ("./old-market-data-core.whl\n./market_data_core_extras-1.0-py3-none-any.whl\n", {}),
        ("# a comment does not go on \\\nmarket-data-core==1.0\n", {"core": "==1.0"}),
        ("./other.whl\nhttps://example.org/a.whl\nthis is nothing\n", {}),
    ],
)
def test_a_requirements_file_is_read_as_pip_reads_it(tmp_path: Path, text: str, expected: dict[str, str]) -> None:
    found = read(tmp_path, text)
    assert (asked(found), found.notes) == (expected, ())


def test_each_request_says_where_it_stands(tmp_path: Path) -> None:
    found = read(tmp_path, "requests\n\nmarket-data-core \\\n>=1.4\nmarket-data-core<2\n")
    assert [request.source for request in found.requests] == ["requirements.txt line 3 and requirements.txt line 5"]


@pytest.mark.parametrize("option", ["-r base.txt", "-rbase.txt", "-c limits.txt", "--requirement base.txt"])
def test_another_file_is_not_followed_and_that_is_told(tmp_path: Path, option: str) -> None:
    found = read(tmp_path, f"market-data-core==1.0\n{option}\n")
    assert asked(found) == {"core": "==1.0"}
    assert found.notes == (f"requirements.txt line 2: {option} is not followed",)


@pytest.mark.parametrize(
    "line",
    [
        "market-data-core @ https://example.org/core.whl",
        "./wheels/market_data_core-1.4.61-py3-none-any.whl",
        "-e ../market-data-core",
        "-e git+https://example.org/market-data-core.git",
        "--editable=../market-data-core",
    ],
)
def test_what_is_no_published_release_is_not_taken_for_one(tmp_path: Path, line: str) -> None:
    with pytest.raises(MetaError, match=r"requirements.txt line 1 asks for .*market.data.core") as error:
        read(tmp_path, f"{line}\n")
    assert (error.value.code, error.value.exit) == ("direct-reference", 2)


def test_a_line_about_a_package_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MetaError, match=r"requirements.txt line 2 is about market-data-core") as error:
        read(tmp_path, "\nmarket-data-core = 1.4\n")
    assert error.value.code == "bad-file"


def test_a_file_must_be_readable_text(tmp_path: Path) -> None:
    with pytest.raises(MetaError, match="cannot read"):
        project_versions(tmp_path / "none.txt", DISTRIBUTIONS)
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MetaError, match="is not UTF-8 text"):
        project_versions(tmp_path / "bytes.txt", DISTRIBUTIONS)
    with pytest.raises(MetaError, match="is not TOML"):
        read(tmp_path, "[", "pyproject.toml")


def test_what_an_extra_of_pyproject_asks_for_is_not_taken_and_is_told(tmp_path: Path) -> None:
    """Whoever installs the project may leave it out, and two extras may exclude each other."""
    text = """
        [project]
        dependencies = ["market-data-core>=1.4"]
        [project.optional-dependencies]
        store = ["market-data-store>=1.0.0", "requests"]
        docs = ["sphinx"]
    """
    found = read(tmp_path, text, "pyproject.toml")
    assert asked(found) == {"core": ">=1.4"}
    assert found.notes == ("pyproject.toml: extra store is not read, which asks for market-data-store>=1.0.0",)


def test_pyproject_has_dependencies_and_groups(tmp_path: Path) -> None:
    text = """
        [project]
        dependencies = ["market-data-core>=1.4", "requests"]
        [dependency-groups]
        dev = ["market-data-core<1.5", {include-group = "more"}]
        more = ["market-data-store==0.6.73"]
    """
    found = read(tmp_path, text, "pyproject.toml")
    assert asked(found) == {"core": "<1.5,>=1.4", "store": "==0.6.73"}
    assert [request.source for request in found.requests] == [
        "pyproject.toml [project] and pyproject.toml group dev",
        "pyproject.toml group more",
    ]
    assert read(tmp_path, "project = 3\n", "pyproject.toml") == FoundVersions(())


def test_what_pyproject_takes_from_elsewhere_or_says_otherwise_is_told(tmp_path: Path) -> None:
    with pytest.raises(MetaError, match=r"\[tool.uv.sources\] asks for market-data-core"):
        read(tmp_path, "[tool.uv.sources]\nmarket-data-core = {path = '../core'}\n", "pyproject.toml")
    found = read(tmp_path, "[tool.poetry.dependencies]\nmarket-data-core = '^1.4'\n", "pyproject.toml")
    assert found.requests == ()
    assert found.notes == ("pyproject.toml: [tool.poetry.dependencies] is not read; its poetry.lock can be",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", '[[package]]\nname = "{}"\nversion = "{}"\nsource = {{ registry = "https://example.org" }}\n'),
        ("poetry.lock", '[[package]]\nname = "{}"\nversion = "{}"\n'),
        ("poetry.lock", '[[package]]\nname = "{}"\nversion = "{}"\nsource = {{ type = "legacy", url = "…" }}\n'),
        ("pylock.toml", '[[packages]]\nname = "{}"\nversion = "{}"\nindex = "https://example.org"\n'),
    ],
)
def test_lock_files_have_exact_versions(tmp_path: Path, name: str, text: str) -> None:
    entries = [("market-data-core", "1.4.61"), ("requests", "2.0"), ("market-data-store", "0.6.73")]
    found = read(tmp_path, "".join(text.format(*entry) for entry in entries), name)
    assert asked(found) == {"core": "==1.4.61", "store": "==0.6.73"}
    assert {request.source for request in found.requests} == {name}
    with pytest.raises(MetaError, match=r"locks market-data-core twice: 1.1 and 1.2"):
        read(tmp_path, text.format("market-data-core", "1.1") + text.format("market-data-core", "1.2"), name)
    with pytest.raises(MetaError, match="is about core and cannot be read"):
        read(tmp_path, text.format("market-data-core", "?"), name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", '[[package]]\nname = "market-data-core"\nversion = "1.0"\nsource = { editable = "../core" }\n'),
        ("poetry.lock", '[[package]]\nname = "market-data-core"\nversion = "1.0"\n[package.source]\ntype = "git"\n'),
        ("pylock.toml", '[[packages]]\nname = "market-data-core"\n[packages.directory]\npath = "../core"\n'),
    ],
)
def test_what_a_lock_file_takes_from_an_address_is_no_published_release(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(MetaError, match=f"{name} asks for market-data-core"):
        read(tmp_path, text, name)
