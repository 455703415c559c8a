"""Documents become JSON that every parser reads, whatever text a package gives, and errors name the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from market_data_meta.errors import MetaError
from market_data_meta.judging.records import read_record
from market_data_meta.models import Document, Model, json_text, parse_document
from market_data_meta.results.parts import Value
from market_data_meta.schemas import read_document
from market_data_meta.strict_json import strict_json


class Part(Model):
    """A part."""

    count: int


class Sample(Document):
    """A document made up for these tests."""

    # Without a schema name in its own right it is no format of ours.
    schema_name: ClassVar[str]

    text: str
    value: Value
    parts: tuple[Part, ...] = ()


Sample.schema_name = "sample"


def test_half_of_a_surrogate_pair_is_replaced_in_json() -> None:
    text = json_text(Sample(text="a\ud800b", value=["\udfff", "\U0001f600"]))
    assert "\\ud800" not in text
    assert strict_json(text) == {"text": "a�b", "value": ["�", "\U0001f600"], "parts": []}


def test_every_command_prints_and_writes_json_by_the_one_function_that_keeps_it_strict(root: Path) -> None:
    """Who prints JSON asks for ``as_json``, and what stands behind it is made by ``json_text``."""
    printing = set()
    for file in sorted((root / "meta" / "market_data_meta" / "commands").glob("*.py")):
        text = file.read_text()
        assert "json.dump" not in text, file.name
        if "if as_json" in text:
            assert text.count("json_text(") >= text.count("if as_json:"), file.name
            printing.add(file.stem)
    assert {"can_i_deploy", "check", "defects", "explain", "gate", "history", "matrix", "prove", "releases"} <= printing


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_document_refuses_nan_and_infinity(number: float) -> None:
    with pytest.raises(MetaError, match="bad-file"):
        parse_document(Sample, {"text": "", "value": number}, "sample.json")


def test_nan_in_a_record_is_read_as_text(tmp_path: Path) -> None:
    header = {"kind": "header", "format": 1, "cell": "a", "combination": {}, "suite": "", "expected": {}}
    header |= {"third_party_choice": "highest", "forced": [], "lane": "warm", "as_of": None, "clauses": []}
    check = '{"kind": "check", "clause": "a.b", "outcome": "failed", "message": "m", "expected": 1, "got": NaN,'
    file = tmp_path / "record.jsonl"
    file.write_text(f'{json.dumps(header)}\n{check} "duration": 0.1}}\n')
    assert read_record(file).checks["a.b"].got == "NaN"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"text": "", "value": 1, "parts": [{"count": "1"}]}', "parts/0/count"),
        ('{"text": "", "value": 1, "more": 1}', "more"),
        ('{"text": "", "value": NaN}', "NaN is not JSON"),
        ("[", "is not JSON"),
    ],
)
def test_an_error_names_the_place_that_is_wrong_in_a_file(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "sample.json"
    file.write_text(text)
    with pytest.raises(MetaError, match=place) as raised:
        read_document(file, Sample, "write it again")
    assert "pydantic" not in str(raised.value)
    assert "sample.json" in str(raised.value)
