"""Candidates: read from what a maintainer has at hand, and refused with a sentence where that is not a build."""

from __future__ import annotations

import os
import socket
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from made_wheels import made_wheel, packed

from market_data_meta.candidates.builds import check_out
from market_data_meta.candidates.candidate import Candidate, source_folders
from market_data_meta.candidates.revisions import Revision
from market_data_meta.candidates.sources import read_candidate
from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_landlock import version
from market_data_meta.releases.earlier_ledger import ledger_at
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.requirements import third_party_requirements

PROJECT = """
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"
[project]
name = "market-data-core"
version = "1.4.62"
dependencies = ["pydantic>=2.7"]
[tool.setuptools.packages.find]
where = ["src"]
"""


@pytest.fixture
def read(contract: Contract, ledger: Ledger, tmp_path: Path) -> Callable[[str], Candidate]:
    """Read a source as core's candidate."""

    def read_source(source: str) -> Candidate:
        return read_candidate(contract, ledger, "core", source, tmp_path / "built", lambda _: None)

    return read_source


def source_tree(folder: Path) -> Path:
    package = folder / "src" / "market_data_core"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '1.4.62'\n")
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


def test_newest_and_deployed_are_published_candidates(read: Callable[[str], Candidate], ledger: Ledger) -> None:
    assert read("newest").release == ledger.newest("core")
    assert read("deployed").release.version == ledger.deployed.pins["core"]


def test_a_published_version_is_the_ledgers(read: Callable[[str], Candidate], ledger: Ledger) -> None:
    candidate = read("1.4.9")
    assert candidate.release == ledger.release("core", "1.4.9")
    assert candidate.wheel is None
    assert candidate.predecessor == ledger.release("core", "1.4.8")


