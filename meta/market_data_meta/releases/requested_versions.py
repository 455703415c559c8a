"""Which releases are asked for: exact versions, ranges, and words such as ``newest``, chosen among published ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.combinations import DEPLOYED, NEWEST, package_named

_WORDS = (NEWEST, DEPLOYED)
# `core==1.4.61`, `core>=1.4,<2`, `core==newest`, and as tox environments are named: `core1.4.61`.
_REQUEST = re.compile(r"([A-Za-z._-]+?)\s*((?:===?|!=|~=|[<>]=?).+|\d.*)")


@dataclass(frozen=True)
class VersionRequest:
    """What is asked of a package's version: a specifier such as ``==1.4.61`` or ``>=1.4``, ``newest`` or ``deployed``.

    An empty specifier asks for any version. ``source`` says where it is asked, for messages.
    """

    package: str
    asks: str
    source: str = ""

    @property
    def exact(self) -> str | None:
        """The one version that is asked for by number; None for a range and for a word."""
        if self.asks in _WORDS:
            return None
        parts = list(SpecifierSet(self.asks))
        is_exact = len(parts) == 1 and parts[0].operator in ("==", "===") and not parts[0].version.endswith(".*")
        return parts[0].version if is_exact else None


@dataclass(frozen=True)
class PublishedVersions:
    """The versions among which to choose, by package; ``known_in`` says where they are from: ``the ledger``.

    ``named`` has the newest and the deployed versions by these words, as far as they are known, ``set_aside`` the
    versions that an installer does not choose by itself.
    """

    versions: Mapping[str, Sequence[str]]
    known_in: str
    hint: str
    named: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    set_aside: Mapping[str, Collection[str]] = field(default_factory=dict)

    def chosen(self, request: VersionRequest) -> str:
        """The version that a request means: of a range the newest that matches, as an installer takes it.

        What is set aside is taken only by its exact version. Raises MetaError where there is none.
        """
        package = request.package
        where = f", as {request.source} asks" if request.source else ""
        if request.asks in _WORDS and package in (named := self.named.get(request.asks, {})):
            return named[package]
        if request.asks == DEPLOYED:
            hint = f"{package}=={NEWEST}, or a version"
            what = f"{self.known_in} does not say which {package} is deployed"
            raise MetaError(ErrorCode.NOT_DEPLOYED, what, hint=hint)
        if (exact := request.exact) is not None:
            return self._published(package, exact, where)
        specifier = SpecifierSet("" if request.asks == NEWEST else request.asks)
        candidates = [v for v in self.versions[package] if v not in self.set_aside.get(package, ())]
        matching = list(specifier.filter(candidates))
        if not matching:
            what = f"{self.known_in} has no {package} {specifier}{where}"
            raise MetaError(ErrorCode.UNKNOWN_RELEASE, what, self._newest_in_words(package), self.hint)
        return max(matching, key=Version)

    def _published(self, package: str, exact: str, where: str) -> str:
        try:
            number = Version(exact)
        except InvalidVersion:
            # Of the operators only === takes what is no version.
            raise MetaError(ErrorCode.BAD_VERSION, f"{exact!r} is not a version of {package}{where}") from None
        for version in self.versions[package]:
            if Version(version) == number:
                return version
        published = sorted(self.versions[package], key=Version)
        near = [v for v in published if Version(v) < number][-1:] + [v for v in published if Version(v) > number][:1]
        why = f"it has {len(published)} releases of {package}; nearest: {', '.join(near)}"
        what = f"{self.known_in} does not know {package} {exact}{where}"
        raise MetaError(ErrorCode.UNKNOWN_RELEASE, what, why, self.hint)

    def _newest_in_words(self, package: str) -> str:
        return f"the newest of {len(self.versions[package])} is {max(self.versions[package], key=Version)}"


def parse_requests(words: Iterable[str], packages: Iterable[str]) -> tuple[dict[str, VersionRequest], str | None]:
    """Read ``core==1.4.9 store>=0.6``, and the word for packages that are not named: ``newest``, ``deployed`` or None.

    Raises MetaError for a package that is misspelt or named twice, and for what is no version and no range.
    """
    order = tuple(packages)
    requests: dict[str, VersionRequest] = {}
    word_for_others: str | None = None
    for word in words:
        if word in _WORDS:
            if word_for_others not in (None, word):
                what = f"the other packages are named twice: {word_for_others} and {word}"
                raise MetaError(ErrorCode.TWICE, what)
            word_for_others = word
            continue
        request = _request(word, order)
        if twice := requests.get(request.package):
            what = f"{request.package} is named twice: {_in_words(twice)} and {_in_words(request)}"
            raise MetaError(ErrorCode.TWICE, what)
        requests[request.package] = request
    return requests, word_for_others


def _request(word: str, packages: tuple[str, ...]) -> VersionRequest:
    match = _REQUEST.fullmatch(word)
    if not match:
        pins = " ".join(f"{package}=={NEWEST}" for package in packages)
        hint = f"write {pins}, versions in place of {NEWEST}, or a range such as {packages[0]}>=1.0"
        raise MetaError(ErrorCode.BAD_PIN, f"{word!r} is not a package with a version", hint=hint)
    asks = match[2] if not match[2][0].isdigit() else f"=={match[2]}"
    package = package_named(match[1], packages, asks)
    if asks.removeprefix("==") in _WORDS:
        return VersionRequest(package, asks.removeprefix("=="))
    try:
        return VersionRequest(package, str(SpecifierSet(asks)))
    except InvalidSpecifier:
        hint = f"a version that mdmeta releases {package} lists, {NEWEST} or {DEPLOYED}, or a range such as >=1.0"
        what = f"{match[2].removeprefix('==')!r} is not a version of {package}"
        raise MetaError(ErrorCode.BAD_VERSION, what, hint=hint) from None


def _in_words(request: VersionRequest) -> str:
    return request.exact or request.asks
