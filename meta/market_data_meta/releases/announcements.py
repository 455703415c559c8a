"""A release that a repository announces to others: which one it is, and reading the index until it is there."""

from __future__ import annotations

import time
from collections.abc import Callable

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.releases.combinations import package_named
from market_data_meta.releases.ledger import Ledger

ATTEMPTS, PAUSE_SECONDS = 40, 15.0
"""How often the index is read, and the pause before it is read again: it may show an upload some minutes later."""


def announced_release(origin: str, version: str, contract: Contract) -> tuple[str, str] | None:
    """The package and the version that an announcement is about; None where it is about what is deployed.

    ``origin`` is a package, its distribution or its repository, in either spelling; the version may begin with a v.
    Raises MetaError for any other origin, and for what is no version: the repositories have announced empty ones.
    """
    name = origin.rpartition("/")[2]
    if canonicalize_name(name) == canonicalize_name(contract.deploying_distribution):
        return None
    package = package_named(name, contract.packages)
    try:
        return package, str(Version(version))
    except InvalidVersion:
        what = f"{origin[:100]} announces a release, and its version is {version[:100]!r}"
        hint = f'let it send client_payload {{"origin": "{name[:100]}", "version": "1.2.3"}}, with or without a v'
        raise MetaError(ErrorCode.BAD_VERSION, what, "that is no version", hint) from None


def read_until_published(
    read: Callable[[], Ledger], package: str, version: str, pause: Callable[[float], None] = time.sleep
) -> Ledger:
    """The ledger that ``read`` makes of the index, once it has the release. Raises MetaError where it never does."""
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(PAUSE_SECONDS)
        ledger = read()
        if any(Version(r.version) == Version(version) for r in ledger.releases[package] if not r.withdrawn):
            return ledger
    minutes = ATTEMPTS * PAUSE_SECONDS / 60
    what = f"{package} {version} is announced, and the package index does not have it after {minutes:g} minutes"
    raise undecided(ErrorCode.UNKNOWN_RELEASE, what, hint="look at how it was uploaded, and announce it again")
