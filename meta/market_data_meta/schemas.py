"""A JSON file that anyone may have written, read as the input that it is: bounded, and of its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.models import D, invalid

MAX_BYTES = 50 << 20
"""A gate of every cell with a hundred differences has less than a tenth of it, and so has the complete matrix."""
MAX_DEPTH = 64
"""Values within values: what a check got is a list of lists at most."""


def schema(root: Path, name: str) -> dict[str, Any]:
    """One of the schemas of our own formats, ``contracts/schemas/<name>.schema.json``."""
    data: dict[str, Any] = json.loads((root / "contracts" / "schemas" / f"{name}.schema.json").read_text())
    return data


def read_document(file: Path, kind: type[D], hint: str) -> D:
    """What is in ``file``, whoever wrote it. Raises MetaError that names the file where it is no ``kind``."""
    name = kind.schema_name
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise MetaError(ErrorCode.UNREADABLE, f"cannot read {file}", str(error.strerror), hint) from None
    if len(text) > MAX_BYTES:
        raise MetaError(kind.error_code, f"{file} has more than {MAX_BYTES >> 20} MiB", hint=hint)
    try:
        data = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MetaError(ErrorCode.NOT_JSON, f"{file} is not JSON", str(error)[:300], hint) from None
    if _deeper(data, MAX_DEPTH):
        raise MetaError(kind.error_code, f"{file} is not a {name}", f"it nests deeper than {MAX_DEPTH}", hint)
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise invalid(kind, error, str(file), hint) from None


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _deeper(value: object, depth: int) -> bool:
    """Whether there are values within values to more than some depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(depth == 0 or _deeper(item, depth - 1) for item in inner)
