"""A matrix that was published: read from a file or an address, checked against its schema, and how old it is."""

from __future__ import annotations

import ipaddress
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from packaging.version import InvalidVersion, Version

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
        matrix = read_document(Path(source), MatrixResult, _HINT)
    else:
        matrix = document_of(_downloaded(source), MatrixResult, source, _HINT)
    if fault := _fault(matrix):
        raise MetaError(ErrorCode.BAD_MATRIX, f"{source} is not a matrix", fault, _HINT)
    return matrix


def _fault(matrix: MatrixResult) -> str:
    """What contradicts itself in a matrix: it is read as an answer, so every version must be one of its releases."""
    versions: dict[str, set[str]] = {}
    for name, contents in matrix.packages.items():
        versions[name] = {release for content in contents for release in content.releases}
        if not contents or not all(map(_is_version, versions[name])):
            return f"{name} has no releases, or one without a version"
    combinations = [one.combination for one in matrix.sets]
    combinations += [best.combination for best in matrix.best if best.combination is not None]
    for combination in combinations:
        if combination.keys() != versions.keys() or any(v not in versions[name] for name, v in combination.items()):
            return f"{combination} is no set of its releases"
    return ""


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


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
    # Somebody else's server must not send us to one of this machine.
    loopback_too = url.startswith("http:")
    try:
        with requests.Session() as session:
            for _ in range(MOST_REDIRECTS + 1):
                _refuse_unsafe(url, loopback_too=loopback_too)
                with session.get(url, stream=True, timeout=SECONDS_TO_ANSWER, allow_redirects=False) as response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers["location"])
                        continue
                    response.raise_for_status()
                    return _body(response, url, deadline)
    except ValueError as error:
        if isinstance(error, requests.RequestException):
            raise undecided(ErrorCode.NO_NETWORK, f"cannot read {url}", str(error)[:300], _HINT) from None
        raise MetaError(ErrorCode.UNREADABLE, f"{url} is no address", str(error)[:300], _HINT) from None
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


def _refuse_unsafe(url: str, *, loopback_too: bool) -> None:
    """Raise MetaError for an address that anyone on the way could answer: only https, and http on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (loopback_too and parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise MetaError(ErrorCode.UNREADABLE, f"{url} is not read", "only https is, and http on this machine", _HINT)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
