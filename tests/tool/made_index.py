"""A package index on loopback for the tests, whose pages and files a test may change as indexes differ."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html; charset=utf-8"


def wheel(
    name: str,
    version: str,
    code: str = "x = 1",
    requires: tuple[str, ...] = (),
    requires_python: str = ">=3.11",
    metadata: str | None = None,
) -> bytes:
    """The bytes of a small wheel; ``metadata`` replaces its METADATA."""
    stem, file = name.replace("-", "_"), io.BytesIO()
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{stem}/__init__.py", code)
        archive.writestr(f"{stem}-{version}.dist-info/METADATA", metadata or "\n".join(lines) + "\n")
        archive.writestr(
            f"{stem}-{version}.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{stem}-{version}.dist-info/RECORD", "".join(f"{name},,\n" for name in archive.namelist()))
    return file.getvalue()


@dataclass
class MadeIndex:
    """Projects with their files, and how the index speaks of them.

    ``says`` has for a file the fields of its entry that differ from the usual ones; None leaves one out.
    """

    url: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    yanked: dict[str, str | bool] = field(default_factory=dict)
    says: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    upload_times: bool = True
    hashes: bool = True
    relative: bool = False
    content_type: str = JSON
    page_text: str | None = None
    """What it answers in place of any project's page."""
    credentials: str = ""
    """``user:password``, without which it gives nothing."""
    stumbles: int = 0
    """How often it answers that it is not available before it gives something."""
    requested_paths: list[str] = field(default_factory=list)

    def add(self, name: str, version: str, tags: str = "py3-none-any", **options: Any) -> str:
        """Publish a wheel, in place of one of the same name; ``tags`` may begin with a build number."""
        filename = f"{name.replace('-', '_')}-{version}-{tags}.whl"
        self.files.setdefault(name, {})[filename] = wheel(name, version, **options)
        return filename

    def entries(self, name: str) -> list[dict[str, Any]]:
        """The files of a project as the simple API describes them."""
        entries = []
        for filename, data in self.files[name].items():
            path = f"files/{name}/{filename}"
            entry: dict[str, Any] = {
                "filename": filename,
                "url": f"../../{path}" if self.relative else f"/{path}",
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()} if self.hashes else {},
                "yanked": self.yanked.get(filename, False),
            }
            if self.upload_times:
                entry["upload-time"] = "2025-10-20T00:00:00.123456Z"
            entry |= self.says.get(filename, {})
            entries.append({key: value for key, value in entry.items() if value is not None})
        return entries

    def page(self, name: str) -> str:
        """A project's page in JSON (PEP 691) or in HTML (PEP 503)."""
        if self.page_text is not None:
            return self.page_text
        if self.content_type == JSON:
            meta = {"api-version": "1.1" if self.upload_times else "1.0"}
            return json.dumps({"meta": meta, "name": name, "files": self.entries(name)})
        links = []
        for entry in self.entries(name):
            hashes = "&".join(f"{kind}={digest}" for kind, digest in entry["hashes"].items())
            yanked = f' data-yanked="{html.escape(str(entry["yanked"]))}"' if entry["yanked"] is not False else ""
            link = f"{entry['url']}{'#' if hashes else ''}{hashes}"
            links.append(f'<a href="{link}" data-requires-python="&gt;=3.11"{yanked}>{entry["filename"]}</a><br/>')
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"

    def answer(self, path: str, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        """The status, type and text of its answer."""
        self.requested_paths.append(path)
        if self.stumbles:
            self.stumbles -= 1
            return 503, "text/plain", b"not now"
        sent = base64.b64decode(headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if self.credentials and sent != self.credentials:
            return 401, "text/plain", b"no"
        kind, name, *rest = path.strip("/").split("/")
        if name not in self.files:
            return 404, "text/plain", b"no such project"
        if kind == "simple":
            return 200, self.content_type, self.page(name).encode()
        if rest[0] in self.refused:
            return 404, "text/plain", b"no such file"
        data = self.files[name].get(rest[0], b"")
        return (200 if data else 404), "application/zip", data


@contextmanager
def serving(index: MadeIndex) -> Iterator[MadeIndex]:
    """The index on loopback, at a ``url`` that no other ever had: what came from an index is kept by its address."""
    address = f"/{uuid4().hex}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, data = index.answer(self.path.removeprefix(address), dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_port}{address}/simple/"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
