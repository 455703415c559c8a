"""The report as Markdown, for step summaries and for reading in the repository."""

from __future__ import annotations

from market_data_meta.judging.findings import Group, evidence, group_findings
from market_data_meta.judging.verdicts import Report
from market_data_meta.render.markdown_text import code, html, line

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
        why = f": {line(cell.reasons[0])}" if cell.reasons and cell.verdict in ("unknown", "uninstallable") else ""
        proof = evidence(dict(cell.counts)) + why
        lines.append(f"| {SIGNS[cell.verdict]} {cell.verdict} | `{cell.cell}`{forced} | {python} | {third} | {proof} |")
    lines += [f"\nNot run here, no such interpreter: `{name}`" for name in report.absent]
    lines += [f"\n**Rotten waiver** `{r.waiver.clause}` `{r.waiver.fingerprint}`: {line(r.how)}" for r in report.rotten]
    groups = group_findings(report)
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
        f"<details{folded}><summary><code>{html(group.clause.id)}</code> {about}</summary>",
        "",
        f"- rule: {line(group.clause.rule)}",
        f"- looked at: {line(str(check.message))}",
    ]
    if check.outcome == "failed":
        lines += [f"- expected: {code(check.expected)}", f"- got: {code(check.got)}"]
    if group.waiver:
        lines.append(f"- accepted: {line(group.waiver.reason)}")
    lines += [f"- source: {line(group.clause.source)}", f"- cells: {', '.join(f'`{name}`' for name in group.cells)}"]
    return [*lines, f"- run it: `{group.reproduce}`", "", "</details>"]
