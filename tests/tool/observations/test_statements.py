"""What a database's double answers is made up from the statement alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from observations.small_package import PROBES

CASES = {
    "SELECT a.id, max(ts) AS last_ts, price FROM x": ["id", "last_ts", "price"],
    "INSERT INTO x (a) VALUES (1) RETURNING id": ["id"],
    "WITH y AS (SELECT a FROM b) SELECT c FROM y": ["c"],
    "SELECT count(*) FROM x": ["count"],
    "DELETE FROM x": [],
}


@pytest.mark.parametrize("text", CASES)
def test_columns(text: str) -> None:
    """A statement's columns are those that a server would send."""
    command = [sys.executable, "-c", "import sys, edge_sql; print(edge_sql.columns(sys.argv[1]))", text]
    done = subprocess.run(command, cwd=PROBES, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(CASES[text])
