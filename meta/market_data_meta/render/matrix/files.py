"""The files that show the matrix: all are made from ``matrix.json``, which is read back as any other input."""

from __future__ import annotations

import json
from pathlib import Path

from market_data_meta.contract import Contract
from market_data_meta.files import write_whole
from market_data_meta.render.matrix.badge import badge
from market_data_meta.render.matrix.markdown import matrix_markdown
from market_data_meta.render.matrix.picture import matrix_picture
from market_data_meta.render.page.site import site
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.proof import ProofResult
from market_data_meta.schemas import read_document

NAME, PROOF = "matrix.json", "proof.json"


def write_matrix(folder: Path, matrix: MatrixResult, contract: Contract) -> None:
    """Write matrix.md, matrix.svg, badge.json and the page (site/index.html) into ``folder``.

    The page quotes the proof that lies in the folder, if it is of the same suite.
    """
    proof = None
    if (folder / PROOF).is_file():
        newest_proof = read_document(folder / PROOF, ProofResult, "mdmeta prove writes it again")
        proof = newest_proof if newest_proof.suite == matrix.suite else None
    write_whole(folder / "matrix.md", matrix_markdown(matrix))
    write_whole(folder / "matrix.svg", matrix_picture(matrix))
    write_whole(folder / "badge.json", json.dumps(badge(matrix)) + "\n")
    write_whole(folder / "site" / "index.html", site(matrix, contract, proof))


def read_matrix(file: Path) -> MatrixResult:
    """The matrix that ``mdmeta matrix`` wrote to a file. Raises MetaError where the file is not a matrix."""
    return read_document(file, MatrixResult, "mdmeta matrix writes it again, and runs nothing that it knows")
