"""A proof in words: its figures in one sentence, with the date on which they were taken."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


def detected(data: Mapping[str, Any]) -> str:
    """What the suite was seen to detect and to leave alone, and when; in counts, which nobody has to round."""
    breaks, harmless, mutants = data["breaks"], data["harmless"], data["mutants"]
    when = time.strftime("%Y-%m-%d", time.gmtime(data["start"]))
    machine = f" and {mutants['caught']:,} of {mutants['of']:,} machine-made mutants" if mutants["of"] else ""
    return (
        f"Proven on {when}: of {breaks['of']:,} seeded breaks the suite catches {breaks['right']:,}{machine}; "
        f"of {harmless['of']:,} harmless changes it leaves {harmless['right']:,} alone."
    )
