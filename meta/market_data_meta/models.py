"""The base of every typed value that is written to or read from a file of ours.

A ``Model`` is a part, a ``Document`` a whole file or a whole ``--json`` output: it has a name, under which
``contracts/schemas`` holds the JSON Schema that is made from it.

This loads pydantic, which takes longer than ``mdmeta --help`` may: what only some commands need is imported inside of
the function that needs it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema

from market_data_meta.errors import ErrorCode, MetaError

D = TypeVar("D", bound="Document")
F = TypeVar("F", bound="InputFile")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Model(BaseModel):
    """A frozen value with exactly the fields that it declares, each of the declared type and no other."""

    # Lax, because JSON has arrays where a value has tuples; the fields that must not be converted say so.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        # As they are, so that json_text refuses those in a field of any type; they would be null otherwise.
        ser_json_inf_nan="constants",
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )


class Document(Model):
    """A whole file or output. ``schema_name`` is the stem of its file in ``contracts/schemas``."""

    schema_name: ClassVar[str]
    error_code: ClassVar[ErrorCode] = ErrorCode.BAD_FILE
    """The code of the error for a file that is none."""


class InputTable(Model):
    """A part of a file that people write, in which nothing is converted."""

    model_config = ConfigDict(strict=True)


class InputFile(InputTable, Document):
    """A whole file that people write. Its schema says what may be written: a field with a default may be left out."""

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
    return MetaError(kind.error_code, f"{name} is not a {kind.schema_name}", why, hint)


def schema_text(kind: type[Document]) -> str:
    """The JSON Schema of a document; titles and descriptions are the first and the further lines of docstrings."""
    mode: Literal["validation", "serialization"] = "validation" if issubclass(kind, InputFile) else "serialization"
    schema = kind.model_json_schema(by_alias=True, mode=mode, schema_generator=_Schema)
    parts = schema.pop("$defs", {})
    whole = {"$schema": DIALECT, **_titled(schema)}
    if parts:
        whole["$defs"] = {name: _titled(parts[name]) for name in sorted(parts)}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def documents(kind: type[Document] = Document) -> Iterator[type[Document]]:
    """Every kind of document that has been loaded."""
    for child in kind.__subclasses__():
        if "schema_name" in vars(child):
            yield child
        yield from documents(child)


def read_input(model: type[F], data: object, file: Path) -> F:
    """The file whose TOML or JSON is ``data``. Raises MetaError that names file, places and what is wrong there."""
    document, faults = _validated(model, data)
    if document is None:
        more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise MetaError(ErrorCode.BAD_FILE, f"{file}: {'; '.join(faults[:3])}{more}")
    return document


def input_faults(model: type[InputFile], data: object) -> list[str]:
    """All that is wrong with a file, each in a sentence that begins with its place; empty if nothing is."""
    return _validated(model, data)[1]


def _validated(model: type[F], data: object) -> tuple[F | None, list[str]]:
    """The file as a document, or all that is wrong with it."""

    def refused(value: object) -> str:
        raise TypeError(f"{value} is a {type(value).__name__}, which is to be written as a text")

    try:
        # Of JSON an array fits a tuple, and nothing else is converted. TOML's NaN fits a field of any type, no number.
        return model.model_validate_json(json.dumps(data, default=refused)), []
    except ValidationError as error:
        return None, [_sentence(fault) for fault in error.errors(include_url=False) if not _repeats(fault)]
    except TypeError as error:
        return None, [str(error)]


def _repeats(fault: ErrorDetails) -> bool:
    """Whether it says only that an array has wrong items, which have faults of their own: they count as missing."""
    return fault["type"] == "too_short" and len(fault["input"]) >= fault["ctx"]["min_length"]


def _sentence(fault: ErrorDetails) -> str:
    """What is wrong in one sentence, and where, as ``clauses/hard-pauses/level: …``."""
    place = "/".join(str(part) for part in fault["loc"] if part != "[key]") or "the whole file"
    value = json.dumps(fault["input"], ensure_ascii=False, default=str)[:100]
    context = fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            return f"{place} is missing"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return f"{place} is an unknown field"
        case "string_pattern_mismatch":
            return f"{place}: {value} does not match {context['pattern']}"
        case "string_too_short" | "too_short":
            return f"{place}: {value} is shorter than {context['min_length']}"
        case "too_long":
            return f"{place}: {value} is longer than {context['max_length']}"
        case "literal_error":
            return f"{place}: {value} is not {context['expected']}"
        case "value_error":
            return f"{place}: {context['error']}"
        case kind if kind in _TYPES:
            return f"{place}: {value} is not {_TYPES[kind]}"
        case _:
            return f"{place}: {value}: {fault['msg'].replace('Input should', 'it should')}"


_TYPES = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "an array",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "dataclass_type": "a table",
}
"""What a value should have been, by pydantic's name for the fault."""


class _Schema(GenerateJsonSchema):
    """Without the titles that repeat the names of fields, and with no way around the pattern of a key."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - as pydantic calls it
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Every key has the pattern; by pydantic's own, one without it may hold anything."""
        made = super().dict_schema(schema)
        for pattern, values in made.pop("patternProperties", {}).items():
            made |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
        return made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """What is None inside is left out of a file that we read: no file has a null for it."""
        return self.generate_inner(schema["schema"]) if self.mode == "validation" else super().nullable_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without a default that is nothing: what is not there is not there."""
        made = super().default_schema(schema)
        return made if made.get("default") else {key: value for key, value in made.items() if key != "default"}

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        """In the order of the fields."""
        return value


def _titled(schema: JsonSchemaValue) -> JsonSchemaValue:
    """The schema with the title and the description that its docstring says."""
    title, _, description = schema.get("description", "").partition("\n\n")
    named = {"title": " ".join(title.split()), "description": " ".join(description.split())}
    rest = {key: value for key, value in schema.items() if key not in named}
    return {key: text for key, text in named.items() if text} | rest
