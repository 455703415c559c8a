"""The report as JUnit XML, for systems that show test results: a suite for each cell, a case for each clause."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from market_data_meta.render.junit_xml import document, with_counts, xml_text
from market_data_meta.results.report import ReportCell, ReportFinding, ReportResult


def report_junit(report: ReportResult) -> str:
    """The XML text. A known defect is skipped with what it means; a cell without evidence is one case in error."""
    root = ET.Element("testsuites", name="market-data-meta")
    findings = {(name, finding.clause): finding for finding in report.findings for name in finding.cells}
    for cell in report.cells:
        root.append(_suite(cell, findings))
    root.append(_expectations(report))
    return document(root)


def _expectations(report: ReportResult) -> ET.Element:
    """A suite of its own for what is no cell: a wrong entry of defects.toml fails; a mended defect does not."""
    suite = ET.Element("testsuite", name="known defects")
    for stale in report.stale_defects:
        case = ET.SubElement(suite, "testcase", classname="known defects", name=f"{stale.defect} {stale.clause}")
        ET.SubElement(case, "failure", message=xml_text(stale.how))
    for mended in report.mended:
        case = ET.SubElement(suite, "testcase", classname="known defects", name=f"{mended.defect} {mended.clause}")
        ET.SubElement(case, "skipped", message=f"mended in {mended.package} {mended.version}")
    for name in report.absent:
        case = ET.SubElement(suite, "testcase", classname="known defects", name=name)
        ET.SubElement(case, "skipped", message="no such interpreter here")
    return with_counts(suite)


def _suite(cell: ReportCell, findings: dict[tuple[str, str], ReportFinding]) -> ET.Element:
    suite = ET.Element("testsuite", name=cell.cell)
    if cell.verdict in ("unknown", "uninstallable"):
        case = ET.SubElement(suite, "testcase", classname=cell.cell, name="evidence")
        ET.SubElement(case, "error", message=xml_text("; ".join(cell.reasons)))
    for check in cell.checks:
        case = ET.SubElement(suite, "testcase", classname=cell.cell, name=check.clause, time=f"{check.seconds:.3f}")
        finding = findings.get((cell.cell, check.clause))
        if finding and finding.means is not None:
            ET.SubElement(case, "skipped", message=xml_text(f"known defect: {finding.means}"))
        elif check.outcome == "not-applicable":
            ET.SubElement(case, "skipped", message=xml_text(str(check.message)))
        elif check.outcome == "error":
            ET.SubElement(case, "error", message=xml_text(str(check.message)))
        elif finding and finding.level == "should":
            ET.SubElement(case, "skipped", message=xml_text(f"should: {check.message}, got {json.dumps(finding.got)}"))
        elif finding:
            node = ET.SubElement(case, "failure", message=xml_text(f"{finding.rule} ({finding.level})"))
            expected, got = (json.dumps(value, ensure_ascii=False) for value in (finding.expected, finding.got))
            node.text = xml_text(f"{check.message}\nexpected: {expected}\ngot: {got}\nsource: {finding.source}")
    return with_counts(suite)
