"""The report as JUnit XML, for systems that show test results: a suite for each cell, a case for each clause."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from market_data_meta.judging.verdicts import CellVerdict, Report

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report_junit(report: Report) -> str:
    """The XML text. A waived failure is skipped with its reason; a cell without evidence is one case in error."""
    root = ET.Element("testsuites", name="market-data-meta")
    for cell in report.cells:
        root.append(_suite(cell))
    root.append(_waivers(report))
    return document(root)


def document(root: ET.Element) -> str:
    """The XML text of a tree."""
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _waivers(report: Report) -> ET.Element:
    """A suite of its own for what fails a report without being a cell: rotten waivers; absent cells are skipped."""
    suite = ET.Element("testsuite", name="waivers")
    for rot in report.rotten:
        name = f"{rot.waiver.clause} {rot.waiver.fingerprint}"
        case = ET.SubElement(suite, "testcase", classname="waivers", name=name)
        ET.SubElement(case, "failure", message=xml_text(rot.how))
    for name in report.absent:
        case = ET.SubElement(suite, "testcase", classname="waivers", name=name)
        ET.SubElement(case, "skipped", message="no such interpreter here")
    return counted(suite)


def _suite(cell: CellVerdict) -> ET.Element:
    suite = ET.Element("testsuite", name=cell.cell)
    if cell.verdict in ("unknown", "uninstallable"):
        case = ET.SubElement(suite, "testcase", classname=cell.cell, name="evidence")
        ET.SubElement(case, "error", message=xml_text("; ".join(cell.reasons)))
    findings = {finding.clause.id: finding for finding in cell.findings}
    for name, check in sorted((cell.record.checks if cell.record else {}).items()):
        if name.startswith("controls."):
            continue
        case = ET.SubElement(suite, "testcase", classname=cell.cell, name=name, time=f"{check.duration:.3f}")
        finding = findings.get(name)
        if finding and finding.waiver:
            ET.SubElement(case, "skipped", message=xml_text(f"waived: {finding.waiver.reason}"))
        elif check.outcome == "not-applicable":
            ET.SubElement(case, "skipped", message=xml_text(str(check.message)))
        elif check.outcome == "error":
            ET.SubElement(case, "error", message=xml_text(str(check.message)))
        elif finding and finding.clause.level == "should":
            ET.SubElement(case, "skipped", message=xml_text(f"should: {check.message}, got {json.dumps(check.got)}"))
        elif finding:
            node = ET.SubElement(case, "failure", message=xml_text(f"{finding.clause.rule} ({finding.clause.level})"))
            expected, got = json.dumps(check.expected, ensure_ascii=False), json.dumps(check.got, ensure_ascii=False)
            node.text = xml_text(f"{check.message}\nexpected: {expected}\ngot: {got}\nsource: {finding.clause.source}")
    return counted(suite)


def counted(suite: ET.Element) -> ET.Element:
    """The suite, with the numbers of its cases as attributes."""
    cases = list(suite)
    suite.set("tests", str(len(cases)))
    for kind, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(1 for case in cases if case.find(kind) is not None)))
    return suite


def xml_text(text: str) -> str:
    """The text without the characters that XML has no way to write."""
    return _NOT_XML.sub("�", text)
