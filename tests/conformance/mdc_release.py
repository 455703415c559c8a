"""One release in its own clean install, seen from outside: what it says of itself, and what is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import Any

import mdc_probe
from mdc_source import Sources
from mdm_plan import Plan

# Where this interpreter keeps byte code; beside the files of the install nothing may be written.
_BYTECODE = ("-X", f"pycache_prefix={sys.pycache_prefix}") if sys.pycache_prefix else ()


@dataclass(frozen=True)
class Release:
    """The release of a plan: its package, where it is installed, and what is published beside it."""

    package: str
    distribution: str
    tops: tuple[str, ...]
    app: str | None
    python: Path
    extras: Mapping[str, str | None]
    unresolved: Mapping[str, str]
    published: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, plan: Plan) -> Release:
        """Take the release out of the plan."""
        release = plan.release
        if release is None:
            raise ValueError("the plan is not of one release alone")
        package = plan.packages[release.package]
        return cls(
            package=release.package,
            distribution=package.distribution,
            tops=package.imports,
            app=package.app,
            python=Path(release.python),
            extras=release.extras,
            unresolved=release.unresolved,
            published=release.published,
        )

    def ask(self, command: str, *arguments: str) -> Any:
        """Put a question of ``mdc_probe`` to the install's interpreter."""
        done = self.run(mdc_probe.__file__, command, *arguments)
        if done.returncode:
            raise RuntimeError(f"the probe {command} ended with {done.returncode}: {done.stderr[-500:]}")
        return json.loads(done.stdout)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the install's interpreter, isolated: neither the suite's folders nor the user's are on its path.

        How long it may take is for the limits of the check to say, which end this too: what cannot be had in that time
        could not be looked at, and says nothing of the release.
        """
        return subprocess.run(
            [str(self.python), "-I", *_BYTECODE, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        )

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the install says without importing the package."""
        answer: dict[str, Any] = self.ask("facts", self.distribution, *self.tops)
        return answer

    @cached_property
    def metadata(self) -> Message:
        """The core metadata as installed."""
        return message_from_string(self.facts["metadata"])

    @property
    def version(self) -> str:
        """The distribution's version."""
        return str(self.metadata["Version"])

    @cached_property
    def requirements(self) -> list[Requirement]:
        """What the metadata requires. A line that cannot be read requires nothing here; it has a clause of its own."""
        read = (requirement(str(line)) for line in self.metadata.get_all("Requires-Dist", []))
        return [found for found in read if found]

    @property
    def site(self) -> Path:
        """The folder that the distribution is installed in."""
        return Path(self.facts["site"]).resolve()

    def sources(self) -> Sources:
        """Open the source of the package's top-level packages."""
        return Sources({top: Path(found[0]).resolve() for top, found in self.facts["folders"].items() if found})

    def inside(self, path: Path) -> str:
        """Name a path from the folder of the install, so that it is the same on every machine."""
        return Path(os.path.relpath(path, self.site)).as_posix()


@dataclass(frozen=True)
class Requirement:
    """One Requires-Dist: its distribution, which versions it allows, and the extra that it belongs to, if any."""

    written: str
    distribution: str
    specifier: str
    extra: str | None

    def allows(self, versions: Sequence[str]) -> bool:
        """Whether one of the versions satisfies it."""
        from packaging.specifiers import SpecifierSet

        return any(SpecifierSet(self.specifier).filter(version.strip() for version in versions))


def requirement(line: str) -> Requirement | None:
    """Read a Requires-Dist; None if it is not one."""
    # Here and not at the top: the oldest libraries that the suite runs beside have no such module.
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parsed

    try:
        found = Parsed(line)
    except InvalidRequirement:
        return None
    extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", str(found.marker or ""))
    return Requirement(line.strip(), canonical(found.name), str(found.specifier), extra[1] if extra else None)


def canonical(name: str) -> str:
    """Normalise a distribution's name."""
    return name.lower().replace("_", "-").replace(".", "-")


def metadata_faults(release: Release, required: list[str]) -> Iterator[str]:
    """Yield what an index or an installer cannot read in the core metadata, or misses there."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    yield from (f"{name} is missing" for name in required if name not in release.metadata)
    raw = [Path(file["location"]) for file in release.facts["files"] if file["path"].endswith(".dist-info/METADATA")]
    if any(b"\r" in path.read_bytes() for path in raw):
        yield "lines end in carriage returns, which an index takes for part of the values"
    lines = [str(line) for line in release.metadata.get_all("Requires-Dist", [])]
    yield from (f"Requires-Dist cannot be read: {line}" for line in lines if not requirement(line))
    provided = {canonical(str(extra)) for extra in release.metadata.get_all("Provides-Extra", [])}
    used = {canonical(required.extra) for required in release.requirements if required.extra}
    yield from (f"extra {extra} is used and not provided" for extra in used - provided)
    try:
        Version(release.version)
        SpecifierSet(str(release.metadata["Requires-Python"] or ""))
    except (InvalidVersion, InvalidSpecifier) as error:
        yield f"{type(error).__name__}: {error}"
