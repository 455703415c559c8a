"""Proposed entries of defects.toml: the tables that would make known the failures that are not known yet.

Their versions are on the fewest packages that separate the failing cells from the passing ones, stretched only over
releases with the same content as a release that failed, and open at the end where the newest release fails.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Mapping

from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Check, Record
from market_data_meta.judging.verdicts import JudgedRecords
from market_data_meta.releases.ledger import Ledger

Ranges = dict[str, tuple[str, str]]
NAME = "\0"
"""Stands in a table for its name, which no text of a table can hold."""


def propose_defects(contract: Contract, ledger: Ledger, judged_records: JudgedRecords) -> str:
    """The TOML text of the entries for all failures that are not known, each with sentences still to be written."""
    failing: dict[tuple[str, str], list[Record]] = {}
    for cell in judged_records.cells:
        for finding in cell.findings:
            if finding.check.outcome == "failed" and not finding.defect and cell.record:
                failing.setdefault((finding.clause.id, finding.check.fingerprint), []).append(cell.record)
    records = [cell.record for cell in judged_records.cells if cell.record]
    # By name: two that are alike but for the interpreter are one, and others of one clause are numbered.
    tables: dict[str, str] = {}
    for (clause, _), failed in sorted(failing.items(), key=lambda item: item[0]):
        others = [record for record in records if record not in failed and _decides(record, clause)]
        for ranges, third_party in _ranges(contract, ledger, clause, failed, others):
            text = _toml(contract, ledger, failed[0].checks[clause], ranges, third_party)
            if text not in tables.values():
                tables[_free_name(clause, tables)] = text
    return "\n".join(text.replace(NAME, name) for name, text in tables.items())


def _free_name(clause: str, taken: Collection[str]) -> str:
    name = clause.replace(".", "-").replace("_", "-")
    numbered = (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
    return next(candidate for candidate in numbered if candidate not in taken)


def _decides(record: Record, clause: str) -> bool:
    return clause in record.checks and record.checks[clause].outcome in ("passed", "failed")


def _ranges(
    contract: Contract, ledger: Ledger, clause: str, failed: list[Record], others: list[Record]
) -> Iterator[tuple[Ranges, str | None]]:
    """Closed ranges that hold all of ``failed`` and none of ``others``; one for each record where no single one can.

    Each comes with the choice of third-party versions that it is for, if it is not for all.
    """
    bound = contract.clauses[clause].binds
    present = tuple(name for name in contract.packages if name in failed[0].versions)
    # The packages that the clause binds come first, and few before many.
    sets_of_packages = sorted(
        (packages for size in range(1, len(present) + 1) for packages in itertools.combinations(present, size)),
        key=lambda packages: (not set(bound) & set(present) <= set(packages), len(packages)),
    )
    for packages in sets_of_packages:
        ranges = {name: _span(ledger, name, [record.versions[name] for record in failed]) for name in packages}
        if not any(_within(ranges, other) for other in others):
            yield ranges, None
            return
    choices = {record.header.third_party_choice for record in failed}
    if len(choices) == 1 and not choices & {
        other.header.third_party_choice for other in others if _within(ranges, other)
    }:
        yield ranges, choices.pop()
        return
    for record in failed:
        exact = {name: _span(ledger, name, [record.versions[name]]) for name in present}
        yield exact, record.header.third_party_choice if any(_within(exact, other) for other in others) else None


def _span(ledger: Ledger, package: str, versions: list[str]) -> tuple[str, str]:
    """From the first to the last release that has the content of any of ``versions``."""
    contents = {ledger.release(package, version).content for version in versions}
    same_content = [release.version for release in ledger.releases[package] if release.content in contents]
    return min(same_content, key=Version), max(same_content, key=Version)


def _within(ranges: Ranges, record: Record) -> bool:
    versions: Mapping[str, str] = record.versions
    return all(
        name in versions and Version(low) <= Version(versions[name]) <= Version(high)
        for name, (low, high) in ranges.items()
    )


def _toml(contract: Contract, ledger: Ledger, check: Check, ranges: Ranges, third_party: str | None) -> str:
    versions = ", ".join(f'{name} = "{_specifier(ledger, name, span)}"' for name, span in ranges.items())
    lines = [
        f"[defects.{NAME}]",
        f"# got: {json.dumps(check.got, ensure_ascii=False)[:160]}",
        'means = ""',
        f'package = "{next(iter(ranges), contract.clauses[check.clause].binds[0])}"',
        f"versions = {{ {versions} }}",
        'cause = ""',
        "",
        f"[[defects.{NAME}.shown_by]]",
        f'clause = "{check.clause}"',
        f'fingerprints = ["{check.fingerprint}"]',
    ]
    if third_party:
        lines.append(f'third_party = ["{third_party}"]')
    return "\n".join(lines) + "\n"


def _specifier(ledger: Ledger, package: str, span: tuple[str, str]) -> str:
    """The versions from the first to the last of the span; open where the last is the newest release."""
    first, last = span
    later = [
        Version(release.version) for release in ledger.releases[package] if Version(release.version) > Version(last)
    ]
    return f">={first}" + (f",<{min(later)}" if later else "")
