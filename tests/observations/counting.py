"""What Prometheus metrics count: the registries of this process, the samples in them, and what changes these."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any

from describing import Json, describe

_OF_LIBRARY = ("gc_collector", "platform_collector", "process_collector")
_REGISTRIES: list[Any] = []
"""All registries of this process."""


class Counts:
    """What has been counted since it was last taken: the value of each sample that something has changed."""

    def __init__(self) -> None:
        self._changed: dict[str, Json] = {}

    def note(self, sample: str, kind: str, value: float) -> None:
        """Remember a change: to what a gauge was set, by how much a counter went up, how often something was measured.

        What is measured is mostly time, which is virtual here: its sum is the same in each run.
        """
        if kind in ("histogram", "summary"):
            # Each measurement changes its sum, and buckets and a count as well.
            if sample.partition("{")[0].endswith("_sum"):
                times, total = self._changed.get(sample, (0, 0.0))
                self._changed[sample] = times + 1, round(total + value, 2)
        elif kind == "gauge":
            self._changed[sample] = describe(value)
        elif value:
            self._changed[sample] = round(self._changed.get(sample, 0) + value, 1)

    def take(self) -> dict[str, Json]:
        """What was counted so far, which is then forgotten."""
        changed, self._changed = self._changed, {}
        return changed


COUNTS = Counts()
_GAUGES: list[Any] = []
"""The values of all gauges."""


def keep_gauges() -> Callable[[], None]:
    """What puts all gauges back to where they stand now, and those that come later to nothing."""
    stands = [(gauge, gauge.get()) for gauge in _GAUGES]

    def restore() -> None:
        for gauge, value in stands:
            gauge.put_back(value)
        for gauge in _GAUGES[len(stands) :]:
            gauge.put_back(0.0)

    return restore


def install(values: Any) -> None:
    """Have each value of the client library's module of values say when it changes."""
    kind = values.MutexValue
    begin, increase, put = kind.__init__, kind.inc, kind.set

    def start(self: Any, typ: str, family: str, name: str, labels: Any, texts: Any, *rest: Any, **others: Any) -> None:
        begin(self, typ, family, name, labels, texts, *rest, **others)
        self.sample = f"{name}{{{','.join(f'{label}={text}' for label, text in zip(labels, texts, strict=False))}}}"
        self.of_kind = typ
        if typ == "gauge":
            _GAUGES.append(self)

    def inc(self: Any, amount: float) -> None:
        increase(self, amount)
        COUNTS.note(self.sample, self.of_kind, self.get() if self.of_kind == "gauge" else amount)

    def set_(self: Any, value: float, *rest: Any, **others: Any) -> None:
        put(self, value, *rest, **others)
        COUNTS.note(self.sample, self.of_kind, value)

    kind.__init__, kind.inc, kind.set, kind.put_back = start, inc, set_, put


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
