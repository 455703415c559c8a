"""The ledger as it was at an earlier moment: the releases that were out then, as far as that is known."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

from packaging.version import Version

from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.releases.ledger import Ledger

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def moment_of(text: str) -> str:
    """The moment that a day or a time names, as the ledger writes it: of a day its last second.

    What is uploaded on a day was out on that day. A time without a zone is in UTC. Raises ValueError where it is no
    time.
    """
    if _DAY.fullmatch(text):
        text = f"{text}T23:59:59"
    moment = datetime.fromisoformat(text)
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def ledger_at(ledger: Ledger, moment: str) -> Ledger:
    """The ledger with the releases that had been uploaded by a moment, whose libraries are resolved as of it.

    What was deployed then is not known: the ledger has that of its own date alone. Nor does the index say since when a
    release is yanked, so one that is now was so then. The ledger itself is that of all of the day that it was read on.
    Raises MetaError where a package had no release yet, where the index does not say when a release was uploaded, and
    for a moment after the ledger's date.
    """
    if ledger.as_of <= moment and ledger.as_of[:10] == moment[:10]:
        return ledger
    if moment > ledger.as_of:
        what = f"nothing is known of {in_words(moment)}"
        why = f"the releases were read at {in_words(ledger.as_of)}"
        raise MetaError(ErrorCode.OTHER_DATE, what, why, "name an earlier day, or: mdmeta releases --refresh")
    for package, releases in ledger.releases.items():
        if unknown := [release.version for release in releases if not release.uploaded]:
            what = f"it is not known whether {package} {unknown[0]} was out at {in_words(moment)}"
            raise undecided(ErrorCode.NO_UPLOAD_TIME, what, "the package index does not say when it was uploaded")
    then = {
        package: tuple(release for release in releases if release.uploaded <= moment)
        for package, releases in ledger.releases.items()
    }
    for package, releases in then.items():
        if not releases:
            first = min(ledger.releases[package], key=lambda release: (release.uploaded, Version(release.version)))
            what = f"no release of {package} was out at {in_words(moment)}"
            why = f"its first, {first.version}, was uploaded at {in_words(first.uploaded)}"
            raise MetaError(ErrorCode.OTHER_DATE, what, why, f"name a day from {first.uploaded[:10]} on")
    return replace(ledger, as_of=moment, releases=then, deployed=replace(ledger.deployed, pins={}), later=ledger)


def in_words(moment: str) -> str:
    """A moment of the ledger for people: ``2025-10-22 12:00 UTC``."""
    return f"{moment[:16].replace('T', ' ')} UTC"
