"""The ledger is refreshed from a real index on loopback, whose releases may change, be damaged or be odd."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from made_index import MadeIndex, serving, wheel

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.releases.index import refreshed_ledger
from market_data_meta.releases.ledger import DeployedSet, Ledger
from market_data_meta.releases.requirements import release_fault

CORE, STORE = "market-data-core", "market-data-store"
CORE_FILE = "market_data_core-1.0-py3-none-any.whl"


@pytest.fixture
def index(small: Contract, monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeIndex]:
    """An index on loopback that holds one release of each package and of the deploying distribution."""
    index = MadeIndex()
    for package in small.packages.values():
        index.add(package.distribution, "1.0")
    pins = tuple(f"{package.distribution}==1.0" for package in small.packages.values())
    index.add(small.deploying_distribution, "2.0", requires=pins)
    with serving(index):
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
        yield index


@pytest.fixture
def told() -> list[str]:
    """What a refresh has told."""
    return []


@pytest.fixture
def refresh(small: Contract, told: list[str]) -> Callable[..., Ledger]:
    """Refresh the ledger from the index."""
    return lambda previous=None: refreshed_ledger(small, previous, told.append)


def versions(ledger: Ledger, package: str = "core") -> list[str]:
    return [release.version for release in ledger.releases[package]]


def test_the_first_refresh_downloads_every_release(
    small: Contract, refresh: Callable[..., Ledger], index: MadeIndex
) -> None:
    ledger = refresh()
    assert [r.version for r in ledger.releases["core"]] == ["1.0"]
    assert ledger.deployed == DeployedSet(small.deploying_distribution, "2.0", dict.fromkeys(small.packages, "1.0"))
    assert len(index.requested_paths) == 8


def test_a_later_refresh_downloads_new_releases_only(refresh: Callable[..., Ledger], index: MadeIndex) -> None:
    previous = refresh()
    index.add("market-data-core", "1.1")
    index.requested_paths.clear()
    ledger = refresh(previous)
    assert [r.version for r in ledger.releases["core"]] == ["1.0", "1.1"]
    assert [path for path in index.requested_paths if "core" in path and path.startswith("/files")] == [
        "/files/market-data-core/market_data_core-1.1-py3-none-any.whl"
    ]
    assert len({r.content for r in ledger.releases["core"]}) == 1


def test_a_new_release_of_a_known_content_has_the_code_id_that_the_ledger_has(
    refresh: Callable[..., Ledger], index: MadeIndex
) -> None:
    """Another version of Python may put the same code otherwise, and a content has one code id."""
    previous = refresh()
    (known,) = previous.releases["core"]
    assert known.code
    earlier = replace(known, code="9" * 64)
    index.add("market-data-core", "1.1")
    index.add("market-data-core", "1.2", code="x = 2")
    ledger = refresh(replace(previous, releases={**previous.releases, "core": (earlier,)}))
    codes = [release.code for release in ledger.releases["core"]]
    assert codes[:2] == ["9" * 64] * 2
    assert codes[2] not in {"9" * 64, known.code, ""}


def test_a_file_that_changed_under_its_name_is_an_error(refresh: Callable[..., Ledger], index: MadeIndex) -> None:
    previous = refresh()
    index.add("market-data-store", "1.0", code="x = 'evil'")
    with pytest.raises(MetaError) as raised:
        refresh(previous)
    assert raised.value.code == "changed-file"
    assert "market_data_store-1.0" in str(raised.value)


def test_a_release_that_is_removed_from_the_index_stays_in_the_ledger(
    refresh: Callable[..., Ledger], index: MadeIndex
) -> None:
    index.add("market-data-core", "1.1")
    previous = refresh()
    del index.files["market-data-core"]["market_data_core-1.0-py3-none-any.whl"]
    assert [r.version for r in refresh(previous).releases["core"]] == ["1.0", "1.1"]


@pytest.mark.parametrize("reason", [True, "", "it was built from the wrong commit"])
def test_a_yanked_release_stays_and_is_marked(
    refresh: Callable[..., Ledger], index: MadeIndex, reason: str | bool
) -> None:
    """The simple API gives the reason in place of true, and it may be empty."""
    previous = refresh()
    index.yanked[CORE_FILE] = reason
    assert refresh(previous).releases["core"][0].yanked
    index.yanked.clear()
    assert not refresh(previous).releases["core"][0].yanked


def test_a_release_that_is_gone_from_the_index_is_withdrawn_until_it_is_back(
    refresh: Callable[..., Ledger], index: MadeIndex
) -> None:
    index.add(CORE, "1.1")
    first = refresh()
    file = index.files[CORE].pop("market_data_core-1.1-py3-none-any.whl")
    second = refresh(first)
    assert [(r.version, r.withdrawn) for r in second.releases["core"]] == [("1.0", False), ("1.1", True)]
    assert second.newest("core").version == "1.0"
    index.files[CORE]["market_data_core-1.1-py3-none-any.whl"] = file
    assert refresh(second).newest("core").version == "1.1"


def without(part: str) -> bytes:
    """A wheel that lacks a file."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(wheel(CORE, "1.1"))) as archive, zipfile.ZipFile(file, "w") as copy:
        for name in archive.namelist():
            if not name.endswith(part):
                copy.writestr(name, archive.read(name))
    return file.getvalue()


