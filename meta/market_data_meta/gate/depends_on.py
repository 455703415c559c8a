"""Companions of a pull request: the ``Depends-On`` lines of its text, read into git sources. Pure functions; no I/O.

The rules are Zuul's: the key opens a line, upper or lower case, one line for each companion, and no Markdown is parsed.
A line in a code fence or in a comment therefore counts; the report names every candidate, so none is hidden. Where Zuul
would look away, a text is refused here: a line that looks like Depends-On but cannot be read (behind a list mark or a
quote mark, a bare number, two on a line) would otherwise be a gate without the companion that its author counts on.

Only this text is read. Companions are not asked for companions of their own, so two pull requests may name each other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from market_data_meta.contract import Package
from market_data_meta.errors import ErrorCode, MetaError

LINE_LIMIT = 500
"""Characters of a line that are read: an owner has at most 39, a repository's name at most 100."""

_HINT = "write Depends-On: owner/repo#N at the start of a line, one line for each pull request"
_LINE = re.compile(r"Depends-On:[ \t]*(\S+)[ \t]*", re.ASCII | re.IGNORECASE)
_NAME = r"([a-z0-9][a-z0-9-]*/[a-z0-9._-]+)"
_NUMBER = r"([1-9][0-9]{0,9})"
_REFERENCES = [
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (rf"{_NAME}#{_NUMBER}", rf"https://github\.com/{_NAME}/pull/{_NUMBER}/?")
]
_SOURCE = re.compile(rf"git\+https://github\.com/{_NAME}@refs/pull/{_NUMBER}/(?:head|merge)", re.ASCII | re.IGNORECASE)
# The key in other words or behind marks, before a colon; or before nothing but a reference.
_SIMILAR_LINE = re.compile(
    r"(?:[\W\d_]|\[x\])*depends?[\W_]{0,3}on(?:[^\w:]*:|[\W_]+(?:https?://\S+/pull/\d+|\S*#\d+)\W*$)", re.IGNORECASE
)


def companions(text: str, packages: Mapping[str, Package]) -> dict[str, str]:
    """The packages whose pull requests a pull request's text depends on, and the git source of each.

    A source is the pull request's ``head``. Its ``merge`` would be nearer to what will land, but it is gone once the
    companion has landed and is not there while it conflicts, and it moves without a push; the head is what was
    reviewed, for as long as a companion is merged but not yet released. The pull request that is gated is given by its
    caller, as the commit that it would merge as.

    Raises MetaError for a line that looks like Depends-On but cannot be read, for a repository of no package, and for
    two pull requests of one repository. The same one twice is one.
    """
    by_repository = {package.repository.lower(): package for package in packages.values() if package.repository}
    sources: dict[str, str] = {}
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        reference = _reference(line, number)
        if reference is None:
            continue
        repository, pull_request = reference
        package = by_repository.get(repository.lower())
        if package is None:
            names = ", ".join(sorted(known.repository for known in by_repository.values() if known.repository))
            why = f"the packages' repositories are {names}"
            what = f"line {number} depends on {repository}, which holds no package"
            raise MetaError(ErrorCode.UNKNOWN_REPOSITORY, what, why, _HINT)
        source = f"git+https://github.com/{package.repository}@refs/pull/{pull_request}/head"
        if sources.setdefault(package.name, source) != source:
            why = f"{_pull_request(sources[package.name])} and {_pull_request(source)}"
            raise MetaError(
                ErrorCode.TWO_COMPANIONS, f"two pull requests of {package.repository} cannot be gated at once", why
            )
    return sources


def join_companions(sources: Mapping[str, str], companion_sources: Mapping[str, str]) -> dict[str, str]:
    """The sources of all candidates: the caller's and the companions'.

    A companion that is the caller's own pull request, by its head or as it would merge, changes nothing. Raises
    MetaError where two sources of one package contradict each other.
    """
    for package in sources.keys() & companion_sources.keys():
        source, companion = sources[package], companion_sources[package]
        if source != companion and _pull_request(source) != _pull_request(companion):
            what = f"{package} is given as {source[:200]}, and Depends-On names {_pull_request(companion)}"
            raise MetaError(ErrorCode.TWO_CANDIDATES, what, hint="leave out the one or the other")
    return {**companion_sources, **sources}


def _reference(line: str, number: int) -> tuple[str, str] | None:
    """The repository and the number that a Depends-On line names; None for any other line."""
    match = _LINE.fullmatch(line[:LINE_LIMIT])
    if match and len(line) <= LINE_LIMIT:
        for form in _REFERENCES:
            if reference := form.fullmatch(match[1]):
                return reference[1], reference[2]
    if _SIMILAR_LINE.match(_plain(line[:LINE_LIMIT])):
        shown = line.strip()
        shown = shown if len(shown) <= 100 else shown[:99] + "…"
        raise MetaError(
            ErrorCode.BAD_DEPENDS_ON, f"line {number} looks like Depends-On but cannot be read: {shown!r}", hint=_HINT
        )
    return None


def _plain(line: str) -> str:
    """The line as a reader sees it: one form for each letter and sign, and none that takes no room."""
    if line.isascii():
        return line
    return "".join(c for c in unicodedata.normalize("NFKC", line) if unicodedata.category(c) != "Cf")


def _pull_request(source: str) -> str:
    """``owner/repo#N`` of a pull request's git source, and any other source as it is."""
    match = _SOURCE.fullmatch(source)
    return f"{match[1].lower().removesuffix('.git')}#{match[2]}" if match else source
