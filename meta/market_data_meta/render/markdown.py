"""The report as Markdown, for step summaries and for reading in the repository."""

from __future__ import annotations

import json

from market_data_meta.findings import Group, evidence, grouped, printable
from market_data_meta.verdict import Report

SIGNS = {"compatible": "✅", "incompatible": "❌", "uninstallable": "🚫", "unknown": "❔"}


def report_markdown(report: Report) -> str:
    """The cells as a table, then every finding, waived ones folded."""
    lines = ["# Compatibility report", "", f"Suite `{report.suite[:12]}`. {_summary(report)}", ""]
    lines += ["| verdict | combination | Python | third-party | evidence |", "|---|---|---|---|---|"]
    for cell in report.cells:
        header = cell.record.header if cell.record else {}
        python = header.get("interpreter", {}).get("version", "?")
        third = f"{header.get('third_party_choice', '?')}, {(header.get('as_of') or 'today')[:10]}"
        forced = " (forced)" if header.get("forced") else ""
        why = f": {_line(cell.reasons[0])}" if cell.reasons and cell.verdict in ("unknown", "uninstallable") else ""
        proof = evidence(dict(cell.counts)) + why
        lines.append(f"| {SIGNS[cell.verdict]} {cell.verdict} | `{cell.cell}`{forced} | {python} | {third} | {proof} |")
    lines += [f"\nNot run here, no such interpreter: `{name}`" for name in report.absent]
    lines += [
        f"\n**Rotten waiver** `{r.waiver.clause}` `{r.waiver.fingerprint}`: {_line(r.how)}" for r in report.rotten
    ]
    groups = grouped(report)
    for title, chosen in (
        ("Violations and errors", [g for g in groups if not g.waiver]),
        ("Known failures, waived", [g for g in groups if g.waiver]),
    ):
        if chosen:
            lines += ["", f"## {title}", *(line for group in chosen for line in _finding(group))]
    return "\n".join(lines) + "\n"


def _summary(report: Report) -> str:
    verdicts = [cell.verdict for cell in report.cells]
    return ", ".join(f"{verdicts.count(v)} {v}" for v in SIGNS if v in verdicts) or "Nothing was run."


def _finding(group: Group) -> list[str]:
    check = group.check
    about = f"({group.clause.level}) {group.title} in {len(group.cells)} cells"
    folded = "" if group.waiver else " open"
    lines = [
        "",
        f"<details{folded}><summary><code>{_escape(group.clause.id)}</code> {about}</summary>",
        "",
        f"- rule: {_line(group.clause.rule)}",
        f"- looked at: {_line(str(check.message))}",
    ]
    if check.outcome == "failed":
        lines += [f"- expected: {_code(check.expected)}", f"- got: {_code(check.got)}"]
    if group.waiver:
        lines.append(f"- accepted: {_line(group.waiver.reason)}")
    lines += [f"- source: {_line(group.clause.source)}", f"- cells: {', '.join(f'`{name}`' for name in group.cells)}"]
    return [*lines, f"- run it: `{group.reproduce}`", "", "</details>"]


def _code(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = printable(" ".join(text.split()))
    return f"`` {text} ``" if "`" not in text else _line(text)


def _line(text: str) -> str:
    return _escape(printable(" ".join(text.split())))


def _escape(text: str) -> str:
    """Text from a package must stay text: no HTML, no table cells, no Markdown of its own."""
    for sign in "\\`*_[]|":
        text = text.replace(sign, "\\" + sign)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
