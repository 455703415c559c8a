"""The ledger's files are written as they were read, and an invalid one is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.files import write_all
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import ledger_texts, load_ledger


def test_a_ledger_is_written_as_it_was_read(contract: Contract, ledger: Ledger, root: Path, tmp_path: Path) -> None:
    write_all(ledger_texts(tmp_path, ledger))
    for name in (*contract.packages, "snapshot"):
        file = Path("contracts", "releases", f"{name}.json")
        assert (tmp_path / file).read_text(encoding="utf-8") == (root / file).read_text(encoding="utf-8")
    assert load_ledger(tmp_path, contract.packages) == ledger


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("core", {"format": 2}, "unknown-format"),
        ("core", {"releases": [{"version": "1.0"}]}, "bad-file"),
        ("core", {"package": float("nan")}, "not-json"),
        ("snapshot", {"as_of": "today"}, "bad-file"),
        ("snapshot", {"deployed": {}}, "bad-file"),
    ],
)
def test_an_invalid_file_is_named(
    ledger: Ledger, tmp_path: Path, name: str, change: dict[str, object], code: str
) -> None:
    write_all(ledger_texts(tmp_path, ledger))
    file = tmp_path / "contracts" / "releases" / f"{name}.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(MetaError, match=rf"{name}\.json") as error:
        load_ledger(tmp_path, ["core"])
    assert error.value.code == code