def damaged() -> bytes:
    """A wheel whose code is not what its checksum says."""
    return wheel(CORE, "1.1", code="the code of it").replace(b"the code of it", b"the coat of it")


UNREADABLE = {
    "cut off": (wheel(CORE, "1.1")[:-40], "is not a whole wheel"),
    "no zip": (b"<html>an error page</html>", "is not a whole wheel"),
    "damaged": (damaged(), "is not a whole wheel"),
    "no METADATA": (without("METADATA"), "0 files METADATA"),
    "another version": (wheel(CORE, "1.0"), "is not what its name says"),
    "another name": (wheel(STORE, "1.1"), "is not what its name says"),
    "invalid version": (wheel(CORE, "1.1", metadata=f"Metadata-Version: 2.1\nName: {CORE}\nVersion: 1.x"), "1.x"),
    "no version": (wheel(CORE, "1.1", metadata=f"Metadata-Version: 2.1\nName: {CORE}"), "version"),
    "no name": (wheel(CORE, "1.1", metadata="Metadata-Version: 2.1\nVersion: 1.1"), "name"),
    "invalid Requires-Python": (wheel(CORE, "1.1", requires_python="three"), "requires-python"),
    "invalid requirement": (wheel(CORE, "1.1", requires=("pydantic >= two",)), "pydantic >= two"),
    "no requirement": (wheel(CORE, "1.1", requires=("!",)), "requires-dist"),
    "marker of no known variable": (wheel(CORE, "1.1", requires=("six; colour == 'red'",)), "colour"),
    "marker that compares nothing": (wheel(CORE, "1.1", requires=("six; sys_platform ~= 'linux'",)), "sys_platform"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_one_release_that_cannot_be_read_is_named_and_left_out(
    refresh: Callable[..., Ledger], index: MadeIndex, told: list[str], kind: str
) -> None:
    data, why = UNREADABLE[kind]
    filename = "market_data_core-1.1-py3-none-any.whl"
    index.files[CORE][filename] = data
    ledger = refresh()
    assert versions(ledger) == ["1.0"]
    (sentence,) = [text for text in told if text.startswith("left out")]
    assert filename in sentence
    assert why in sentence
    assert not any(release_fault(release) for releases in ledger.releases.values() for release in releases)
    # It is read again when it was published anew, under the same name or another one.
    index.add(CORE, "1.1")
    assert versions(refresh(ledger)) == ["1.0", "1.1"]


def test_a_file_that_the_index_lists_and_does_not_give_is_left_out(
    refresh: Callable[..., Ledger], index: MadeIndex, told: list[str]
) -> None:
    index.refused.add(index.add(CORE, "1.1"))
    assert versions(refresh()) == ["1.0"]
    sentence = "left out: the index lists market_data_core-1.1-py3-none-any.whl and does not give it (it answers 404)"
    assert sentence in told


def test_a_file_that_is_not_the_one_that_the_index_says_is_left_out(
    refresh: Callable[..., Ledger], index: MadeIndex, told: list[str]
) -> None:
    index.says[index.add(CORE, "1.1")] = {"hashes": {"sha256": "0" * 64}}
    assert versions(refresh()) == ["1.0"]
    assert any("1.1-py3-none-any.whl is not the file that the index says it is" in text for text in told)


def test_an_index_without_one_readable_release_of_a_package_is_refused(
    refresh: Callable[..., Ledger], index: MadeIndex
) -> None:
    index.files[CORE] = {CORE_FILE: b"nothing"}
    with pytest.raises(MetaError, match="no release of market-data-core that can be read") as raised:
        refresh()
    assert (raised.value.code, raised.value.exit) == ("wrong-index", Exit.UNDECIDED)
    del index.files[CORE]
    with pytest.raises(MetaError, match="does not have market-data-core"):
        refresh()


@pytest.mark.parametrize(
    ("core", "why"),
    [
        (("market-data-core==1.*",), "asks for market-data-core==1.*"),
        (("market-data-core>=1.0",), "asks for market-data-core>=1.0"),
        (("market-data-core==7.0",), "asks for market-data-core==7.0, which was never published"),
        (("market-data-core===any",), "asks for market-data-core===any"),
        (("market-data-core==1.0", "market-data-core!=1.0"), "asks for market-data-core!=1.0,==1.0"),
        (("market-data-core==1.0; extra == 'all'",), "asks for no market-data-core"),
        (("market-data-core==1.0; python_version < '3'",), "asks for no market-data-core"),
        ((), "asks for no market-data-core"),
    ],
)
def test_what_is_not_pinned_to_a_published_version_is_not_known_to_be_deployed(
    small: Contract, refresh: Callable[..., Ledger], index: MadeIndex, told: list[str], core: tuple[str, ...], why: str
) -> None:
    others = ("market-data-pipeline==1.0", "market-data-store==1.0")
    index.add(small.deploying_distribution, "2.1", requires=(*core, *others))
    assert refresh().deployed == DeployedSet(small.deploying_distribution, "2.1", {"pipeline": "1.0", "store": "1.0"})
    assert f"which core is deployed is unknown: market-data-orchestrator 2.1 {why}" in told


@pytest.mark.parametrize(
    "core",
    [
        ("market-data-core>=0.9", "market-data-core==1.0", 'market-data-core==3.0; extra == "old"'),
        ("Market_Data.Core == 1.0.0",),
        ("market-data-core===1.0",),
        ("market-data-core[all]==1.0",),
        ('market-data-core==1.0; python_version >= "3.11"', 'market-data-core==0.9; python_version < "3.11"'),
    ],
)
def test_the_deployed_version_follows_from_all_binding_requirements(
    small: Contract, refresh: Callable[..., Ledger], index: MadeIndex, core: tuple[str, ...]
) -> None:
    others = ("market-data-pipeline==1.0", "market-data-store==1.0")
    index.add(small.deploying_distribution, "2.1", requires=(*core, *others))
    assert refresh().deployed.pins["core"] == "1.0"


def test_the_newest_release_of_the_deploying_distribution_counts(
    small: Contract, refresh: Callable[..., Ledger], index: MadeIndex
) -> None:
    """A pre-release or a yanked one deploys nothing."""
    for version in ("2.2rc1", "2.10.dev1", "2.3"):
        index.add(small.deploying_distribution, version)
    index.yanked["market_data_orchestrator-2.3-py3-none-any.whl"] = True
    assert refresh().deployed.version == "2.0"


@pytest.mark.parametrize("files", [None, {}, {"market_data_orchestrator-2.1-py3-none-any.whl": b"nothing"}])
def test_without_a_deploying_release_nothing_is_known_to_be_deployed(
    small: Contract, refresh: Callable[..., Ledger], index: MadeIndex, told: list[str], files: dict[str, bytes] | None
) -> None:
    del index.files[small.deploying_distribution]
    if files is not None:
        index.files[small.deploying_distribution] = files
    ledger = refresh()
    assert (ledger.deployed.pins, versions(ledger)) == ({}, ["1.0"])
    assert "what is deployed is unknown: there is no release of market-data-orchestrator that can be read" in told


def test_of_several_wheels_of_a_version_there_is_one_release(refresh: Callable[..., Ledger], index: MadeIndex) -> None:
    index.add(CORE, "1.1", "1-py3-none-any", code="x = 1")
    second = index.add(CORE, "1.1", "2-py3-none-any", code="x = 2")
    ledger = refresh()
    assert [(r.version, r.filename) for r in ledger.releases["core"]] == [("1.0", CORE_FILE), ("1.1", second)]
    # A build that came later takes the place of the earlier one.
    third = index.add(CORE, "1.1", "10-py3-none-any", code="x = 3")
    later = refresh(ledger)
    assert [(r.version, r.filename) for r in later.releases["core"]] == [("1.0", CORE_FILE), ("1.1", third)]
    assert later.releases["core"][1].content != ledger.releases["core"][1].content


def test_releases_are_in_the_order_of_their_versions(refresh: Callable[..., Ledger], index: MadeIndex) -> None:
    for version in ("1.10", "1.9", "1!0.1", "1.9rc1", "1.9.post1", "1.9.dev3"):
        index.add(CORE, version)
    ledger = refresh()
    assert versions(ledger) == ["1.0", "1.9.dev3", "1.9rc1", "1.9", "1.9.post1", "1.10", "1!0.1"]
    assert ledger.newest("core").version == "1!0.1"
