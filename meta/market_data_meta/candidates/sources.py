"""Where a candidate comes from: a wheel, an sdist, a source tree, a git ref, or the ledger."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

from packaging.version import InvalidVersion, Version

from market_data_meta.candidates import builds
from market_data_meta.candidates.candidate import Candidate, find_predecessor, source_folders
from market_data_meta.candidates.changelogs import changelog_lines
from market_data_meta.candidates.revisions import Revision, revision_of
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError, direct_reference
from market_data_meta.inside.mdm_content import content_of_wheel
from market_data_meta.releases.combinations import DEPLOYED, NEWEST, published_release
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger, Release
from market_data_meta.releases.requirements import Requirements, direct_references
from market_data_meta.releases.unmet import unmet_promises
from market_data_meta.releases.wheel_metadata import DAMAGED, read_metadata, short_name


def read_candidate(
    contract: Contract,
    ledger: Ledger,
    package: str,
    source: str,
    folder: Path,
    on_progress: Callable[[str], None],
    python: str = PYTHON,
) -> Candidate:
    """The candidate that ``source`` names, built in ``folder`` where it is not a wheel yet.

    ``source`` is a wheel, an sdist, a source tree, ``git+URL@REF``, a published version, ``newest`` or ``deployed``.
    It is compared with what an installer takes on the interpreter ``python``.
    Raises MetaError where it is none of these, does not build, is another distribution than the package's, or asks for
    something by its address, where the ledger does not follow that.
    """
    if published := _published(ledger, package, source, python):
        predecessor, passed_over = _predecessor(contract, ledger, package, published.version, python, itself=False)
        skipped = _skipped_extras(ledger, published)
        return Candidate(package, source, published, predecessor, skipped_extras=skipped, passed_over=passed_over)
    folder.mkdir(parents=True, exist_ok=True)
    path, name = Path(source), None
    if source.startswith("git+"):
        path, commit = builds.check_out(source, folder / "checkout", on_progress)
        _, ref = builds.address_and_ref(source)
        name = f"{package} at {commit[:12]}"
        revision: Revision | None = Revision(commit, None if ref == "HEAD" or commit.startswith(ref) else ref)
    elif os.path.exists(path):  # noqa: PTH110 - Path.exists raises for a name that is too long, and for a loop of links
        revision = revision_of(path)
    else:
        hint = "a wheel, an sdist, a source tree, git+URL@REF or a published version"
        raise MetaError(ErrorCode.NO_CANDIDATE, f"there is no {source[:200]} to take as {package}", hint=hint)
    wheel = (
        path
        if path.suffix == ".whl"
        else builds.build_wheel(
            path, folder, ledger.as_of, on_progress, name=name, allow_direct=ledger.allows_direct_references
        )
    )
    release = release_of(wheel, contract.packages[package].distribution)
    if not ledger.allows_direct_references and (references := direct_references(release)):
        raise direct_reference(f"{package} {release.version}", references)
    predecessor, passed_over = _predecessor(contract, ledger, package, release.version, python, itself=True)
    version = Version(release.version)
    taken = any(r.content != release.content for r in ledger.releases[package] if Version(r.version) == version)
    skipped = _skipped_extras(ledger, release)
    folders = source_folders(path, contract.packages[package].imports)
    tree = path if path.is_dir() else next((folder / "sdist").glob("*"), None)
    changelog = changelog_lines(tree, predecessor) if tree else ()
    return Candidate(
        package,
        source,
        release,
        predecessor,
        wheel.resolve(),
        revision,
        skipped,
        taken,
        passed_over,
        folders,
        changelog,
    )


def _predecessor(
    contract: Contract, ledger: Ledger, package: str, version: str, python: str, *, itself: bool
) -> tuple[Release | None, str]:
    """The newest release before a version that what is published allows to install, and why it is no newer one.

    An installer passes over a release that asks for what nobody has published. A comparison with it would look at
    nothing, and leave the pull request that mends its requirements undecided.
    """
    requirements = Requirements(contract.packages, python)
    newest = predecessor = find_predecessor(ledger, package, version, itself=itself, python=python)
    why = ""
    while predecessor and (unmet := unmet_promises(package, predecessor, requirements, ledger)):
        why = why or "; ".join(unmet)
        predecessor = find_predecessor(ledger, package, predecessor.version, itself=False, python=python)
    return (predecessor, why) if predecessor else (newest, "")


def _skipped_extras(ledger: Ledger, release: Release) -> tuple[str, ...]:
    """The extras that name an address, each in a sentence; none where the ledger follows addresses."""
    references = {} if ledger.allows_direct_references else {e: direct_references(release, e) for e in release.extras()}
    return tuple(f"extra {extra} names {', '.join(names)}" for extra, names in references.items() if names)


def _published(ledger: Ledger, package: str, source: str, python: str) -> Release | None:
    if source not in (NEWEST, DEPLOYED):
        try:
            Version(source)
        except InvalidVersion:
            return None
    # A version is always a published release, whatever file has that name in the folder.
    return published_release(package, source, ledger, python)


def release_of(wheel: Path, distribution: str) -> Release:
    """The release that the ledger would list for a wheel.

    Raises MetaError that names the file where it is not a wheel of the distribution.
    """
    # Imported here: it loads the client of the index, which costs more to load than any other command takes.
    from market_data_meta.running.wheels import check_members

    try:
        with ZipFile(wheel) as archive:
            check_members(wheel, archive.infolist())
        metadata = read_metadata(wheel)
        content = content_of_wheel(wheel)
    except DAMAGED as error:
        raise MetaError(
            ErrorCode.BAD_WHEEL, f"{short_name(wheel.name)} is not a whole wheel", str(error)[:300]
        ) from None
    if metadata.distribution != distribution:
        what = f"{short_name(wheel.name)} is a build of {metadata.distribution[:60]}, not of {distribution}"
        raise MetaError(
            ErrorCode.OTHER_PACKAGE, what, hint=f"call the project {distribution}, or name the package that it is"
        )
    return Release(
        version=metadata.version,
        uploaded="",
        filename=wheel.name,
        sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        size=wheel.stat().st_size,
        content=content,
        requires_python=metadata.requires_python,
        requires=metadata.requires,
        yanked=False,
    )
