"""Prometheus metrics: the families that there are, and what a call of each public function or method counts."""

from __future__ import annotations

import contextlib
import functools
import gc
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from calling import run
from describing import Json, describe
from expositions import families_in, is_exposition
from hanging import ended_if_it_hangs
from surface import PublicObject, Surface, is_defined_in
from unit import Observation, Unit
from values import Case, NoSampleError, argument_cases

_OF_LIBRARY = ("gc_collector", "platform_collector", "process_collector")
CASES = 2
"""Calls of one function: what it counts depends little on odd arguments."""
HUNG = 2
"""Calls of one module that may hang."""
_REGISTRIES: list[Any] = []
"""All registries of this process."""


def units(surface: Surface) -> Iterable[Unit]:
    """The families that importing makes, and for each module what is counted when it is used."""
    try:
        import prometheus_client as _  # noqa: F401 - without it there are no metrics
    except ImportError:
        return
    _watch_registries()
    if not _collectors():
        return
    yield Unit("metrics", f"{surface.package} families", lambda: _families(set()))
    modules: dict[str, list[PublicObject]] = {}
    for each in surface.objects():
        if not (isinstance(each.value, type) and issubclass(each.value, BaseException)) and _speaks_of_metrics(
            each.value.__module__
        ):
            modules.setdefault(each.location.rpartition(".")[0], []).append(each)
    for module, found in modules.items():
        yield Unit("metrics", module, functools.partial(_uses, found, surface))


@functools.cache
def _speaks_of_metrics(module: str) -> bool:
    """Whether a module may count anything: to call all others would take time, and show nothing."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError, KeyError):
        return True
    return re.search(r"metric|prometheus|telemetry|counter|gauge|histogram", source, re.IGNORECASE) is not None


def _watch_registries() -> None:
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


def _collectors() -> list[tuple[Any, Any]]:
    """The collectors that are not the client library's own, with their registries."""
    return [
        (registry, collector)
        for registry in _REGISTRIES
        for collector in list(registry._collector_to_names)
        if not type(collector).__module__.endswith(_OF_LIBRARY)
    ]


def _families(known: set[int]) -> Iterator[Observation]:
    """An observation for each family: one that is added changes none of the others."""
    from prometheus_client import REGISTRY

    names: dict[str, int] = {}
    for registry, collector in _collectors():
        if id(collector) not in known:
            known.add(id(collector))
            name = str(getattr(collector, "_name", type(collector).__name__))
            names[name] = names.get(name, 0) + 1
            label = "family" if names[name] == 1 else f"family {names[name]}"
            seen = _family(collector) | {"in the default registry": registry is REGISTRY}
            yield f"{name}[{label}]", lambda seen=seen: seen


def _family(collector: Any) -> dict[str, Json]:
    if not hasattr(collector, "_labelnames"):
        return {
            "families": {
                family.name: {"type": family.type, "help": family.documentation} for family in collector.collect()
            }
        }
    bounds = getattr(collector, "_kwargs", {}).get("buckets", getattr(collector, "_upper_bounds", None))
    return {
        "type": getattr(collector, "_type", ""),
        "help": getattr(collector, "_documentation", ""),
        "labels": {name: number for number, name in enumerate(collector._labelnames)},
        "buckets": [str(bound) for bound in bounds] if bounds else None,
    }


Samples = dict[tuple[str, str, str], float]


def _samples() -> Samples:
    found: Samples = {}
    for _, collector in _collectors():
        for family in collector.collect():
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                    found[family.type, sample.name, labels] = sample.value
    return found


def _uses(found: list[PublicObject], surface: Surface) -> Iterator[Observation]:
    warnings.simplefilter("ignore")
    known, hung = {id(collector) for _, collector in _collectors()}, list[bool]()
    for each in found:
        for name, call in _calls(each, surface):
            yield f"{each.location}{name}[counts]", lambda call=call: _counted(call, hung)
        yield from _families(known)


def _counted(call: Callable[[], Any], hung: list[bool]) -> Json:
    """What a call counts, and the exposition that it returns, if it does; where some have hung, no more are made."""
    if len(hung) >= HUNG:
        return {}
    before, result = _samples(), list[Any]()
    with ended_if_it_hangs(hung):
        run(lambda: _kept(call, result))
    seen = _changes(before, _samples())
    if result and (text := _text_of(result[0])) is not None:
        seen["exposition"] = {"type": type(result[0]).__name__, "families": families_in(text)}
    return seen


async def _kept(call: Callable[[], Any], result: list[Any]) -> None:
    returned = call()
    if inspect.isawaitable(returned):
        returned = await returned
    result.append(returned)


def _text_of(value: Any) -> str | None:
    body = getattr(value, "body", value)
    with contextlib.suppress(UnicodeDecodeError):
        text = body.decode() if isinstance(body, bytes) else body
        if isinstance(text, str) and is_exposition(text):
            return text
    return None


def _changes(before: Samples, after: Samples) -> dict[str, Json]:
    seen: dict[str, Json] = {}
    for (kind, name, labels), value in after.items():
        old = before.get((kind, name, labels))
        if value == old or (not value and old is None and name.endswith("_bucket")):
            continue
        # What a call took, in real time, is another each time: a histogram's buckets are told by its family.
        if not name.endswith("_bucket"):
            change = describe(value) if kind == "gauge" else round(value - (old or 0), 1)
            seen.setdefault(name, {})[labels] = change
    return seen


def _calls(each: PublicObject, surface: Surface) -> Iterator[tuple[str, Callable[[], Any]]]:
    if not isinstance(each.value, type):
        for case in _cases(each.value):
            yield "" if not case.label else f" {case.label}", functools.partial(case.call, each.value)
        return
    if getattr(each.value, "_is_protocol", False) or not (makers := _cases(each.value)):
        return
    made: list[Any] = []
    yield "", lambda: made.append(makers[0].call(each.value))
    for name in sorted(dir(each.value)):
        function = getattr(
            inspect.getattr_static(each.value, name), "__func__", inspect.getattr_static(each.value, name)
        )
        if name.startswith("_") or not inspect.isfunction(function) or not is_defined_in(function, surface.imports):
            continue
        if made:
            for case in _cases(getattr(made[0], name)):
                yield (
                    f".{name}{' ' if case.label else ''}{case.label}",
                    functools.partial(_called, each.value, makers[0], name, case),
                )


def _called(kind: type, maker: Case, name: str, case: Case) -> Any:
    """Call the method of a new instance, made inside of the loop that it works in."""
    return case.call(getattr(maker.call(kind), name))


def _cases(function: Any) -> list[Case]:
    try:
        return argument_cases(function)[:CASES]
    except (NoSampleError, ValueError, TypeError, NameError):
        return []
