"""The base classes of all typed values that are written to or read from our files.

A ``Model`` is a part of a file, a ``Document`` a whole file or ``--json`` output. A document has a name, under which
``contracts/schemas`` has the JSON Schema that is made from it.

This module loads pydantic, which takes longer than ``mdmeta --help`` may. Modules that only some commands need are
therefore imported inside the functions that need them.
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
from market_data_meta.strict_json import without_surrogates

DocumentT = TypeVar("DocumentT", bound="Document")
InputFileT = TypeVar("InputFileT", bound="InputFile")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Model(BaseModel):
    """A frozen value with exactly the fields that it declares, each of the declared type and no other."""

    # Not strict, because JSON has arrays for tuples; the fields that must not be converted are strict themselves.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        # NaN and infinity are dumped as they are, so that json_text refuses them; by default they would be null.
        ser_json_inf_nan="constants",
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )


class Document(Model):
    """A whole file or output. ``schema_name`` is the stem of its file in ``contracts/schemas``."""

    schema_name: ClassVar[str]
    error_code: ClassVar[ErrorCode] = ErrorCode.BAD_FILE
    """The code of the error for a file that is not a document of this kind."""


class InputTable(Model):
    """A part of a file that people write, in which nothing is converted."""

    model_config = ConfigDict(strict=True)


class InputFile(InputTable, Document):
    """A whole file that people write. Its schema says what may be written: a field with a default may be left out."""

    schema_name: ClassVar[str]


def json_text(document: Document, *, indent: int | None = 1) -> str:
    """The document as JSON that every parser reads: without NaN, infinity and lone surrogates, and with every field."""
    data = document.model_dump(mode="json", by_alias=True)
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return json.dumps(json.loads(without_surrogates(text)), indent=indent) + "\n"


def parse_document(kind: type[DocumentT], data: object, name: str, hint: str = "") -> DocumentT:
    """``data`` as a document of this kind. Raises MetaError that says where the file ``name`` is wrong, and how."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise document_error(kind, error, name, hint) from None


def document_error(kind: type[Document], error: ValidationError, name: str, hint: str) -> MetaError:
    """The error for a file that is not a document of this kind; it names the first place that is wrong."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = "/".join(map(str, first["loc"])) or "the whole"
    why = f"{where}: {first['msg'].removeprefix('Value error, ')}"[:300]
    return MetaError(kind.error_code, f"{name} is not a {kind.schema_name}", why, hint)


def schema_text(kind: type[Document]) -> str:
    """The JSON Schema of a document; titles are the first lines of docstrings, descriptions the further lines."""
    mode: Literal["validation", "serialization"] = "validation" if issubclass(kind, InputFile) else "serialization"
    root = kind.model_json_schema(by_alias=True, mode=mode, schema_generator=_SchemaGenerator)
    parts = root.pop("$defs", {})
    schema = {"$schema": DIALECT, **_titled(root)}
    if parts:
        schema["$defs"] = {name: _titled(parts[name]) for name in sorted(parts)}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def document_kinds(kind: type[Document] = Document) -> Iterator[type[Document]]:
    """Every kind of document whose module has been imported."""
    for child in kind.__subclasses__():
        if "schema_name" in vars(child):
            yield child
        yield from document_kinds(child)


def read_input(model: type[InputFileT], data: object, file: Path) -> InputFileT:
    """The file whose TOML or JSON is ``data``. Raises MetaError that names the file and what is wrong where."""
    document, faults = _validated(model, data)
    if document is None:
        more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise MetaError(ErrorCode.BAD_FILE, f"{file}: {'; '.join(faults[:3])}{more}")
    return document


def input_faults(model: type[InputFile], data: object) -> list[str]:
    """Everything that is wrong with a file, a sentence for each fault that begins with its place."""
    return _validated(model, data)[1]


def _validated(model: type[InputFileT], data: object) -> tuple[InputFileT | None, list[str]]:
    """The file as a document, or None and everything that is wrong with it."""

    def refuse_type(value: object) -> str:
        raise TypeError(f"{value} is a {type(value).__name__}, which must be written as a string")

    try:
        # By way of JSON, as a strict model takes an array of JSON for a tuple and converts nothing else. TOML's NaN is
        # accepted in a field of any type, but not as a number.
        return model.model_validate_json(json.dumps(data, default=refuse_type)), []
    except ValidationError as error:
        return None, [_sentence(fault) for fault in error.errors(include_url=False) if not _repeats(fault)]
    except TypeError as error:
        return None, [str(error)]


def _repeats(fault: ErrorDetails) -> bool:
    """Whether an array counts as too short only because of invalid items, each of which has a fault of its own."""
    return fault["type"] == "too_short" and len(fault["input"]) >= fault["ctx"]["min_length"]


def _sentence(fault: ErrorDetails) -> str:
    """A sentence about a fault that begins with its place: ``clauses/hard-pauses/level: …``."""
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
        case fault_type if fault_type in _EXPECTED_TYPES:
            return f"{place}: {value} is not {_EXPECTED_TYPES[fault_type]}"
        case _:
            return f"{place}: {value}: {fault['msg'].replace('Input should', 'it should')}"


_EXPECTED_TYPES = {
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
"""The type that a value should have had, by pydantic's name for the fault."""


class _SchemaGenerator(GenerateJsonSchema):
    """Makes schemas without titles that repeat the names of fields, and with patterns that every key must match."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - as pydantic calls it
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Require the pattern of every key: pydantic's own schema allows any value under a key that does not match."""
        json_schema = super().dict_schema(schema)
        for pattern, values in json_schema.pop("patternProperties", {}).items():
            json_schema |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
        return json_schema

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Allow no null in files that people write: a field that is None here is left out of the file."""
        return self.generate_inner(schema["schema"]) if self.mode == "validation" else super().nullable_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave out a default that is empty."""
        json_schema = super().default_schema(schema)
        if json_schema.get("default"):
            return json_schema
        return {key: value for key, value in json_schema.items() if key != "default"}

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        """Leave the properties in the order of the fields."""
        return value


def _titled(schema: JsonSchemaValue) -> JsonSchemaValue:
    """The schema with the first line of its docstring as the title, and the others as the description."""
    title, _, description = schema.get("description", "").partition("\n\n")
    texts = {"title": " ".join(title.split()), "description": " ".join(description.split())}
    others = {key: value for key, value in schema.items() if key not in texts}
    return {key: text for key, text in texts.items() if text} | others
