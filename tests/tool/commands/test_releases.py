"""A refresh from an odd index ends with a sentence or leaves out what it cannot read; every command still works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from made_index import MadeIndex, serving, wheel

CORE, PIPELINE, STORE, DEPLOYING = (f"market-data-{name}" for name in ("core", "pipeline", "store", "orchestrator"))


@pytest.fixture
def index() -> Iterator[MadeIndex]:
    """An index with two releases of each package, and with the deploying distribution."""
    index = MadeIndex()
    for name in (CORE, PIPELINE, STORE):
        index.add(name, "1.0", code="x = 1")
        index.add(name, "1.1", code="x = 2")
    index.add(DEPLOYING, "2.0", requires=tuple(f"{name}==1.0" for name in (CORE, PIPELINE, STORE)))
    with serving(index):
        yield index


def mdmeta(root: Path, index: MadeIndex, *words: str, status: int) -> str:
    """What a command says; it ends with that exit status."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_INDEX", "PIP_"))}
    environment |= {"UV_DEFAULT_INDEX": f"made={index.url}", "XDG_CACHE_HOME": str(root / "cache"), "COLUMNS": "200"}
    environment.pop("UV_EXTRA_INDEX_URL", None)
    command = [sys.executable, "-m", "market_data_meta", "--root", str(root), *words]
    process = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert process.returncode == status, process.stdout + process.stderr
    return process.stdout + process.stderr


def texts(root: Path) -> Mapping[Path, str]:
    """The files that a refresh writes, and whatever else lies beside them."""
    files = [root / "tox.ini", *(root / "contracts" / "releases").iterdir()]
    return {file: file.read_text(encoding="utf-8") for file in files}


def test_a_refresh_leaves_out_what_cannot_be_read_and_every_command_works(copy: Path, index: MadeIndex) -> None:
    for file in (copy / "contracts" / "releases").iterdir():
        file.unlink()
    index.files[CORE]["market_data_core-1.2-py3-none-any.whl"] = wheel(CORE, "1.2", requires=("six>>1",))
    index.files[CORE]["market_data_core-1.3-py3-none-any.whl"] = b"nothing"
    index.files[STORE]["market_data_store-one-py3-none-any.whl"] = wheel(STORE, "one")
    index.add(CORE, "1.4", requires_python=">=3.13")
    index.add(CORE, "1.5rc1")
    index.yanked[index.add(STORE, "1.2")] = True
    index.add(PIPELINE, "1.1", "1-py3-none-any", code="x = 3")
    index.add(DEPLOYING, "2.1", requires=(f"{CORE}==1.*", f"{STORE}==9.0"))
    said = mdmeta(copy, index, "releases", "--refresh", status=0)
    for part in (
        "left out: market_data_core-1.2-py3-none-any.whl",
        "left out: market_data_core-1.3-py3-none-any.whl is not a whole wheel",
        "left out: market_data_store-one-py3-none-any.whl",
        "which core is deployed is unknown: market-data-orchestrator 2.1 asks for market-data-core==1.*",
        "which pipeline is deployed is unknown: market-data-orchestrator 2.1 asks for no market-data-pipeline",
        "which store is deployed is unknown: market-data-orchestrator 2.1 asks for market-data-store==9.0, which was",
        "core  4 releases, 2 distinct contents, newest 1.1",
        "deployed  unknown",
    ):
        assert part in said
    listing = json.loads(mdmeta(copy, index, "releases", "--json", status=0))
    assert [row["version"] for row in listing["releases"]["core"]] == ["1.0", "1.1", "1.4", "1.5rc1"]
    assert len(listing["releases"]["pipeline"]) == 2
    assert "1.4 needs Python >=3.13" in mdmeta(copy, index, "releases", "core", status=0)
    assert "1.5rc1 is a pre-release" in mdmeta(copy, index, "releases", "core", status=0)
    assert "1.2 is yanked" in mdmeta(copy, index, "releases", "store", status=0)
    assert "core1.1-pipeline1.1-store1.1" in (copy / "tox.ini").read_text(encoding="utf-8")
    before = texts(copy)
    mdmeta(copy, index, "releases", "--pin", status=0)
    assert texts(copy) == before
    mdmeta(copy, index, "run", "core==deployed", status=2)
    mdmeta(copy, index, "history", "controls.must-pass", status=3)
    assert "core 1.1" in mdmeta(copy, index, "can-i-deploy", "newest", status=3)


def _no_hashes(index: MadeIndex) -> None:
    index.hashes = False


def _no_page(index: MadeIndex) -> None:
    index.page_text = "<html>maintenance</html>"


def _no_package(index: MadeIndex) -> None:
    del index.files[STORE]


def _changed_file(index: MadeIndex) -> None:
    index.add(CORE, "1.0", code="x = 'evil'")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (_no_hashes, 3, "no-hash"),
        (_no_page, 3, "no-index"),
        (_no_package, 3, "wrong-index"),
        (_changed_file, 2, "changed-file"),
    ],
)
def test_a_refresh_that_fails_writes_nothing(
    copy: Path, index: MadeIndex, change: object, status: int, code: str
) -> None:
    for file in (copy / "contracts" / "releases").iterdir():
        file.unlink()
    mdmeta(copy, index, "releases", "--refresh", status=0)
    before = texts(copy)
    index.add(CORE, "1.7")
    assert callable(change)
    change(index)
    assert f"[{code}]" in mdmeta(copy, index, "releases", "--refresh", status=status)
    assert texts(copy) == before


def test_an_announced_release_is_read_from_the_index(copy: Path, index: MadeIndex) -> None:
    """With a v or without; an announcement without a version changes nothing."""
    for file in (copy / "contracts" / "releases").iterdir():
        file.unlink()
    before = texts(copy)
    assert "[bad-version]" in mdmeta(copy, index, "releases", "--released", CORE, "", status=2)
    assert texts(copy) == before
    mdmeta(copy, index, "releases", "--refresh", f"--released={CORE}", "v1.1", status=0)
    assert "1.1" in (copy / "contracts" / "releases" / "core.json").read_text(encoding="utf-8")


def test_without_a_place_for_the_pinned_block_the_ledger_is_not_written(copy: Path, index: MadeIndex) -> None:
    (copy / "tox.ini").write_text("[tox]\n", encoding="utf-8")
    for file in (copy / "contracts" / "releases").iterdir():
        file.unlink()
    assert "[no-block]" in mdmeta(copy, index, "releases", "--refresh", status=2)
    assert list(texts(copy)) == [copy / "tox.ini"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", "one"),
        ("requires", ["six>>1"]),
        ("requires", ["six; colour == 'red'"]),
        ("requires_python", "three"),
        ("version", "1.1"),
    ],
)
def test_a_ledger_that_cannot_be_read_is_named(copy: Path, index: MadeIndex, field: str, value: object) -> None:
    """Whoever has written it: no command meets such a release later."""
    for file in (copy / "contracts" / "releases").iterdir():
        file.unlink()
    mdmeta(copy, index, "releases", "--refresh", status=0)
    file = copy / "contracts" / "releases" / "core.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data["releases"][0][field] = value
    file.write_text(json.dumps(data), encoding="utf-8")
    for command in (("releases",), ("can-i-deploy", "newest"), ("releases", "--refresh")):
        assert "core.json" in mdmeta(copy, index, *command, status=2)
