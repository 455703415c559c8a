"""Waivers: known failures that are accepted for now, and the rules that keep them from rotting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal, TypeAlias

from packaging.version import InvalidVersion, Version

from market_data_meta.field_types import Fingerprint, Limits, Name
from market_data_meta.judging.records import Check, Record

ThirdParty: TypeAlias = Literal["highest", "lowest", "today"]
"""Which third-party versions were chosen."""


# The complete matrix asks for the same few versions a hundred thousand times.
@cache
def _within(low: str, high: str, version: str) -> bool:
    return Version(low) <= Version(version) <= Version(high)


@dataclass(frozen=True)
class WaiverTable:
    """What ``contracts/waivers.toml`` says of an accepted failure: its clause and fingerprint, and why it is accepted.

    ``versions`` are closed ranges, the first and the last version of each package that has the failure. With
    ``third_party`` it is accepted beside those third-party versions only.
    """

    clause: Name
    fingerprint: Fingerprint
    reason: Name
    versions: Annotated[Mapping[str, tuple[Name, Name]], Limits(min_length=1)]
    third_party: Annotated[tuple[ThirdParty, ...], Limits(min_length=1)] = ()

    def __post_init__(self) -> None:
        for package, (low, high) in self.versions.items():
            if not (_is_version(low) and _is_version(high) and Version(low) <= Version(high)):
                what = "needs the two ends of a closed range"
                raise ValueError(f"{self.clause}: {package} {what}, which {low!r} and {high!r} are not")


@dataclass(frozen=True)
class Waiver(WaiverTable):
    """One accepted failure, and the contents of the releases in its ranges."""

    contents: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def covers(self, record: Record) -> bool:
        """Whether the record's combination lies in all ranges. A package that is not in the run is in none.

        A release that only bumps a pin runs the code of one in the range, and is covered with it. Alone it is judged
        by its version, because what a release says of itself is then part of the question.
        """
        if self.third_party and record.header["third_party_choice"] not in self.third_party:
            return False
        versions = record.versions
        return all(name in versions and self._covers(name, versions, record) for name in self.versions)

    def _covers(self, package: str, versions: Mapping[str, str], record: Record) -> bool:
        if _within(*self.versions[package], versions[package]):
            return True
        known = self.contents.get(package, frozenset())
        return len(versions) > 1 and record.header["expected"][package]["content"] in known

    def matches(self, record: Record, check: Check) -> bool:
        """Whether it accepts this failure."""
        return check.clause == self.clause and check.fingerprint == self.fingerprint and self.covers(record)


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


@dataclass(frozen=True)
class Rotten:
    """A waiver that no longer says the truth, and how."""

    waiver: Waiver
    how: str


def rotten(waivers: tuple[Waiver, ...], records: list[Record], *, complete: bool) -> list[Rotten]:
    """The waivers whose failure is gone or different in a run that they cover.

    With ``complete`` (the records are all there are to be) also those that cover no run at all.
    """
    found = []
    for waiver in waivers:
        same = [other for other in waivers if other.clause == waiver.clause]
        covered = [(record, record.checks[waiver.clause]) for record in records if _ran(waiver, record)]
        passed = [record.cell for record, check in covered if check.outcome == "passed"]
        # Another waiver of the clause may stand for other failures in the range.
        strange = [record.cell for record, check in covered if not any(w.matches(record, check) for w in same)]
        if passed:
            found.append(Rotten(waiver, f"the failure is gone in {_some(passed)}"))
        elif strange:
            found.append(Rotten(waiver, f"the failure is another one in {_some(strange)}"))
        elif covered and not any(waiver.matches(record, check) for record, check in covered):
            found.append(Rotten(waiver, "other waivers stand for all that it covers"))
        elif complete and not covered:
            found.append(Rotten(waiver, "it matches nothing that was run"))
    return found


def _ran(waiver: Waiver, record: Record) -> bool:
    check = record.checks.get(waiver.clause)
    return check is not None and check.outcome in ("passed", "failed") and waiver.covers(record)


def _some(cells: list[str]) -> str:
    return cells[0] + (f" and {len(cells) - 1} more" if len(cells) > 1 else "")
