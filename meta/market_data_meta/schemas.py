"""Reads JSON files that anyone may have written: their size and depth are limited, and they must be of their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.models import DocumentT, document_error
from market_data_meta.strict_json import strict_json

MAX_BYTES = 50 << 20
"""The largest gate, of every cell with a hundred differences, has less than a tenth of it, as has the whole matrix."""
MAX_DEPTH = 64
"""Levels of values within values: a check got a list of lists at most."""


def schema(root: Path, name: str) -> dict[str, Any]:
    """The JSON Schema of a format of ours, ``contracts/schemas/<name>.schema.json``."""
    data: dict[str, Any] = json.loads((root / "contracts" / "schemas" / f"{name}.schema.json").read_text())
    return data


def read_document(file: Path, kind: type[DocumentT], hint: str) -> DocumentT:
    """The document in ``file``. Raises MetaError that names the file where it is not a document of this ``kind``."""
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise MetaError(ErrorCode.UNREADABLE, f"cannot read {file}", str(error.strerror), hint) from None
    return document_of(text, kind, str(file), hint)


def document_of(text: bytes, kind: type[DocumentT], source: str, hint: str) -> DocumentT:
    """The document that ``text`` is. Raises MetaError that names its ``source`` where it is none of this ``kind``."""
    name = kind.schema_name
    if len(text) > MAX_BYTES:
        raise MetaError(kind.error_code, f"{source} has more than {MAX_BYTES >> 20} MiB", hint=hint)
    try:
        data = strict_json(text)
    except ValueError as error:
        raise MetaError(ErrorCode.NOT_JSON, f"{source} is not JSON", str(error)[:300], hint) from None
    if _nests_deeper(data, MAX_DEPTH):
        raise MetaError(kind.error_code, f"{source} is not a {name}", f"it nests deeper than {MAX_DEPTH}", hint)
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise document_error(kind, error, source, hint) from None


def _nests_deeper(value: object, depth: int) -> bool:
    """Whether a value has more than ``depth`` levels of values within values."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(depth == 0 or _nests_deeper(item, depth - 1) for item in inner)
