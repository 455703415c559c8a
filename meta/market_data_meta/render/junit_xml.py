"""JUnit XML: the parts that the report's and the gate's renderers share."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(root: ET.Element) -> str:
    """The XML text of a tree."""
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def with_counts(suite: ET.Element) -> ET.Element:
    """The suite, with the numbers of its cases as attributes."""
    cases = list(suite)
    suite.set("tests", str(len(cases)))
    for kind, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(1 for case in cases if case.find(kind) is not None)))
    return suite


def xml_text(text: str) -> str:
    """The text without the characters that XML has no way to write."""
    return _NOT_XML.sub("�", text)
