"""The bounds of a field: what lies within them comes first, as anything else is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from plain_samples import Sample, literal

_ORDERED = (int, float)


def within(samples: list[Sample], metadata: Sequence[Any]) -> list[Sample]:
    """The samples with those first that the metadata of an annotation allow; one is made if there is none."""
    low, high = max(_bounds(metadata, "ge", "gt"), default=None), min(_bounds(metadata, "le", "lt"), default=None)
    numbers = [sample for sample in samples if type(sample.value) in _ORDERED]
    if (low is None and high is None) or not numbers:
        return samples
    inside = [sample for sample in numbers if _is_between(low, sample.value, high)]
    if not inside:
        inside = [literal(type(numbers[0].value)(_between(low, high)))]
    return [*inside, *(sample for sample in samples if sample not in inside)]


def _bounds(metadata: Sequence[Any], *names: str) -> Iterator[Any]:
    for each in metadata:
        # What pydantic's Field says is a list of its own.
        yield from _bounds(getattr(each, "metadata", ()), *names)
        yield from (bound for name in names if isinstance(bound := getattr(each, name, None), _ORDERED))


def _is_between(low: Any, value: Any, high: Any) -> bool:
    return (low is None or low < value) and (high is None or value < high)


def _between(low: Any, high: Any) -> Any:
    if low is not None and high is not None:
        return (low + high) / 2
    return low + 1 if low is not None else high - 1
