"""Asks package indexes for the files of a project and for a file; whatever an index may answer, it is told by name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pypi_simple import DistributionPackage, NoSuchProjectError, PyPISimple
from pypi_simple.errors import DigestMismatchError, UnsupportedRepoVersionError
from requests import HTTPError, PreparedRequest, RequestException
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.util import Retry

from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.releases.index_settings import PackageIndex, configured_indexes

TIMEOUT = (10.0, 60.0)
"""Seconds to connect and to wait for bytes."""
_AGAIN = Retry(
    3, status_forcelist=(429, 500, 502, 503, 504), backoff_factor=0.5, raise_on_status=False, retry_after_max=30
)
"""One answer that fails says little: it is asked three times more, within some 3 seconds or when it says."""
_HINT = "check the network and the index your uv or pip is set up to use; the committed ledger still works"
# Of what an index may say of a file, these mean that it will not give it, now or later.
_REFUSALS = (401, 403, 404, 410, 451)


@dataclass(frozen=True)
class IndexFile:
    """A file on an index: what the index says of it, and the client of the index that has it."""

    package: DistributionPackage
    client: PyPISimple

    @property
    def filename(self) -> str:
        """Its name."""
        return self.package.filename

    @property
    def sha256(self) -> str:
        """Its sha256 as the index says it. Raises MetaError where the index says none: it could not be checked."""
        digest = self.package.digests.get("sha256", "").lower()
        if not digest:
            why = f"it says no sha256 of {self.filename}"
            hint = "use an index that gives the hashes of its files, as the simple API recommends"
            what = "the package index gives no hashes, so that no download could be checked"
            raise undecided(ErrorCode.NO_HASH, what, why, hint)
        return digest

    def download(self, target: Path, *, verify: bool = True) -> None:
        """Download it. Raises MetaError where the index refuses it, gives another file, or cannot be reached."""
        try:
            self.client.download_package(self.package, target, verify=verify, timeout=TIMEOUT)
        except DigestMismatchError:
            what = f"{self.filename} is not the file that the index says it is"
            raise MetaError(ErrorCode.WRONG_HASH, what, "its hash is another one") from None
        except (RequestException, ValueError) as error:
            response = error.response if isinstance(error, HTTPError) else None
            status = 0 if response is None else response.status_code
            if status in _REFUSALS:
                what = f"the index lists {self.filename} and does not give it"
                raise undecided(ErrorCode.GONE, what, f"it answers {status}") from None
            what = f"{self.filename} could not be downloaded"
            raise undecided(ErrorCode.NO_INDEX, what, str(error)[:300], _HINT) from None


class IndexClient:
    """Asks the indexes in their order: the first that has a project is the one that counts, as uv reads them."""

    def __init__(self, indexes: Sequence[PackageIndex] | None = None) -> None:
        self._indexes = configured_indexes() if indexes is None else indexes
        self._clients: list[PyPISimple] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for index in self._indexes:
            login = _Login(index) if index.user or index.password else None
            client = self._stack.enter_context(PyPISimple(index.url, auth=login))
            for scheme in ("https://", "http://"):
                client.s.mount(scheme, HTTPAdapter(max_retries=_AGAIN))
            self._clients.append(client)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def files(self, distribution: str) -> list[IndexFile] | None:
        """The files of a project, or None where no index has it. Raises MetaError where an index does not answer."""
        for client in self._clients:
            try:
                page = client.get_project_page(distribution, timeout=TIMEOUT)
            except NoSuchProjectError:
                continue
            # ValueError: an answer of another type, or a page that breaks the rules of the simple API.
            except (RequestException, ValueError, UnsupportedRepoVersionError) as error:
                what = f"the package index gives no list of the files of {distribution} that could be read"
                raise undecided(ErrorCode.NO_INDEX, what, str(error)[:300], _HINT) from None
            return [IndexFile(package, client) for package in page.packages]
        return None


class _Login(AuthBase):
    """Sends the credentials to the index itself and to nobody else: its files may be elsewhere."""

    def __init__(self, index: PackageIndex) -> None:
        self._origin = _origin(index.url)
        self._basic = HTTPBasicAuth(index.user, index.password)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return self._basic(request) if _origin(request.url or "") == self._origin else request


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or default
