"""What the releases' requirements keep out, worked out version by version: a page in a browser reads no specifiers."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet

from market_data_meta.results.matrix import MatrixResult


def refused(matrix: MatrixResult) -> dict[str, dict[str, list[str]]]:
    """For each package and each requirement on it (``asks`` in ``matrix.json``) the published versions it refuses."""
    versions = {
        name: [v for content in contents for v in content.releases] for name, contents in matrix.packages.items()
    }
    found: dict[str, dict[str, list[str]]] = {name: {} for name in versions}
    for row in matrix.supported:
        asks, other = row.asks, row.other
        if asks and asks not in found[other]:
            specifier = SpecifierSet(asks)
            found[other][asks] = [v for v in versions[other] if not specifier.contains(v, prereleases=True)]
    return found
