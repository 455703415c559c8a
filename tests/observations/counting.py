"""What Prometheus metrics count: the registries of this process, and the samples in them."""

from __future__ import annotations

import functools
import gc
from typing import Any

from describing import Json, describe

_OF_LIBRARY = ("gc_collector", "platform_collector", "process_collector")
_REGISTRIES: list[Any] = []
"""All registries of this process."""


def watch_registries() -> None:
    """Know the registries that there are, and those that are made from now on."""
    from prometheus_client import CollectorRegistry

    gc.unfreeze()
    _REGISTRIES[:] = [each for each in gc.get_objects() if isinstance(each, CollectorRegistry)]
    gc.freeze()
    if (begin := CollectorRegistry.__init__).__name__ != "watched":

        @functools.wraps(begin)
        def watched(self: Any, *args: Any, **kwargs: Any) -> None:
            begin(self, *args, **kwargs)
            _REGISTRIES.append(self)

        watched.__name__ = "watched"
        CollectorRegistry.__init__ = watched


def collectors() -> list[tuple[Any, Any]]:
    """The collectors that are not the client library's own, with their registries."""
    return [
        (registry, collector)
        for registry in _REGISTRIES
        for collector in list(registry._collector_to_names)
        if not type(collector).__module__.endswith(_OF_LIBRARY)
    ]


Samples = dict[tuple[str, str, str], float]


def samples_now() -> Samples:
    """All samples of this process, by type, name and labels."""
    found: Samples = {}
    for _, collector in collectors():
        for family in collector.collect():
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                    found[family.type, sample.name, labels] = sample.value
    return found


def changes_since(before: Samples) -> dict[str, Json]:
    """What has been counted since then, by family and labels."""
    seen: dict[str, Json] = {}
    for (kind, name, labels), value in samples_now().items():
        old = before.get((kind, name, labels))
        if value == old or (not value and old is None and name.endswith("_bucket")):
            continue
        # What a call took, in real time, is another each time: a histogram's buckets are told by its family.
        if not name.endswith("_bucket"):
            change = describe(value) if kind == "gauge" else round(value - (old or 0), 1)
            seen.setdefault(name, {})[labels] = change
    return seen
