"""A matrix that was published: read from a file or an address, checked against its schema, and how old it is."""

from __future__ import annotations

import ipaddress
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.schemas import MAX_BYTES, document_of, read_document

if TYPE_CHECKING:
    import requests

SECONDS_TO_ANSWER = (10.0, 30.0)
"""Seconds to connect and to wait for bytes."""
SECONDS = 120.0
"""Seconds for the whole download."""
MOST_REDIRECTS = 5

_HINT = "name the matrix.json that mdmeta matrix writes, or the one beside the published page"


def read_matrix(source: str) -> MatrixResult:
    """The matrix in a file or at an address. Raises MetaError where it cannot be had, or is no matrix."""
    if "://" not in source:
        return read_document(Path(source), MatrixResult, _HINT)
    return document_of(_downloaded(source), MatrixResult, source, _HINT)


def age_in_words(matrix: MatrixResult, today: date) -> str:
    """How old the matrix is: ``This matrix is of 2026-11-20, 7 days old; its newest run is of 2026-11-21.``"""
    as_of = matrix.as_of[:10]
    try:
        days = (today - date.fromisoformat(as_of)).days
    except ValueError:
        age = ""
    else:
        age = f", {days} {'day' if days == 1 else 'days'} old" if days > 0 else ""
    starts = [cell.start for cell in matrix.cells if cell.start is not None]
    if not starts:
        return f"This matrix is of {as_of}{age}; nothing in it was run."
    newest = datetime.fromtimestamp(max(starts), UTC).date().isoformat()
    return f"This matrix is of {as_of}{age}; its newest run is of {newest}."


def _downloaded(url: str) -> bytes:
    """What an address serves, within the limits of size and time. A redirect must be as safe as the address itself."""
    # Imported here: it is slow to load, and whoever asks a file can do without.
    import requests

    deadline = time.monotonic() + SECONDS
    try:
        with requests.Session() as session:
            for _ in range(MOST_REDIRECTS + 1):
                _refuse_unsafe(url)
                with session.get(url, stream=True, timeout=SECONDS_TO_ANSWER, allow_redirects=False) as response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers["location"])
                        continue
                    response.raise_for_status()
                    return _body(response, url, deadline)
    except (requests.RequestException, OSError) as error:
        raise undecided(ErrorCode.NO_NETWORK, f"cannot read {url}", str(error)[:300], _HINT) from None
    raise MetaError(ErrorCode.UNREADABLE, f"{url} redirects more than {MOST_REDIRECTS} times", hint=_HINT)


def _body(response: requests.Response, url: str, deadline: float) -> bytes:
    body = bytearray()
    for part in response.iter_content(1 << 16):
        body += part
        # One byte more than is allowed is enough for the reader to refuse it.
        if len(body) > MAX_BYTES:
            break
        if time.monotonic() > deadline:
            raise undecided(ErrorCode.NO_NETWORK, f"{url} took longer than {SECONDS:g} seconds", hint=_HINT)
    return bytes(body)


def _refuse_unsafe(url: str) -> None:
    """Raise MetaError for an address that anyone on the way could answer: only https, and http on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise MetaError(ErrorCode.UNREADABLE, f"{url} is not read", "only https is, and http on this machine", _HINT)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
