"""The files that show the matrix: all are made from ``matrix.json``, which is read back as any other input."""

from __future__ import annotations

import json
from pathlib import Path

from market_data_meta.contract import Contract
from market_data_meta.files import write_whole
from market_data_meta.render.backtest.files import NAME as BACKTEST
from market_data_meta.render.matrix.badge import badge
from market_data_meta.render.matrix.markdown import matrix_markdown
from market_data_meta.render.matrix.picture import matrix_picture
from market_data_meta.render.page.site import site
from market_data_meta.results.backtest import BacktestResult
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.proof import ProofResult
from market_data_meta.schemas import read_document

NAME, PROOF = "matrix.json", "proof.json"


def write_matrix(folder: Path, matrix: MatrixResult, contract: Contract) -> None:
    """Write matrix.md, matrix.svg, badge.json and the page (site/index.html) into ``folder``.

    The page quotes the proof and the backtest that lie in the folder, if they are of the same suite.
    """
    proof, backtest = None, None
    if (folder / PROOF).is_file():
        newest_proof = read_document(folder / PROOF, ProofResult, "mdmeta prove writes it again")
        proof = newest_proof if newest_proof.suite == matrix.suite else None
    if (folder / BACKTEST).is_file():
        newest = read_document(folder / BACKTEST, BacktestResult, "mdmeta backtest writes it again")
        backtest = newest if (newest.suite, newest.as_of) == (matrix.suite, matrix.as_of) else None
    write_whole(folder / "matrix.md", matrix_markdown(matrix))
    write_whole(folder / "matrix.svg", matrix_picture(matrix))
    write_whole(folder / "badge.json", json.dumps(badge(matrix)) + "\n")
    write_whole(folder / "site" / "index.html", site(matrix, contract, proof, backtest))


def read_matrix(file: Path) -> MatrixResult:
    """The matrix that ``mdmeta matrix`` wrote to a file. Raises MetaError where the file is not a matrix."""
    return read_document(file, MatrixResult, "mdmeta matrix writes it again, and runs nothing that it knows")
