"""The libraries that packages are observed with: those of their cell, and those that their extras bring."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, UninstallableError, undecided
from market_data_meta.files import write_whole
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.releases.index_settings import configured_indexes
from market_data_meta.releases.ledger import Release, extras_of
from market_data_meta.running import environments
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.observation_runs import NOT_OBSERVED
from market_data_meta.running.seals import text_or_empty
from market_data_meta.running.third_party import ThirdPartyLock, entries, remove_entries

FOR_DEVELOPERS = frozenset({"dev", "test", "tests", "docs", "lint"})
"""Extras with what nobody needs who uses a package."""


def with_extras(
    contract: Contract,
    lock: ThirdPartyLock,
    cell: ContentCombination,
    options: RunOptions,
    *,
    as_of: str,
) -> ThirdPartyLock:
    """The lock with what the extras of the cell's releases ask for as well: without it a module cannot be imported.

    The versions of the lock stay as they are. An extra for which there is no room beside them is left out. Raises
    MetaError where the cache does not have it, and nothing may be run.
    """
    python = options.interpreter
    wanted = [requirements for content in cell.contents for requirements in _extras(contract, content.newest)]
    wanted += [service.libraries for service in contract.services.values() if service.libraries]
    wanted = list(dict.fromkeys(wanted))
    question = [as_of, python, [index.url for index in configured_indexes()], lock.lock, wanted]
    file = options.cache / "locks" / f"extras-{hashlib.sha256(json.dumps(question).encode()).hexdigest()[:16]}.txt"
    text = text_or_empty(file)
    if not text and not options.run:
        raise undecided(ErrorCode.NO_OBSERVATIONS, NOT_OBSERVED)
    if not text:
        text = _resolved(lock, wanted, as_of, python, [p.distribution for p in contract.packages.values()])
        write_whole(file, text)
    return replace(lock, lock=text)


def _extras(contract: Contract, release: Release) -> Iterable[tuple[str, ...]]:
    """What each extra of a release requires of other libraries; one that names an address has no place here."""
    own = {canonicalize_name(package.distribution) for package in contract.packages.values()}
    for extra in release.extras():
        requirements = [Requirement(text) for text in release.requires]
        texts = tuple(
            f"{requirement.name}{_in_brackets(requirement.extras)}{requirement.specifier}"
            for requirement in requirements
            if extra in extras_of(requirement) and canonicalize_name(requirement.name) not in own
        )
        has_address = any(requirement.url for requirement in requirements if extra in extras_of(requirement))
        if texts and not has_address and extra not in FOR_DEVELOPERS:
            yield texts


def _in_brackets(extras: Iterable[str]) -> str:
    return f"[{','.join(sorted(extras))}]" if extras else ""


def _resolved(
    lock: ThirdPartyLock, wanted: Sequence[tuple[str, ...]], as_of: str, python: str, distributions: Sequence[str]
) -> str:
    """The lock with all that is wanted or, if that has no room, with as many of it as fit in, in their order."""
    own = [entry.split(" \\\n")[0] for entry in entries(lock.lock)]

    def resolve(more: Iterable[tuple[str, ...]]) -> str:
        options = ["--python", python, "--generate-hashes", "--no-header", "--no-annotate", "--exclude-newer", as_of]
        text = "\n".join([*own, *(requirement for requirements in more for requirement in requirements)])
        return remove_entries(environments.uv("pip", "compile", "-", *options, text=text), distributions)

    try:
        return resolve(wanted)
    except UninstallableError:
        fitting: list[tuple[str, ...]] = []
        text = lock.lock
        for requirements in wanted:
            try:
                text = resolve([*fitting, requirements])
            except UninstallableError:
                continue
            fitting.append(requirements)
        return text
