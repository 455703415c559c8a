"""The ledger is refreshed from a real index on loopback, whose files may change or be damaged."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.releases.index import refreshed_ledger
from market_data_meta.releases.ledger import DeployedSet, Ledger

PINS = "core==1.0", "pipeline==1.0", "store==1.0"


def wheel(name: str, version: str, code: str = "x = 1", requires: tuple[str, ...] = ()) -> bytes:
    """The bytes of a small wheel."""
    stem, file = name.replace("-", "_"), io.BytesIO()
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.11"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{stem}/__init__.py", code)
        archive.writestr(f"{stem}-{version}.dist-info/METADATA", "\n".join(metadata) + "\n")
        archive.writestr(f"{stem}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr(f"{stem}-{version}.dist-info/RECORD", "".join(f"{name},,\n" for name in archive.namelist()))
    return file.getvalue()


class Index:
    """A small index: projects with their wheels, which a test may change."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.yanked: set[str] = set()
        self.requested_paths: list[str] = []

    def add(self, name: str, version: str, **options: Any) -> None:
        """Publish a wheel, in place of one of the same name."""
        filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        self.files.setdefault(name, {})[filename] = wheel(name, version, **options)

    def page(self, name: str) -> dict[str, Any]:
        """The project's page."""
        files = [
            {
                "filename": filename,
                "url": f"/files/{name}/{filename}",
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
                "upload-time": "2025-10-20T00:00:00Z",
                "yanked": filename in self.yanked,
            }
            for filename, data in self.files[name].items()
        ]
        return {"meta": {"api-version": "1.1"}, "name": name, "versions": [], "files": files}


@pytest.fixture
def index(small: Contract, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index on loopback that holds one release of each package and of the deploying distribution."""
    index = Index()
    for package in small.packages.values():
        index.add(package.distribution, "1.0")
    index.add(
        small.deploying_distribution, "2.0", requires=tuple(f"{p.distribution}==1.0" for p in small.packages.values())
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, name, *rest = self.path.strip("/").split("/")
            index.requested_paths.append(self.path)
            data = index.files.get(name, {}).get(rest[0], b"") if kind == "files" else b""
            if kind == "simple":
                data = json.dumps(index.page(name)).encode() if name in index.files else b""
            self.send_response(200 if data else 404)
            self.send_header(
                "Content-Type", "application/vnd.pypi.simple.v1+json" if kind == "simple" else "application/zip"
            )
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple/")
    yield index
    server.shutdown()
    server.server_close()


def refresh(small: Contract, previous: Ledger | None = None) -> Ledger:
    return refreshed_ledger(small, previous, lambda _: None)


def test_the_first_refresh_downloads_every_release(small: Contract, index: Index) -> None:
    ledger = refresh(small)
    assert [r.version for r in ledger.releases["core"]] == ["1.0"]
    assert ledger.deployed == DeployedSet(small.deploying_distribution, "2.0", dict.fromkeys(small.packages, "1.0"))
    assert len(index.requested_paths) == 8


def test_a_later_refresh_downloads_new_releases_only(small: Contract, index: Index) -> None:
    previous = refresh(small)
    index.add("market-data-core", "1.1")
    index.requested_paths.clear()
    ledger = refresh(small, previous)
    assert [r.version for r in ledger.releases["core"]] == ["1.0", "1.1"]
    assert [path for path in index.requested_paths if "core" in path and path.startswith("/files")] == [
        "/files/market-data-core/market_data_core-1.1-py3-none-any.whl"
    ]
    assert len({r.content for r in ledger.releases["core"]}) == 1


def test_a_file_that_changed_under_its_name_is_an_error(small: Contract, index: Index) -> None:
    previous = refresh(small)
    index.add("market-data-store", "1.0", code="x = 'evil'")
    with pytest.raises(MetaError) as raised:
        refresh(small, previous)
    assert raised.value.code == "changed-file"
    assert "market_data_store-1.0" in str(raised.value)


def test_a_yanked_release_stays_and_is_marked(small: Contract, index: Index) -> None:
    previous = refresh(small)
    index.yanked.add("market_data_core-1.0-py3-none-any.whl")
    assert refresh(small, previous).releases["core"][0].yanked


def test_a_release_that_is_removed_from_the_index_stays_in_the_ledger(small: Contract, index: Index) -> None:
    index.add("market-data-core", "1.1")
    previous = refresh(small)
    del index.files["market-data-core"]["market_data_core-1.0-py3-none-any.whl"]
    assert [r.version for r in refresh(small, previous).releases["core"]] == ["1.0", "1.1"]


def test_a_damaged_wheel_is_named(small: Contract, index: Index) -> None:
    filename = "market_data_core-1.0-py3-none-any.whl"
    index.files["market-data-core"][filename] = index.files["market-data-core"][filename][:-40]
    with pytest.raises(MetaError, match=filename):
        refresh(small)


def test_a_wheel_of_another_version_than_its_name_says_is_named(small: Contract, index: Index) -> None:
    files = index.files["market-data-core"]
    files["market_data_core-1.1-py3-none-any.whl"] = files["market_data_core-1.0-py3-none-any.whl"]
    with pytest.raises(MetaError, match=r"market_data_core-1\.1-py3-none-any\.whl is not what its name says"):
        refresh(small)


def test_a_deploying_distribution_that_pins_no_version_of_a_package_is_named(small: Contract, index: Index) -> None:
    index.add(small.deploying_distribution, "2.1", requires=("market-data-core==1.0", "market-data-store==1.0"))
    with pytest.raises(MetaError, match="does not pin pipeline to one version") as raised:
        refresh(small)
    assert raised.value.why == "market-data-orchestrator 2.1 asks for no market-data-pipeline"


def test_the_deployed_version_follows_from_all_binding_requirements(small: Contract, index: Index) -> None:
    lines = ("market-data-core>=0.9", "market-data-core==1.0", 'market-data-core==3.0; extra == "old"')
    index.add(
        small.deploying_distribution, "2.1", requires=(*lines, "market-data-pipeline==1.0", "market-data-store==1.0")
    )
    assert refresh(small).deployed.pins["core"] == "1.0"


def test_an_index_that_does_not_answer_is_undecided(small: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    with pytest.raises(MetaError) as raised:
        refresh(small)
    assert (raised.value.code, raised.value.exit) == ("no-index", Exit.UNDECIDED)
