"""What the releases' requirements keep out, worked out version by version: a page in a browser reads no specifiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packaging.specifiers import SpecifierSet


def refused(data: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """For each package and each requirement on it (``asks`` in ``matrix.json``) the published versions it refuses."""
    versions = {name: [v for code in codes for v in code["releases"]] for name, codes in data["packages"].items()}
    found: dict[str, dict[str, list[str]]] = {name: {} for name in versions}
    for row in data["supported"]:
        asks, other = row["asks"], row["other"]
        if asks and asks not in found[other]:
            specifier = SpecifierSet(asks)
            found[other][asks] = [v for v in versions[other] if not specifier.contains(v, prereleases=True)]
    return found
