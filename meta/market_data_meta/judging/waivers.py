"""Waivers: known failures that are accepted for now, and which of them are rotten, as they fit no failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal, TypeAlias

from packaging.version import InvalidVersion, Version

from market_data_meta.field_types import Constraint, Fingerprint, NonEmptyText
from market_data_meta.judging.records import Check, Record

ThirdParty: TypeAlias = Literal["highest", "lowest", "today"]
"""Which third-party versions were chosen."""


# The complete matrix compares the same few versions a hundred thousand times.
@cache
def _within(low: str, high: str, version: str) -> bool:
    return Version(low) <= Version(version) <= Version(high)


@dataclass(frozen=True)
class WaiverTable:
    """What ``contracts/waivers.toml`` says of an accepted failure: its clause and fingerprint, and why it is accepted.

    ``versions`` are closed ranges, the first and the last version of each package that has the failure. With
    ``third_party`` it is accepted beside those third-party versions only.
    """

    clause: NonEmptyText
    fingerprint: Fingerprint
    reason: NonEmptyText
    versions: Annotated[Mapping[str, tuple[NonEmptyText, NonEmptyText]], Constraint(min_length=1)]
    third_party: Annotated[tuple[ThirdParty, ...], Constraint(min_length=1)] = ()

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
        """Whether the record's combination lies in all ranges. A package that is not in the run lies in no range.

        A release that only bumps a pin has the content of a release in the range, and is covered too. For a run of one
        package alone only the version counts, because such a run also checks what the release declares of itself.
        """
        if self.third_party and record.header.third_party_choice not in self.third_party:
            return False
        versions = record.versions
        return all(name in versions and self._covers(name, versions, record) for name in self.versions)

    def _covers(self, package: str, versions: Mapping[str, str], record: Record) -> bool:
        if _within(*self.versions[package], versions[package]):
            return True
        contents = self.contents.get(package, frozenset())
        return len(versions) > 1 and record.header.expected[package].content in contents

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
class RottenWaiver:
    """A waiver that does not fit what was run, and in which way."""

    waiver: Waiver
    how: str


def rotten_waivers(waivers: tuple[Waiver, ...], records: list[Record], *, complete: bool) -> list[RottenWaiver]:
    """The waivers whose failure is gone or different in a run that they cover.

    With ``complete``, which says that no record is still to come, also the waivers that cover no run at all.
    """
    rotten = []
    for waiver in waivers:
        of_clause = [other for other in waivers if other.clause == waiver.clause]
        covered = [(record, record.checks[waiver.clause]) for record in records if _decided_by(waiver, record)]
        passed = [record.cell for record, check in covered if check.outcome == "passed"]
        # Another waiver of the clause may accept other failures in the range.
        other_failure = [
            record.cell for record, check in covered if not any(other.matches(record, check) for other in of_clause)
        ]
        if passed:
            rotten.append(RottenWaiver(waiver, f"the failure is gone in {_first_of(passed)}"))
        elif other_failure:
            rotten.append(RottenWaiver(waiver, f"the failure is another one in {_first_of(other_failure)}"))
        elif covered and not any(waiver.matches(record, check) for record, check in covered):
            rotten.append(RottenWaiver(waiver, "other waivers stand for all that it covers"))
        elif complete and not covered:
            rotten.append(RottenWaiver(waiver, "it matches nothing that was run"))
    return rotten


def _decided_by(waiver: Waiver, record: Record) -> bool:
    """Whether the run decided the waiver's clause on releases that the waiver covers."""
    check = record.checks.get(waiver.clause)
    return check is not None and check.outcome in ("passed", "failed") and waiver.covers(record)


def _first_of(cells: list[str]) -> str:
    return cells[0] + (f" and {len(cells) - 1} more" if len(cells) > 1 else "")
