"""The reference payloads of the contract, and messages made from them: what a producer may put on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ReferencePayloads:
    """The payloads of ``recordings/reference.json``, each by its name."""

    take: dict[str, bytes]
    refuse: dict[str, bytes]

    @classmethod
    def read(cls, contracts: Path) -> ReferencePayloads:
        """Read them from the folder ``contracts/``."""
        by_meaning: dict[str, dict[str, bytes]] = {"take": {}, "refuse": {}}
        for each in json.loads((contracts / "recordings" / "reference.json").read_text(encoding="utf-8"))["payloads"]:
            # Bytes that are no UTF-8 stand in the file as lone surrogates.
            by_meaning[each["meaning"]][each["name"]] = each["data"].encode(errors="surrogateescape")
        return cls(**by_meaning)

    def __getitem__(self, name: str) -> bytes:
        return self.take[name] if name in self.take else self.refuse[name]

    def message(self, **fields: Any) -> bytes:
        """The documented envelope with other ``fields`` in its event: ``message(level="soft", ts=2.0)``."""
        envelope = json.loads(self["documented-v1"])
        envelope["payload"] |= fields
        return json.dumps(envelope).encode()
