"""What an installer, a type checker and a resolver see of a release: the metadata beside its packages.

What only widens what can be installed is an object that gains: an older version that is admitted as well, an extra.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from describing import Json, class_names
from surface import Surface
from unit import Observation, Unit

FOR_DEVELOPERS = re.compile(r"^(dev|test|lint|doc|typing|ci|bench)", re.IGNORECASE)
"""Extras whose requirements are nobody's but the maintainers'."""
PYTHONS = tuple(f"3.{minor}" for minor in range(9, 16))
LADDER = (
    *(f"0.{minor}" for minor in (1, 2, 3, 4, 5, 7, 10, 13, 15, 20, 25, 30, 40, 50, 100, 115, 120, 140)),
    *(f"{major}.{minor}" for major in range(1, 13) for minor in (0, 4, 7, 10, 99)),
    *(f"{major}.0" for major in range(13, 31)),
)
"""Versions that are asked for: of each major one at its start, some on the way and one at its end."""


def units(surface: Surface) -> Iterable[Unit]:
    """One unit: entry points are loaded in it. Each id names its package: two may be observed in one run."""
    package = surface.package
    yield Unit("metadata", package, lambda: ((f"{package} {name}", observe) for name, observe in _all(surface)))


def _all(surface: Surface) -> Iterator[Observation]:
    wanted = str(surface.plan["packages"][surface.package]["distribution"])
    found = importlib.metadata.distribution(wanted)
    folder = Path(str(found.locate_file("")))
    yield "python", lambda: {python: True for python in PYTHONS if _python_admitted(found, python)}
    yield "licence", lambda: _licence(found)
    for extra in sorted(found.metadata.get_all("Provides-Extra") or ()):
        yield f"extra {extra}", lambda: True
    partners = {_normal(str(package["distribution"])) for package in surface.plan["packages"].values()}
    for name, described in sorted(_requirements(found, partners).items()):
        yield f"requirement {name}", lambda described=described: described
    for point in sorted(found.entry_points, key=lambda point: (point.group, point.name)):
        yield f"entry point {point.group} {point.name}", lambda point=point: _loaded(point)
    for name in surface.imports:
        if (folder / name).is_dir():
            yield f"package {name}", lambda: True
            for file in _data_files(folder, name):
                yield f"file {file}", lambda: True
    for script in sorted(folder.glob("*.data/*/**/*")):
        if script.is_file():
            yield f"file {'/'.join(script.relative_to(folder).parts[1:])}", lambda: True


def _python_admitted(found: importlib.metadata.Distribution, python: str) -> bool:
    from packaging.specifiers import SpecifierSet

    return bool(SpecifierSet(found.metadata["Requires-Python"] or "").contains(f"{python}.99"))


def _licence(found: importlib.metadata.Distribution) -> Json:
    classified = [line.split(" :: ")[-1] for line in found.metadata.get_all("Classifier") or () if "License" in line]
    said = found.metadata["License-Expression"] or found.metadata["License"] or next(iter(classified), None)
    return re.sub(r"\s*(OSI Approved|License)\s*", "", str(said).strip().splitlines()[0]) if said else None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(found: importlib.metadata.Distribution, partners: Collection[str]) -> dict[str, Json]:
    """By distribution, then by what it is required for; versions as those of a ladder that are admitted.

    Of partners, whose versions are released one by one, it is not told which are admitted: a ladder knows none of them.
    """
    from packaging.requirements import Requirement

    described: dict[str, Json] = {}
    for line in found.requires or ():
        requirement = Requirement(line)
        marker = str(requirement.marker or "")
        extra = re.search(r"""extra == ['"]([^'"]+)""", marker)
        if extra and FOR_DEVELOPERS.match(extra[1]):
            continue
        condition = re.sub(r"""\s*(and\s+)?extra == ['"][^'"]+['"]""", "", marker).strip().replace("'", '"')
        purpose = " ".join(filter(None, [f"extra {extra[1]}" if extra else "always", condition]))
        name, entry = _normal(requirement.name), dict[str, Json]()
        if name not in partners:
            entry["versions"] = dict.fromkeys(_admitted(requirement), True)
        if requirement.extras:
            entry["with"] = dict.fromkeys(sorted(requirement.extras), True)
        described.setdefault(name, {})[purpose] = entry
    return described


def _admitted(requirement: Any) -> list[str]:
    exact = [clause.version.removesuffix(".*") for clause in requirement.specifier if clause.operator in ("==", "~=")]
    return [version for version in (*LADDER, *exact) if requirement.specifier.contains(version, prereleases=True)]


def _loaded(point: importlib.metadata.EntryPoint) -> Json:
    """What is behind an entry point, not where that is: it may move."""
    try:
        loaded = point.load()
    except BaseException as error:
        return {"raises": class_names(type(error))}
    return {
        "returns": "a class"
        if isinstance(loaded, type)
        else "something to call"
        if callable(loaded)
        else "nothing to call"
    }


def _data_files(folder: Path, name: str) -> Iterator[str]:
    for file in sorted((folder / name).rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_file() and file.suffix not in (".py", ".pyc") and not any(part.startswith("_") for part in parts):
            yield "/".join(parts)
