"""The files that show the matrix, all made from ``matrix.json``, and that file read back as the input that it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.files import write_whole
from market_data_meta.render.matrix.badge import badge
from market_data_meta.render.matrix.heatmap import heatmap
from market_data_meta.render.matrix.markdown import matrix_markdown
from market_data_meta.render.page.site import site
from market_data_meta.schemas import read_given

NAME, PROOF = "matrix.json", "proof.json"


def write_matrix(folder: Path, data: Mapping[str, Any], contract: Contract) -> None:
    """Write matrix.md, matrix.svg, badge.json and the page (site/index.html) of ``data`` into ``folder``.

    The page says what a proof that lies there found, if it is of the same suite.
    """
    proof = None
    if (folder / PROOF).is_file():
        found = read_given(contract.root, folder / PROOF, "prove", "mdmeta prove writes it again")
        proof = found if found["suite"] == data["suite"] else None
    write_whole(folder / "matrix.md", matrix_markdown(data))
    write_whole(folder / "matrix.svg", heatmap(data))
    write_whole(folder / "badge.json", json.dumps(badge(data)) + "\n")
    write_whole(folder / "site" / "index.html", site(data, contract, proof))


def read_matrix(file: Path, root: Path) -> dict[str, Any]:
    """What ``mdmeta matrix`` wrote. Raises MetaError for a file that it cannot have written."""
    hint = "mdmeta matrix writes it again, and runs nothing that it knows"
    data = read_given(root, file, "matrix", hint)
    astray = next(_astray(data), None)
    if astray:
        raise MetaError("bad-matrix", f"{file} contradicts itself", astray, hint)
    return data


def _astray(data: Mapping[str, Any]) -> Iterator[str]:
    """What a schema cannot say: that all is there which is pointed at, and that requirements can be read."""
    packages = data["packages"]
    for name, codes in packages.items():
        if any(len(code["releases"]) != len(code["uploaded"]) for code in codes):
            yield f"the releases of {name} are not those that have a date"
    for number, cell in enumerate(data["cells"]):
        if cell["codes"].keys() != packages.keys() or cell["combination"].keys() != packages.keys():
            yield f"cell {number} is not of the packages {', '.join(packages)}"
        elif any(at >= len(packages[name]) for name, at in cell["codes"].items()):
            yield f"cell {number} is of a code that no package has"
    for row in data["supported"]:
        if not {row["package"], row["other"]} <= packages.keys() or not _is_specifier(row["asks"] or ""):
            yield f"{row['package']} {row['version']} cannot ask {row['other']} for {row['asks']!r}"
    for finding in data["findings"]:
        if any(at >= len(data["cells"]) for at in finding["cells"]):
            yield f"a finding of {finding['clause']} is of a cell that there is not"


def _is_specifier(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True
