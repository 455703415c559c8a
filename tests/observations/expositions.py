"""Prometheus expositions: families by name, with what a query or an alarm relies on."""

from __future__ import annotations

from typing import Any

from describing import Json

_OF_LIBRARY = ("python_", "process_")
"""Families that the client library adds, whose values are those of this process."""


def is_exposition(text: str) -> bool:
    """Whether a text is an exposition."""
    return "# TYPE " in text and text.lstrip().startswith("#")


def families_in(text: str) -> dict[str, Json]:
    """The families of an exposition."""
    from prometheus_client.parser import text_string_to_metric_families

    return dict(
        sorted(
            (family.name, family_seen(family))
            for family in text_string_to_metric_families(text)
            if not family.name.startswith(_OF_LIBRARY)
        )
    )


def family_seen(family: Any) -> Json:
    """A family: its type, and for each of its samples the labels and their values; buckets are labels."""
    samples: dict[str, Json] = {}
    for sample in family.samples:
        if not sample.name.endswith("_created"):
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            samples.setdefault(sample.name, {})[labels] = True
    return {"type": family.type, "help": family.documentation, "samples": samples}
