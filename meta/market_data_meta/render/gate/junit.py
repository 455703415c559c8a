"""A gate as JUnit XML: a case for each cause and each difference, in however many cells, and one for each cell."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from market_data_meta.render.gate import cause_words, observation_words, words
from market_data_meta.render.junit_xml import document, with_counts, xml_text
from market_data_meta.render.text import number, printable
from market_data_meta.results.gate import GateResult

_BAD = ("failure", "error")


def gate_junit(gate: GateResult) -> str:
    """The XML text. A break is one failure; the cells in which it is have no case of their own."""
    root = ET.Element("testsuites", name="market-data-meta gate")
    suites = [*([_causes(gate)] if gate.causes else []), _clauses(gate), _cells(gate)]
    suites += [_observations(gate)] if gate.observations else []
    if gate.exit and not any(suite.find(f"./testcase/{kind}") is not None for suite in suites for kind in _BAD):
        # No evidence is not passing: a gate that did not pass shows it, whatever is missing.
        case = ET.SubElement(suites[-1], "testcase", classname="cells", name="evidence")
        ET.SubElement(case, "error", message=_text(f"{words.verdict(gate)}: {words.outcome_text(gate)}"))
    root.extend(with_counts(suite) for suite in suites)
    return document(root)


def _causes(gate: GateResult) -> ET.Element:
    """A case for each cause; it alone fails, and what follows from it refers to it."""
    suite = ET.Element("testsuite", name="causes")
    for cause in gate.causes:
        case = ET.SubElement(suite, "testcase", classname="causes", name=_text(cause_words.place(cause)))
        fails = cause_words.fails(gate, cause)
        node = ET.SubElement(case, "failure" if fails else "skipped", message=_text(cause_words.title(cause)))
        node.text = _text("\n".join(f"{name}: {value}" for name, value in cause_words.facts(gate, cause)))
    return suite


def _observations(gate: GateResult) -> ET.Element:
    """A case for each finding of the observations, and one for all that was compared."""
    suite = ET.Element("testsuite", name="observations")
    for finding in observation_words.findings(gate) + observation_words.findings(gate, accepted=True):
        case = ET.SubElement(suite, "testcase", classname="observations", name=_text(finding.symbol))
        message = observation_words.title(finding)
        if observation_words.fails(gate, finding):
            node = ET.SubElement(case, "failure", message=_text(message))
        else:
            why = f"it is meant ({finding.accepted})" if finding.accepted else "only reported"
            node = ET.SubElement(case, "skipped", message=_text(f"{why}: {message}"))
        node.text = _text("\n".join(f"{name}: {value}" for name, value in observation_words.facts(gate, finding)))
    if gate.observations and gate.observations.fault:
        case = ET.SubElement(suite, "testcase", classname="observations", name="evidence")
        ET.SubElement(case, "error", message=_text(gate.observations.fault))
    return suite


def _clauses(gate: GateResult) -> ET.Element:
    suite = ET.Element("testsuite", name="clauses")
    for difference in gate.differences:
        case = ET.SubElement(suite, "testcase", classname="clauses", name=_text(difference.clause))
        blamed = words.guilty(gate, difference.guilty)
        about = f"{difference.kind} ({difference.level}) because of {blamed}: {difference.rule}"
        if difference.cause is not None:
            because = cause_words.title(gate.causes[difference.cause])
            node = ET.SubElement(case, "skipped", message=_text(f"it follows from {because}: {about}"))
        elif difference.kind == words.REGRESSION and gate.fails(difference):
            node = ET.SubElement(case, "failure", message=_text(about))
        elif difference.kind == words.REGRESSION:
            node = ET.SubElement(case, "skipped", message=_text(f"only reported: {about}"))
        elif difference.kind == words.UNDECIDED:
            node = ET.SubElement(case, "error", message=_text(about))
        else:
            node = ET.SubElement(case, "system-out")
        node.text = _text("\n".join(f"{name}: {value}" for name, value in words.facts(gate, difference)))
    for failure in gate.known:
        case = ET.SubElement(suite, "testcase", classname="clauses", name=_text(failure.clause))
        message = f"it fails as before, in {number(len(failure.cells), 'cell')}: {failure.rule}"
        ET.SubElement(case, "skipped", message=_text(message))
    return suite


def _cells(gate: GateResult) -> ET.Element:
    suite = ET.Element("testsuite", name="cells")
    before = {row.cell for row in gate.uninstallable if row.before}
    for cell in gate.cells:
        if cell.verdict == "regressed":
            continue
        case = ET.SubElement(suite, "testcase", classname="cells", name=_text(cell.cell))
        why = _text("; ".join(cell.reasons) or cell.verdict)
        if cell.verdict == "unknown":
            ET.SubElement(case, "error", message=why)
        elif cell.verdict == "uninstallable" and cell.cell in before:
            ET.SubElement(case, "skipped", message=f"not installable, as before: {why}")
        elif cell.verdict == "uninstallable":
            ET.SubElement(case, "failure", message=f"no longer installable: {why}")
    return suite


def _text(text: str) -> str:
    return xml_text(printable(text))
