"""What the exit code of a report stands for, in words: whether anything differs from what is known."""

from __future__ import annotations

from market_data_meta.results.report import ReportResult


def expectation(report: ReportResult) -> str:
    """One clause of a sentence, apart from what works: a known defect is expected, and no news."""
    new = sum(finding.defect is None and finding.outcome == "failed" for finding in report.findings)
    parts = [f"{new} {'failure is' if new == 1 else 'failures are'} not known"] if new else []
    if report.stale_defects:
        parts.append("defects.toml is wrong")
    if any(cell.verdict in ("unknown", "uninstallable") for cell in report.cells) or not report.cells:
        parts.append("not everything was decided")
    if parts:
        return ", ".join(parts)
    return "nothing fails but known defects" if any(f.defect for f in report.findings) else "nothing fails"
