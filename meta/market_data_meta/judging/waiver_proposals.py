"""Proposed waivers: for the failures of a report that no waiver accepts, the tables that would.

The ranges are closed and tight: on the fewest packages that tell the failing cells from the passing ones, stretched
only over releases with the same content as one that was seen to fail.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping

from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.judging.records import Record
from market_data_meta.judging.verdicts import Report
from market_data_meta.releases.ledger import Ledger

Ranges = dict[str, tuple[str, str]]


def proposed(contract: Contract, ledger: Ledger, report: Report) -> str:
    """The TOML text of the waivers that would accept what is violated now, each with a reason still to be written."""
    failing: dict[tuple[str, str], list[Record]] = {}
    for cell in report.cells:
        for finding in cell.findings:
            if finding.check.outcome == "failed" and not finding.waiver and cell.record:
                failing.setdefault((finding.clause.id, finding.check.fingerprint), []).append(cell.record)
    records = [cell.record for cell in report.cells if cell.record]
    texts = []
    for (clause, fingerprint), failed in sorted(failing.items(), key=lambda item: item[0]):
        others = [r for r in records if r not in failed and _decided(r, clause)]
        for ranges, third_party in _ranges(contract, ledger, clause, failed, others):
            texts.append(_toml(clause, fingerprint, failed[0].checks[clause].got, ranges, third_party))
    return "\n".join(texts)


def _decided(record: Record, clause: str) -> bool:
    return clause in record.checks and record.checks[clause].outcome in ("passed", "failed")


def _ranges(
    contract: Contract, ledger: Ledger, clause: str, failed: list[Record], others: list[Record]
) -> Iterator[tuple[Ranges, str | None]]:
    """Closed ranges that hold all of ``failed`` and none of ``others``; split by release where one box cannot."""
    bound = contract.clauses[clause].binds
    present = tuple(name for name in contract.packages if name in failed[0].versions)
    order = sorted(
        (c for n in range(1, len(present) + 1) for c in itertools.combinations(present, n)),
        key=lambda chosen: (not set(bound) & set(present) <= set(chosen), len(chosen)),
    )
    for chosen in order:
        box = {name: _span(ledger, name, [r.versions[name] for r in failed]) for name in chosen}
        if not any(_within(box, other) for other in others):
            yield box, None
            return
    choices = {record.header["third_party_choice"] for record in failed}
    if len(choices) == 1 and not choices & {r.header["third_party_choice"] for r in others if _within(box, r)}:
        yield box, choices.pop()
        return
    for record in failed:
        exact = {name: _span(ledger, name, [record.versions[name]]) for name in present}
        yield exact, record.header["third_party_choice"] if any(_within(exact, o) for o in others) else None


def _span(ledger: Ledger, package: str, versions: list[str]) -> tuple[str, str]:
    """From the first to the last release that has the content of one of ``versions`` at either end."""
    contents = {ledger.release(package, version).content for version in versions}
    same = sorted((Version(r.version), r.version) for r in ledger.releases[package] if r.content in contents)
    return same[0][1], same[-1][1]


def _within(box: Ranges, record: Record) -> bool:
    versions: Mapping[str, str] = record.versions
    return all(
        n in versions and Version(low) <= Version(versions[n]) <= Version(high) for n, (low, high) in box.items()
    )


def _toml(clause: str, fingerprint: str, got: object, ranges: Ranges, third_party: str | None) -> str:
    said = json.dumps(got, ensure_ascii=False)
    lines = [
        "[[waiver]]",
        f"# got: {said[:160]}",
        f'clause = "{clause}"',
        f'fingerprint = "{fingerprint}"',
        'reason = ""',
    ]
    spans = ", ".join(f'{name} = ["{low}", "{high}"]' for name, (low, high) in ranges.items())
    lines.append(f"versions = {{ {spans} }}")
    if third_party:
        lines.append(f'third_party = ["{third_party}"]')
    return "\n".join(lines) + "\n"
