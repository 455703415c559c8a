"""The ledger: every published release of every package, as it was on the ledger's date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

from market_data_meta.errors import MetaError
from market_data_meta.files import write_whole

FORMAT = 1


@dataclass(frozen=True)
class Release:
    """One published version of a package: its wheel (name, sha256, bytes), content id, requirements and upload time."""

    version: str
    uploaded: str
    filename: str
    sha256: str
    size: int
    content: str
    requires_python: str
    requires: tuple[str, ...]
    yanked: bool = False

    def extras(self) -> list[str]:
        """The names of its extras, sorted."""
        return sorted({name for text in self.requires for name in extras_of(Requirement(text))})


def extras_of(requirement: Requirement) -> list[str]:
    """The extras that a requirement's marker names."""
    return re.findall(r'extra == "([^"]+)"', str(requirement.marker or ""))


@dataclass(frozen=True)
class Ledger:
    """The releases of all packages (oldest first), the date they were read, and the deployed set."""

    as_of: str
    releases: Mapping[str, tuple[Release, ...]]
    deployed: Mapping[str, Any]
    local: Mapping[str, Path] = field(default_factory=dict)
    """Wheels that are not on the index (candidates), by sha256."""
    base: Ledger | None = None
    """The ledger without any candidate, where there is one in this one."""
    follows_direct: bool = False
    """Whether what a candidate asks for by address is fetched from there."""

    @property
    def published(self) -> Ledger:
        """The ledger of what is published, without candidates."""
        return self.base or self

    def with_candidate(self, package: str, release: Release, wheel: Path) -> Ledger:
        """The ledger as it would be with a candidate published, in place of a release of the same version."""
        others = (r for r in self.releases[package] if Version(r.version) != Version(release.version))
        releases = {**self.releases, package: (*others, release)}
        local = {**self.local, release.sha256: wheel}
        return replace(self, releases=releases, local=local, base=self.published)

    def requirement(self, distribution: str, release: Release, extras: str = "") -> str:
        """The requirement that asks for exactly this release; ``extras`` are written ``[one,other]``."""
        wheel = self.local.get(release.sha256)
        name = distribution + extras
        return f"{name} @ {wheel.as_uri()}" if wheel else f"{name}=={release.version}"

    def release(self, package: str, version: str) -> Release:
        """The release of ``package`` with that version. Raises MetaError that names the nearest ones."""
        wanted = Version(version)
        for release in self.releases[package]:
            if Version(release.version) == wanted:
                return release
        published = sorted(Version(r.version) for r in self.releases[package])
        near = [v for v in published if v < wanted][-1:] + [v for v in published if v > wanted][:1]
        raise MetaError(
            "unknown-release",
            f"{package} {version} is not in the ledger",
            f"{len(published)} releases are published as of {self.as_of}; nearest: {', '.join(map(str, near))}",
            "mdmeta releases lists them; mdmeta releases --refresh reads the index again",
        )

    def newest(self, package: str) -> Release:
        """The release of ``package`` with the highest version that is neither yanked nor a pre-release."""
        stable = [r for r in self.releases[package] if not r.yanked and not Version(r.version).is_prerelease]
        return max(stable, key=lambda r: Version(r.version))


def load_ledger(root: Path, packages: Iterable[str]) -> Ledger:
    """Read ``contracts/releases``. Raises MetaError that names a file which is damaged or has an unknown field."""
    folder = root / "contracts" / "releases"
    snapshot = _read(folder / "snapshot.json")
    releases = {}
    for package in packages:
        file = folder / f"{package}.json"
        releases[package] = tuple(_release(file, row) for row in _read(file)["releases"])
    return Ledger(snapshot["as_of"], releases, snapshot["deployed"])


def save_ledger(root: Path, ledger: Ledger) -> None:
    """Write ``contracts/releases``, each file as a whole or not at all."""
    folder = root / "contracts" / "releases"
    for package, releases in ledger.releases.items():
        rows = [asdict(release) for release in releases]
        write_whole(folder / f"{package}.json", _text({"format": FORMAT, "package": package, "releases": rows}))
    snapshot = {"format": FORMAT, "as_of": ledger.as_of, "deployed": ledger.deployed}
    write_whole(folder / "snapshot.json", _text(snapshot))


def _text(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _read(file: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        hint = "mdmeta releases --refresh writes it"
        raise MetaError("unreadable", f"cannot read {file}", str(error.strerror), hint) from None
    except ValueError as error:
        raise MetaError("not-json", f"{file} is not JSON", str(error), "git checkout the file") from None
    if data.get("format") != FORMAT:
        raise MetaError("unknown-format", f"{file} has format {data.get('format')!r}, this tool reads {FORMAT}")
    return data


def _release(file: Path, row: dict[str, Any]) -> Release:
    known = {field.name for field in fields(Release)}
    if row.keys() - known or known - row.keys() - {"yanked"}:
        odd = sorted(row.keys() ^ known)
        raise MetaError(
            "bad-ledger", f"{file}: release {row.get('version')} has missing or unknown fields", ", ".join(odd)
        )
    return Release(**row | {"requires": tuple(row["requires"])})
