"""The base of every typed value that is written to or read from a file of ours.

A ``Model`` is a part, a ``Document`` a whole file or a whole ``--json`` output: it has a name, under which
``contracts/schemas`` holds the JSON Schema that is made from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from market_data_meta.errors import MetaError

D = TypeVar("D", bound="Document")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Model(BaseModel):
    """A frozen value with exactly the fields that it declares, each of the declared type and no other."""

    # Lax, because JSON has arrays where a value has tuples; the fields that must not be converted say so.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )


class Document(Model):
    """A whole file or output. ``schema_name`` is the stem of its file in ``contracts/schemas``."""

    schema_name: ClassVar[str]


def json_text(document: Document, *, indent: int | None = 1) -> str:
    """The document as JSON that every parser reads: no NaN, no infinity, no half of a character, every field there."""
    data = document.model_dump(mode="json", by_alias=True)
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    # A package may say half of a surrogate pair, which many parsers refuse.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(json.loads(whole), indent=indent) + "\n"


def parsed(kind: type[D], data: object, name: str, hint: str = "") -> D:
    """``data`` as a document of this kind. Raises MetaError that says where ``name`` is wrong, and how."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise invalid(kind, error, name, hint) from None


def invalid(kind: type[Document], error: ValidationError, name: str, hint: str) -> MetaError:
    """The error for a file that is not a document of this kind: the first place that is wrong, in one sentence."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = "/".join(map(str, first["loc"])) or "the whole"
    why = f"{where}: {first['msg'].removeprefix('Value error, ')}"[:300]
    return MetaError(f"bad-{kind.schema_name}", f"{name} is not a {kind.schema_name}", why, hint)


def schema_text(kind: type[Document]) -> str:
    """The JSON Schema of a document, as ``contracts/schemas`` has it."""
    schema = kind.model_json_schema(by_alias=True, mode="serialization", schema_generator=_Schema)
    return json.dumps({"$schema": DIALECT, **schema}, indent=1, ensure_ascii=False) + "\n"


def documents(kind: type[Document] = Document) -> Iterator[type[Document]]:
    """Every kind of document that has been loaded."""
    for child in kind.__subclasses__():
        if "schema_name" in vars(child):
            yield child
        yield from documents(child)


class _Schema(GenerateJsonSchema):
    """Without the titles that repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - as pydantic calls it
        return False
