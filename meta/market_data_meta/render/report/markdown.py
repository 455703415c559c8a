"""The report as Markdown, for step summaries and for reading in the repository."""

from __future__ import annotations

from market_data_meta.render.capability_lines import why_in_short
from market_data_meta.render.defect_lines import mended_lines, stale_lines
from market_data_meta.render.markdown_text import code, html, line
from market_data_meta.render.report.expectation import expectation
from market_data_meta.render.signs import CAPABILITY_STATES, VERDICTS
from market_data_meta.render.text import counts_in_words, users_servers_lines
from market_data_meta.results.report import ReportCell, ReportFinding, ReportResult


def report_markdown(report: ReportResult) -> str:
    """What works, the cells as a table, then every finding, known defects folded."""
    lines = ["# Conformance report", "", f"Suite `{report.suite[:12]}`. {_summary(report)}", ""]
    lines += [f"**Expectation**: {expectation(report)}. **What works** is another question:", ""]
    lines += _capabilities(report)
    lines += ["| verdict | combination | Python | third-party | evidence |", "|---|---|---|---|---|"]
    lines += [_cell(cell) for cell in report.cells]
    lines += [f"\nNot run here, no such interpreter: `{name}`" for name in report.absent]
    lines += [f"\n{line(text)}" for text in (*mended_lines(report.mended), *stale_lines(report.stale_defects))]
    for title, findings in (
        ("Violations and errors", [finding for finding in report.findings if finding.defect is None]),
        ("Known defects", [finding for finding in report.findings if finding.defect is not None]),
    ):
        if findings:
            lines += ["", f"## {title}", *(row for finding in findings for row in _finding(finding))]
    return "\n".join(lines) + "\n"


def _capabilities(report: ReportResult) -> list[str]:
    """The capabilities of the one cell with their states, or of many cells how many have each state."""
    if not report.capability_counts:
        return []
    if len(report.cells) == 1:
        rows = [
            f"| {CAPABILITY_STATES[capability.state].emoji} {capability.state} | {line(capability.title)} "
            f"| {line(why_in_short(capability))} |"
            for capability in report.cells[0].capabilities
        ]
        return ["| state | capability | why |", "|---|---|---|", *rows, ""]
    rows = [
        f"| {line(title)} | {' | '.join(str(counts[state]) for state in CAPABILITY_STATES)} |"
        for title, counts in report.capability_counts.items()
    ]
    heads = " | ".join(f"{sign.emoji} {state}" for state, sign in CAPABILITY_STATES.items())
    return [f"| cells in which it … | {heads} |", f"|---{'|---' * len(CAPABILITY_STATES)}|", *rows, ""]


def _summary(report: ReportResult) -> str:
    counts = report.verdict_counts
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if verdict in counts) or "Nothing was run."


def _cell(cell: ReportCell) -> str:
    third_party = f"{cell.third_party_choice or '?'}, {(cell.as_of or 'today')[:10]}"
    forced = " (forced)" if cell.forced else ""
    why = f": {line(cell.reasons[0])}" if cell.reasons and cell.verdict in ("unknown", "uninstallable") else ""
    servers = "".join(f"; {line(text)}" for text in users_servers_lines(cell.users_servers))
    evidence = counts_in_words(cell.counts) + servers + why
    verdict = f"{VERDICTS[cell.verdict].emoji} {cell.verdict}"
    return f"| {verdict} | `{cell.cell}`{forced} | {cell.interpreter or '?'} | {third_party} | {evidence} |"


def _finding(finding: ReportFinding) -> list[str]:
    about = f"({finding.level}) {finding.title} in {len(finding.cells)} cells"
    folded = "" if finding.defect is not None else " open"
    lines = [
        "",
        f"<details{folded}><summary><code>{html(finding.clause)}</code> {about}</summary>",
        "",
        f"- rule: {line(finding.rule)}",
        f"- looked at: {line(str(finding.message))}",
    ]
    if finding.outcome == "failed":
        lines += [f"- expected: {code(finding.expected)}", f"- got: {code(finding.got)}"]
    if finding.means is not None:
        lines.insert(3, f"- known defect `{finding.defect}`: {line(finding.means)}")
    lines += [f"- source: {line(finding.source)}", f"- cells: {', '.join(f'`{name}`' for name in finding.cells)}"]
    return [*lines, f"- run it: `{finding.reproduce}`", "", "</details>"]
