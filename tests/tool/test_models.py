"""Documents: JSON that every parser reads, whatever a package says, and errors that name the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from market_data_meta.errors import MetaError
from market_data_meta.judging.records import read_record
from market_data_meta.models import Document, Model, json_text, parsed
from market_data_meta.results.parts import Value
from market_data_meta.schemas import read_document


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


def strictly(text: str) -> object:
    """The value of a text that is JSON by the letter."""

    def refuse(constant: str) -> object:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_half_of_a_character_does_not_get_into_json() -> None:
    text = json_text(Sample(text="a\ud800b", value=["\udfff", "\U0001f600"]))
    assert "\\ud800" not in text
    assert strictly(text) == {"text": "a�b", "value": ["�", "\U0001f600"], "parts": []}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_no_document_holds_what_is_no_number(number: float) -> None:
    with pytest.raises(MetaError, match="bad-file"):
        parsed(Sample, {"text": "", "value": number}, "sample.json")


def test_a_record_that_says_nan_is_read_as_its_name(tmp_path: Path) -> None:
    header = {"kind": "header", "format": 1, "cell": "a", "combination": {}, "suite": "", "expected": {}}
    header |= {"third_party_choice": "highest", "forced": []}
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
def test_a_file_that_is_no_document_is_told_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "sample.json"
    file.write_text(text)
    with pytest.raises(MetaError, match=place) as raised:
        read_document(file, Sample, "write it again")
    assert "pydantic" not in str(raised.value)
    assert "sample.json" in str(raised.value)
