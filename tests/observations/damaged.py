"""A payload and what may become of it on its way: fields gone, null or of another type, other encodings, halves."""

from __future__ import annotations

import json
from typing import Any


def damaged(payload: Any) -> dict[str, Any]:
    """The payload as it is and its variants, by what is wrong with each."""
    if isinstance(payload, dict):
        return {
            "right": payload,
            **_of_object(payload),
            "none": None,
            "text": json.dumps(payload, default=str),
            "list": [payload],
        }
    if not isinstance(payload, bytes | str):
        return {"right": payload, "none": None, "empty": type(payload)()}
    text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload

    def own(changed: str) -> bytes | str:
        return changed.encode() if isinstance(payload, bytes) else changed

    found: dict[str, Any] = {"right": payload, **_of_encodings(text)}
    found |= {label: own(part) for label, part in _of_text(text).items()}
    try:
        value = json.loads(text)
    except ValueError:
        return found
    if isinstance(value, dict):
        found |= {label: own(json.dumps(part)) for label, part in _of_object(value).items()}
        found["spaced"] = own(json.dumps(value, indent=2))
        found["reversed"] = own(json.dumps(dict(reversed(value.items()))))
        found["not ascii"] = own(json.dumps(value | {"accents": "Ünï €"}, ensure_ascii=False))
    return found


def _of_text(text: str) -> dict[str, str]:
    return {
        "empty": "",
        "half": text[: len(text) // 2],
        "padded": f"  {text}\n",
        "null": "null",
        "a list": f"[{text}]",
        "number": "5",
        "words": "not json",
        "nan": '{"a": NaN}',
    }


def _of_encodings(text: str) -> dict[str, Any]:
    return {
        "bytes": text.encode(),
        "str": text,
        "bytearray": bytearray(text.encode()),
        "memoryview": memoryview(text.encode()),
        "utf-16": text.encode("utf-16"),
        "with a mark": b"\xef\xbb\xbf" + text.encode(),
        "latin-1": ("ü" + text).encode("latin-1", "replace"),
        "none": None,
        "dict": {"a": 1},
    }


def _of_object(value: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"surplus": value | {"surplus_field": {"a": [1]}}, "nothing": {}}
    for name, part in value.items():
        found[f"without {name}"] = {key: each for key, each in value.items() if key != name}
        found[f"null {name}"] = value | {name: None}
        found[f"text {name}"] = value | {name: "x"}
        found[f"number {name}"] = value | {name: 5}
        found[f"list {name}"] = value | {name: [1]}
        if isinstance(part, str):
            found[f"other case {name}"] = value | {name: part.swapcase()}
        elif isinstance(part, int | float) and not isinstance(part, bool):
            found[f"numeric text {name}"] = value | {name: str(part)}
        elif isinstance(part, dict) and part:
            found |= {
                f"{name}: {label}": value | {name: inner}
                for label, inner in _of_object(part).items()
                if ": " not in label
            }
    return found
