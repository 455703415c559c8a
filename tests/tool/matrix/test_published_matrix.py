"""A published matrix: read from a file or an address within limits, checked, and how old it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from example_matrix import example_matrix, example_set

from market_data_meta.errors import ErrorCode, Exit, MetaError
from market_data_meta.matrix import published_matrix
from market_data_meta.matrix.published_matrix import age_in_words, read_matrix
from market_data_meta.models import json_text

MATRIX = example_matrix()
PAGES: Mapping[str, tuple[int, Mapping[str, str], bytes]] = {
    "/matrix.json": (200, {}, json_text(MATRIX).encode()),
    "/moved": (302, {"Location": "matrix.json"}, b""),
    "/away": (302, {"Location": "http://example.org/matrix.json"}, b""),
    "/local": (302, {"Location": "file:///etc/hostname"}, b""),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/none": (404, {}, b"{}"),
    "/page.html": (200, {}, b"<html>"),
    "/other.json": (200, {}, b'{"format": 2}'),
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = PAGES[self.path]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "matrix.json"
    file.write_text(json_text(MATRIX))
    assert read_matrix(str(file)) == MATRIX
    with pytest.raises(MetaError, match="cannot read"):
        read_matrix(str(tmp_path / "none.json"))
    file.write_text(json_text(MATRIX).replace('"format": 2', '"format": 1'))
    with pytest.raises(MetaError, match="is not a matrix") as error:
        read_matrix(str(file))
    assert (error.value.code, error.value.exit) == ("bad-matrix", 2)


@pytest.mark.parametrize("path", ["/matrix.json", "/moved"])
def test_an_address_is_read(address: str, path: str) -> None:
    assert read_matrix(address + path) == MATRIX


@pytest.mark.parametrize(
    ("path", "code", "text"),
    [
        ("/none", "no-network", "cannot read"),
        ("/page.html", "not-json", "is not JSON"),
        ("/other.json", "bad-matrix", "is not a matrix"),
        ("/loop", "unreadable", "redirects more than 5 times"),
        ("/away", "unreadable", "http://example.org/matrix.json is not read"),
        ("/local", "unreadable", "file:///etc/hostname is not read"),
    ],
)
def test_what_an_address_serves_must_be_a_matrix(address: str, path: str, code: str, text: str) -> None:
    with pytest.raises(MetaError, match=text) as error:
        read_matrix(address + path)
    assert (error.value.code, error.value.exit) == (code, 3 if code == "no-network" else 2)


@pytest.mark.parametrize("wrong", ["set", "release"])
def test_a_matrix_that_contradicts_itself_is_bad_input(tmp_path: Path, wrong: str) -> None:
    """Its sets are of its own releases, and releases have versions."""
    data = json.loads(json_text(MATRIX.model_copy(update={"sets": (example_set("newest", "1.2", "0.6", {}),)})))
    if wrong == "set":
        data["sets"][0]["combination"]["core"] = "77.0"
    else:
        data["packages"]["core"][0]["releases"][0] = "abc"
    file = tmp_path / "matrix.json"
    file.write_text(json.dumps(data))
    with pytest.raises(MetaError) as raised:
        read_matrix(str(file))
    assert (raised.value.code, raised.value.exit) == (ErrorCode.BAD_MATRIX, Exit.BAD_INPUT)


def test_what_is_no_address_is_bad_input() -> None:
    with pytest.raises(MetaError) as raised:
        read_matrix("https://[bad/matrix.json")
    assert (raised.value.code, raised.value.exit) == (ErrorCode.UNREADABLE, Exit.BAD_INPUT)


def test_an_address_that_does_not_answer_is_undecided() -> None:
    with pytest.raises(MetaError, match="cannot read") as error:
        read_matrix("http://127.0.0.1:1/matrix.json")
    assert (error.value.code, error.value.exit) == ("no-network", 3)


@pytest.mark.parametrize(
    "url", ["http://example.org/m", "http://127.0.0.1.example.org/m", "ftp://127.0.0.1/m", "file:///etc/hostname"]
)
def test_only_https_is_read_and_http_on_this_machine(url: str) -> None:
    with pytest.raises(MetaError, match="only https is, and http on this machine"):
        read_matrix(url)


def test_size_and_time_are_limited(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_matrix, "SECONDS", -1.0)
    with pytest.raises(MetaError, match="took longer than"):
        read_matrix(f"{address}/matrix.json")
    monkeypatch.undo()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(published_matrix, "MAX_BYTES", 100)
    monkeypatch.setattr("market_data_meta.schemas.MAX_BYTES", 100)
    with pytest.raises(MetaError, match="has more than"):
        read_matrix(f"{address}/matrix.json")


@pytest.mark.parametrize(
    ("today", "as_of", "age"),
    [
        (date(2026, 11, 29), "2026-11-22T10:00:00Z", "2026-11-22, 7 days old"),
        (date(2026, 11, 23), "2026-11-22", "2026-11-22, 1 day old"),
        (date(2026, 11, 22), "2026-11-22", "2026-11-22"),
        (date(2026, 11, 20), "2026-11-22", "2026-11-22"),
        (date(2026, 11, 22), "some day", "some day"),
    ],
)
def test_the_age_of_a_matrix_is_told(today: date, as_of: str, age: str) -> None:
    matrix = MATRIX.model_copy(update={"as_of": as_of})
    assert age_in_words(matrix, today) == f"This matrix is of {age}; its newest run is of 2026-09-21."


def test_a_matrix_without_a_run_says_so() -> None:
    matrix = MATRIX.model_copy(update={"cells": ()})
    assert age_in_words(matrix, date(2026, 11, 22)) == "This matrix is of 2026-11-22; nothing in it was run."
