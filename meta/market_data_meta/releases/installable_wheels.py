"""Which file of a project an installer takes for each version: an index may have several wheels of one."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging import tags
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from market_data_meta.releases.index_client import IndexFile
from market_data_meta.releases.interpreters import PYTHONS
from market_data_meta.releases.wheel_metadata import short_name


@dataclass(frozen=True)
class InstallableWheels:
    """The wheel of each version that an installer takes, and a sentence for each file or version that has none."""

    wheels: Mapping[Version, IndexFile]
    left_out: tuple[str, ...]


def installable_wheels(distribution: str, files: Iterable[IndexFile]) -> InstallableWheels:
    """For each version the wheel that an installer takes on a machine like this one.

    One that is not yanked comes first, then the one whose tags fit best, then the one with the highest build number.
    """
    best: dict[Version, tuple[tuple[object, ...], IndexFile]] = {}
    unfit: dict[Version, str] = {}
    left_out = []
    for file in files:
        name = short_name(file.filename)
        try:
            project, version, build, wheel_tags = _parsed(file.filename)
        except InvalidWheelFilename as error:
            left_out.append(f"{name}: {str(error)[:200]}")
            continue
        except InvalidSdistFilename:
            # What is no wheel is not installed; it is told only where it shows that a version has no wheel.
            continue
        if project != canonicalize_name(distribution):
            left_out.append(f"{name}: it is a file of {project}, not of {distribution}")
            continue
        fitting = [_priorities()[tag] for tag in wheel_tags if tag in _priorities()]
        if not fitting:
            what = "no wheel that this machine could install" if wheel_tags else "no wheel"
            unfit[version] = f"{distribution} {version}: it has {what}"
            continue
        # Of two that are equal in all of this, the name decides, so that the order of the index does not.
        rank = not file.package.is_yanked, -min(fitting), build or (), file.filename
        if version not in best or rank > best[version][0]:
            best[version] = rank, file
    # A requirement of 1.0 is met by 1.0+local as well, and an installer takes that: nobody gets 1.0.
    in_its_place = {
        Version(version.public): version
        for version, (_, file) in best.items()
        if version.local and not file.package.is_yanked and Version(version.public) in best
    }
    left_out += [f"{distribution} {v}: an installer takes {local} in its place" for v, local in in_its_place.items()]
    best = {version: entry for version, entry in best.items() if version not in in_its_place}
    left_out += [sentence for version, sentence in sorted(unfit.items()) if version not in best]
    return InstallableWheels({version: best[version][1] for version in sorted(best)}, tuple(left_out))


def _parsed(filename: str) -> tuple[str, Version, tuple[int, str] | tuple[()], frozenset[tags.Tag]]:
    """The project, version, build number and tags that a file's name says; a source distribution has no tags."""
    if "/" in filename or "\\" in filename or not filename.isprintable():
        raise InvalidWheelFilename("its name is not that of a file")
    if not filename.endswith(".whl"):
        return *parse_sdist_filename(filename), (), frozenset()
    return parse_wheel_filename(filename)


@functools.cache
def _priorities() -> Mapping[tags.Tag, int]:
    """The tags that an installer accepts on this machine, the best first: those of the usual interpreter come first."""
    ordered: dict[tags.Tag, None] = {}
    for python in PYTHONS:
        major, minor = (int(part) for part in python.split("."))
        ordered |= dict.fromkeys(tags.cpython_tags((major, minor)))
        ordered |= dict.fromkeys(tags.compatible_tags((major, minor), f"cp{major}{minor}"))
    return {tag: priority for priority, tag in enumerate(ordered)}
