"""Waivers: known failures that are accepted for now, and the rules that keep them from rotting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from market_data_meta.contract import read_toml
from market_data_meta.errors import MetaError
from market_data_meta.judging.records import Check, Record
from market_data_meta.releases.ledger import Ledger


# The complete matrix asks for the same few versions a hundred thousand times.
@cache
def _within(low: str, high: str, version: str) -> bool:
    return Version(low) <= Version(version) <= Version(high)


@dataclass(frozen=True)
class Waiver:
    """One accepted failure: a clause, closed version ranges, the failure's fingerprint, and why it is accepted."""

    clause: str
    fingerprint: str
    reason: str
    versions: Mapping[str, tuple[str, str]]
    third_party: tuple[str, ...] = field(default=())
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


def load_waivers(root: Path, ledger: Ledger) -> tuple[Waiver, ...]:
    """Read ``contracts/waivers.toml``. Raises MetaError for a waiver with a field missing, unknown or open-ended."""
    file = root / "contracts" / "waivers.toml"
    return tuple(_waiver(file, table, ledger) for table in read_toml(file).get("waiver", []))


def _waiver(file: Path, table: dict[str, Any], ledger: Ledger) -> Waiver:
    odd = (table.keys() - {"third_party"}) ^ {"clause", "fingerprint", "reason", "versions"}
    if odd:
        raise MetaError(
            "bad-waiver", f"{file}: a waiver of {table.get('clause')} has missing or unknown fields", str(sorted(odd))
        )
    versions, contents = {}, {}
    for package, ends in table["versions"].items():
        if len(ends) != 2 or not all(map(_is_version, ends)) or Version(ends[0]) > Version(ends[1]):
            raise MetaError(
                "bad-waiver", f"{file}: {table['clause']}: {package} needs the two ends of a closed range", str(ends)
            )
        low, high = versions[package] = (ends[0], ends[1])
        contents[package] = frozenset(
            release.content
            for release in ledger.releases.get(package, ())
            if Version(low) <= Version(release.version) <= Version(high)
        )
    third_party = tuple(table.get("third_party", ()))
    return Waiver(table["clause"], table["fingerprint"], table["reason"], versions, third_party, contents)


def _is_version(text: object) -> bool:
    try:
        Version(str(text))
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
