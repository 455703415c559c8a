"""Known defects as Markdown: the list, and the text of an issue for the repository whose code has one."""

from __future__ import annotations

from market_data_meta.contract import Contract
from market_data_meta.render.defect_lines import capabilities_line, versions_line
from market_data_meta.render.markdown_text import line
from market_data_meta.results.defects import DefectDescription, DefectList


def defects_markdown(listed: DefectList, contract: Contract) -> str:
    """A table for each package of what it has to mend."""
    lines = ["# Known defects", ""]
    for package in dict.fromkeys(defect.package for defect in listed.defects):
        lines += [f"## {package}", "", "| what it means | versions | capabilities | id |", "|---|---|---|---|"]
        lines += [
            f"| {line(defect.means)} | {line(versions_line(defect.versions))} "
            f"| {line(capabilities_line(defect, contract))} | `{defect.id}` |"
            for defect in listed.defects
            if defect.package == package
        ]
        lines.append("")
    return "\n".join(lines)


def defects_report(defect: DefectDescription, contract: Contract) -> str:
    """The text of an issue: title, what a user notices, cause, versions, workaround, and how to see it."""
    lines = [f"# {defect.means.rstrip('.')}", ""]
    lines += [f"**Versions:** {versions_line(defect.versions)}", "", f"**Cause:** {defect.cause}", ""]
    lines += [f"**Effect on users:** it {capabilities_line(defect, contract)}.", ""]
    if defect.workaround:
        lines += [f"**Workaround:** {defect.workaround}", ""]
    if defect.reproducer:
        lines += ["This script ends with 1 while the defect is there; its first line says how to run it:", ""]
        lines += ["```python", defect.reproducer.rstrip()]
        lines += ["```", ""]
    rules = dict.fromkeys(
        contract.clauses[shown.clause].rule for shown in defect.shown_by if shown.clause in contract.clauses
    )
    lines += ["What is expected:", "", *(f"- {line(rule)}" for rule in rules)]
    clauses = ", ".join(f"`{shown.clause}`" for shown in defect.shown_by)
    lines += ["", f"Found by the conformance suite of market-data-meta, clauses {clauses}."]
    return "\n".join(lines) + "\n"