def test_a_wheel_is_taken_as_it_is(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    wheel = made_wheel(tmp_path, "market-data-core", "1.4.62", {"x.py": ""}, "Requires-Dist: pydantic (>=2.7)")
    candidate = read(str(wheel))
    # As it is written there, like a release's in the ledger; however it is written, it means the same.
    assert (candidate.release.version, candidate.release.requires) == ("1.4.62", ("pydantic (>=2.7)",))
    assert third_party_requirements(candidate.release, ()) == ("pydantic>=2.7",)
    assert candidate.predecessor is not None
    assert candidate.predecessor.version == "1.4.61"


def test_a_source_tree_is_built_and_left_as_it_was(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    source = source_tree(tmp_path / "tree")
    before = sorted(path.relative_to(source) for path in source.rglob("*"))
    candidate = read(str(source))
    assert candidate.release.version == "1.4.62"
    assert sorted(path.relative_to(source) for path in source.rglob("*")) == before


def test_a_file_is_named_where_it_stands_in_the_source_tree(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    """A pull request's page shows an annotation only at a path of the repository."""
    tree = source_tree(tmp_path / "tree")
    candidate = read(str(tree))
    file = candidate.source_file("market_data_core/__init__.py")
    assert file == "src/market_data_core/__init__.py"
    assert (tree / file).is_file()
    assert candidate.source_file("another/file.py") == "another/file.py"
    (tree / "src" / "market_data_core").rename(tree / "market_data_core")
    assert source_folders(tree, ["market_data_core"]) == {}


def test_an_sdist_is_built(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    source = source_tree(tmp_path / "market_data_core-1.4.62")
    sdist = tmp_path / "market_data_core-1.4.62.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        archive.add(source, source.name)
    assert read(str(sdist)).release.version == "1.4.62"


def git(folder: Path, *arguments: str) -> str:
    variables = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
    variables |= {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    process = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=variables, capture_output=True, text=True, check=True
    )
    return process.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A bare repository with a pull request, 7, beside its main branch."""
    source = source_tree(tmp_path / "work")
    git(source, "init", "--quiet", "--initial-branch", "main")
    (source / ".gitattributes").write_text("* text=auto\n")
    git(source, "add", ".")
    git(source, "commit", "--quiet", "--message", "First")
    bare = tmp_path / "core.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(source), str(bare))
    (source / "src" / "market_data_core" / "new.py").write_text("")
    git(source, "add", ".")
    git(source, "commit", "--quiet", "--message", "Second")
    git(source, "push", "--quiet", str(bare), "HEAD:refs/pull/7/head")
    return bare


def test_a_ref_of_a_repository_is_built_and_its_commit_named(
    read: Callable[[str], Candidate], repository: Path, tmp_path: Path
) -> None:
    candidate = read(f"git+file://{repository}@refs/pull/7/head")
    assert candidate.revision == Revision(git(repository, "rev-parse", "refs/pull/7/head"), "refs/pull/7/head")
    assert (tmp_path / "built" / "checkout" / "src" / "market_data_core" / "new.py").exists()


def test_a_version_that_is_published_with_other_code_is_taken(
    read: Callable[[str], Candidate], ledger: Ledger, tmp_path: Path
) -> None:
    newest = ledger.newest("core").version
    assert read(str(made_wheel(tmp_path, "market-data-core", newest, {"x.py": ""}))).version_is_taken
    assert read(str(made_wheel(tmp_path, "market-data-core", f"{newest}.0", {"x.py": ""}))).version_is_taken
    assert not read(str(made_wheel(tmp_path, "market-data-core", f"{newest}.1", {"x.py": ""}))).version_is_taken
    assert not read("newest").version_is_taken


def test_without_a_ref_it_is_the_default_branch(repository: Path, tmp_path: Path) -> None:
    _, commit = check_out(f"git+file://{repository}", tmp_path / "out", lambda _: None)
    assert commit == git(repository, "rev-parse", "main")


def test_a_commit_may_be_named(repository: Path, tmp_path: Path) -> None:
    commit = git(repository, "rev-parse", "main")
    assert check_out(f"git+file://{repository}@{commit}", tmp_path / "out", lambda _: None)[1] == commit


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("git+file:///nowhere@main", "could not be fetched"),
        ("git+ext::sh -c whoami@main", "could not be fetched"),
        ("git+--upload-pack=touch x@main", "not a git source"),
        ("git+https://example.invalid/x@--upload-pack=x", "not a git source"),
        ("nowhere.whl", "there is no nowhere.whl"),
        ("a" * 300, "there is no aaa"),
        ("9.9.9", "core 9.9.9 is not in the ledger"),
    ],
)
def test_a_source_that_names_no_candidate_is_refused(
    read: Callable[[str], Candidate], source: str, message: str
) -> None:
    with pytest.raises(MetaError, match=message):
        read(source)


def test_a_tree_that_does_not_build_says_why(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    source = source_tree(tmp_path / "tree")
    (source / "setup.py").write_text("raise SystemExit('<no> wheel today')\n")
    with pytest.raises(MetaError, match="does not build") as caught:
        read(str(source))
    assert "<no> wheel today" in caught.value.why


def test_a_loop_of_links_is_no_candidate(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(MetaError, match="there is no"):
        read(str(tmp_path / "loop"))


def test_a_folder_without_a_project_is_refused(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    with pytest.raises(MetaError, match="neither pyproject"):
        read(str(tmp_path))


def test_a_build_sees_no_secret_of_the_caller(
    read: Callable[[str], Candidate], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "a secret")
    source = source_tree(tmp_path / "tree")
    (source / "setup.py").write_text(
        "import os\nassert 'GITHUB_TOKEN' not in os.environ\nimport setuptools\nsetuptools.setup()\n"
    )
    assert read(str(source)).release.version == "1.4.62"


@pytest.mark.skipif(version() < 4, reason="this kernel's Landlock knows nothing of TCP")
def test_a_build_has_no_network(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = source_tree(tmp_path / "tree")
        where = ("127.0.0.1", server.getsockname()[1])
        (source / "setup.py").write_text(f"import socket\nsocket.create_connection({where!r}, 5)\n")
        with pytest.raises(MetaError, match="does not build") as caught:
            read(str(source))
    assert "Permission denied" in caught.value.why


@pytest.mark.parametrize(
    ("name", "version", "metadata", "message"),
    [
        ("market-data-store", "1.0", "", "is a build of market-data-store, not of market-data-core"),
        ("market-data-core", "1.0+" + "a" * 100, "", "not what its name says"),
        ("market-data-core", "1.0", "Requires-Dist: <b>;;", "not a whole wheel"),
        ("market-data-core", "1.0", "Summary: " + "x" * (1 << 20), "more than 1024 KiB of METADATA"),
    ],
)
def test_a_wheel_that_is_not_what_it_should_be_is_refused(
    read: Callable[[str], Candidate], tmp_path: Path, name: str, version: str, metadata: str, message: str
) -> None:
    with pytest.raises(MetaError, match=message):
        read(str(made_wheel(tmp_path, name, version, {"x.py": ""}, metadata)))


@pytest.mark.parametrize(
    ("version", "before"),
    [
        ("1.4.62", "1.4.61"),
        ("1.4.62.dev3", "1.4.61"),
        ("1.4.62rc1", "1.4.61"),
        ("1.4.61.post1", "1.4.61"),
        ("1.4.61+local.1", "1.4.61"),
        ("1.4.61", "1.4.61"),
        ("1.4.61.0", "1.4.61"),
        ("1.4.61rc1", "1.4.60"),
        ("1!0.1", "1.4.61"),
        ("2026.11.27", "1.4.61"),
        ("0.0.1", None),
    ],
)
def test_every_version_that_the_standards_allow_has_its_predecessor(
    read: Callable[[str], Candidate], tmp_path: Path, version: str, before: str | None
) -> None:
    """Pre-releases, epochs, local versions and versions that are written longer are compared as installers do."""
    wheel = made_wheel(tmp_path, "market-data-core", version, {"x.py": ""})
    candidate = read(str(wheel))
    assert candidate.release.version == version
    assert (candidate.predecessor.version if candidate.predecessor else None) == before


@pytest.mark.parametrize("source", ["wheel", "version"])
def test_a_release_that_nobody_can_install_is_no_predecessor(
    contract: Contract, ledger: Ledger, tmp_path: Path, source: str
) -> None:
    """A pull request that mends what a release requires is compared with the one before that release."""
    then = ledger_at(ledger, "2025-10-22T12:00:00Z")
    wheel = made_wheel(tmp_path, "market-data-store", "0.6.7", {"x.py": ""}, "Requires-Dist: market-data-core>=1.2.12")
    name = str(wheel) if source == "wheel" else "0.6.7"
    candidate = read_candidate(contract, then, "store", name, tmp_path / "built", lambda _: None)
    assert candidate.predecessor
    assert candidate.predecessor.version == "0.6.6"
    assert candidate.passed_over == (
        ""
        if source == "version"
        else "store 0.6.7 requires market-data-core<2.0.0,>=1.2.99; the newest published is 1.2.12"
    )


def test_where_nothing_could_be_installed_before_the_newest_is_the_predecessor(
    contract: Contract, ledger: Ledger, tmp_path: Path
) -> None:
    then = ledger_at(ledger, "2025-10-22T12:00:00Z")
    then = replace(then, releases={**then.releases, "store": then.releases["store"][-1:]})
    wheel = made_wheel(tmp_path, "market-data-store", "0.6.8", {"x.py": ""})
    candidate = read_candidate(contract, then, "store", str(wheel), tmp_path / "built", lambda _: None)
    assert candidate.predecessor == then.releases["store"][0]
    assert candidate.passed_over == ""


@pytest.mark.parametrize(
    "name",
    [
        "market_data_core-1.4.62-7-py3-none-any.whl",
        "market_data_core-1.4.62-7fix-py2.py3-none-any.whl",
        "Market_Data_Core-1.4.62-py3-none-any.whl",
        "market.data.core-1.4.62-py3-none-any.whl",
        "market_data_core-1.4.62-cp311-cp311-manylinux_2_17_x86_64.whl",
    ],
)
def test_every_file_name_that_the_standards_allow_is_read(
    read: Callable[[str], Candidate], tmp_path: Path, name: str
) -> None:
    wheel = made_wheel(tmp_path, "market-data-core", "1.4.62", {"x.py": ""})
    assert read(str(wheel.rename(tmp_path / name))).release.filename == name


@pytest.mark.parametrize(
    "name", ["core.whl", "market_data_core-1.4.62.whl", "market_data_core-1.4.62-py3-none.whl", "a-b-c-d-e-f-g.whl"]
)
def test_a_file_name_that_is_no_wheels_is_refused(read: Callable[[str], Candidate], tmp_path: Path, name: str) -> None:
    wheel = made_wheel(tmp_path, "market-data-core", "1.4.62", {"x.py": ""})
    with pytest.raises(MetaError, match="not a whole wheel"):
        read(str(wheel.rename(tmp_path / name)))


def test_a_folder_or_a_text_that_is_called_a_wheel_is_refused(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    (tmp_path / "market_data_core-1.4.62-py3-none-any.whl").mkdir()
    (tmp_path / "market_data_core-1.4.63-py3-none-any.whl").write_text("no wheel")
    for number in ("1.4.62", "1.4.63"):
        with pytest.raises(MetaError, match="not a whole wheel"):
            read(str(tmp_path / f"market_data_core-{number}-py3-none-any.whl"))


def test_a_wheel_whose_packed_data_is_damaged_is_refused(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    """What zlib says of it is no fault of the tool."""
    code = "".join(f"value_{number} = {number * 7919}\n" for number in range(500))
    wheel = made_wheel(tmp_path, "market-data-core", "1.4.62", {"x.py": code})
    with ZipFile(wheel) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    data = bytearray(wheel.read_bytes())
    start = 30 + len(next(iter(files)))
    data[start : start + 20] = b"\xff" * 20
    wheel.write_bytes(data)
    with pytest.raises(MetaError, match="not a whole wheel"):
        read(str(wheel))


def test_a_wheel_whose_name_and_metadata_differ_is_refused(read: Callable[[str], Candidate], tmp_path: Path) -> None:
    wheel = made_wheel(tmp_path, "market-data-core", "1.4.62", {"x.py": ""})
    other = wheel.rename(tmp_path / "market_data_core-1.4.63-py3-none-any.whl")
    with pytest.raises(MetaError, match="not what its name says"):
        read(str(other))


@pytest.mark.parametrize("version", ["<b>1.0</b>", "1" * 10_000, ""])
def test_metadata_with_an_impossible_version_is_refused(
    read: Callable[[str], Candidate], tmp_path: Path, version: str
) -> None:
    info = "market_data_core-1.0.dist-info"
    text = f"Metadata-Version: 2.1\nName: market-data-core\nVersion: {version}\n"
    wheel = packed(tmp_path / "market_data_core-1.0-py3-none-any.whl", {f"{info}/METADATA": text})
    with pytest.raises(MetaError, match=r"market_data_core-1\.0") as caught:
        read(str(wheel))
    assert len(str(caught.value)) < 1000
