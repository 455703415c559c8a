"""Our documents: their schemas are the committed ones, and errors say in plain words what is wrong with a file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from examples import ROOT
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from market_data_meta.errors import MetaError
from market_data_meta.field_types import Constraint, NonEmptyText, Sentence
from market_data_meta.models import Document, InputFile, input_faults, json_text, read_input, schema_text
from market_data_meta.published_schemas import published_schemas

SCHEMAS = published_schemas()


@dataclass(frozen=True)
class Shelf:
    """A shelf of a shop."""

    rule: Sentence
    goods: Annotated[tuple[NonEmptyText, ...], Constraint(min_length=1)] = ("bread",)
    notes: Mapping[str, Any] = field(default_factory=dict)


class Shop(InputFile):
    """shop.toml: what a shop has.

    It is made up
    for these tests.
    """

    # Without a schema name in its own right it is no format of ours.
    schema_name: ClassVar[str]

    format: Literal[1]
    shelves: Mapping[Annotated[str, Constraint(pattern="^[a-z]+$")], Shelf]
    discount: float = 0.0
    owner: NonEmptyText | None = None


class Sale(Document):
    """A sale."""

    schema_name: ClassVar[str]

    price: float = 1.0
    thing: Any = None


GOOD = {"format": 1, "shelves": {"left": {"rule": "Dry goods."}}}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_committed_schema_is_that_of_its_model(name: str) -> None:
    """``scripts/write-schemas`` writes them."""
    assert (ROOT / "contracts" / "schemas" / name).read_text(encoding="utf-8") == SCHEMAS[name]


def test_every_file_that_the_tool_reads_has_a_schema() -> None:
    files = {"packages", "clauses", "defects", "releases", "snapshot", "ledger", "breaks", "harmless", "mutants"}
    assert {f"{name}.schema.json" for name in files} <= SCHEMAS.keys()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 2}, "format: 2 is not 1"),
        ({"format": "1"}, 'format: "1" is not 1'),
        ({"shelves": []}, "shelves: [] is not a table"),
        ({"shelves": {"Left": {"rule": "Dry."}}}, 'shelves/Left: "Left" does not match ^[a-z]+$'),
        ({"shelves": {"left": {}}}, "shelves/left/rule is missing"),
        ({"shelves": {"left": {"rule": "Dry"}}}, 'shelves/left/rule: "Dry" does not match ^[^\\n]+\\.$'),
        ({"shelves": {"left": {"rule": "Dry.", "goods": []}}}, "shelves/left/goods: [] is shorter than 1"),
        ({"shelves": {"left": {"rule": "Dry.", "goods": [""]}}}, 'shelves/left/goods/0: "" is shorter than 1'),
        ({"shelves": {"left": {"rule": "Dry.", "goods": "all"}}}, 'shelves/left/goods: "all" is not an array'),
        ({"shelves": {"left": {"rule": "Dry.", "colour": 1}}}, "shelves/left/colour is an unknown field"),
        ({"discount": "0.5"}, 'discount: "0.5" is not a number'),
        ({"discount": True}, "discount: true is not a number"),
        ({"discount": float("nan")}, "discount: NaN: it should be a finite number"),
        ({"opened": date(2026, 1, 1)}, "2026-01-01 is a date, which must be written as a string"),
    ],
)
def test_an_error_names_the_place_and_what_is_wrong(change: dict[str, object], sentence: str) -> None:
    assert input_faults(Shop, GOOD | change) == [sentence]
    with pytest.raises(MetaError) as error:
        read_input(Shop, GOOD | change, Path("shop.toml"))
    assert str(error.value) == f"shop.toml: {sentence} [bad-file]"


def test_an_error_names_three_of_many_faults() -> None:
    with pytest.raises(
        MetaError, match=r"a is an unknown field; b is an unknown field; c is an unknown field; and 2 more"
    ):
        read_input(Shop, GOOD | dict.fromkeys("abcde", 1), Path("shop.toml"))


def test_a_document_is_frozen_and_has_the_declared_types() -> None:
    data = tomllib.loads(
        'format = 1\n[shelves.left]\nrule = "Dry."\ngoods = ["rye"]\nnotes = { width = 2, depth = inf }'
    )
    shop = read_input(Shop, data, Path("shop.toml"))
    assert shop.shelves["left"] == Shelf("Dry.", ("rye",), {"width": 2, "depth": float("inf")})
    with pytest.raises(ValidationError):
        shop.format = 1  # type: ignore[misc]  # that is what is tested


def test_json_has_neither_nan_nor_infinity() -> None:
    assert json.loads(json_text(Sale(price=2.5))) == {"price": 2.5, "thing": None}
    with pytest.raises(ValidationError):
        Sale(price=float("inf"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(Sale(thing=[float("nan")]))


def test_a_schema_has_titles_and_descriptions_from_docstrings() -> None:
    schema = json.loads(schema_text(Shop))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["title"], schema["description"]) == ("shop.toml: what a shop has.", "It is made up for these tests.")
    assert schema["$defs"]["Shelf"]["title"] == "A shelf of a shop."


def test_a_field_with_a_default_is_optional_in_input_and_required_in_output() -> None:
    assert json.loads(schema_text(Shop))["required"] == ["format", "shelves"]
    assert json.loads(schema_text(Sale))["required"] == ["price", "thing"]


@pytest.mark.parametrize(
    "change",
    [
        {"shelves": {"Left": {"rule": "Dry."}}},
        {"shelves": {"left": {"rule": "Dry.", "goods": []}}},
        {"shelves": {"left": {"rule": "Dry.", "colour": 1}}},
        {"owner": None},
        {"opened": 1},
    ],
)
def test_a_schema_refuses_an_invalid_file(change: dict[str, object]) -> None:
    validator = Draft202012Validator(json.loads(schema_text(Shop)))
    assert validator.is_valid(GOOD)
    assert not validator.is_valid(GOOD | change)
