"""Prometheus metrics: the families that there are, and what a call of each public function or method counts."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from call_cases import Case
from calling import run
from counting import changes_since, collectors, samples_now, watch_registries
from describing import Json
from expositions import families_in, is_exposition
from hanging import ended_if_it_hangs
from surface import PublicObject, Surface, is_defined_in
from unit import Observation, Unit
from values import NoSampleError, argument_cases

CASES = 2
"""Calls of one function: what it counts depends little on odd arguments."""
HUNG = 2
"""Calls of one module that may hang."""


def units(surface: Surface) -> Iterable[Unit]:
    """The families that importing makes, and for each module what is counted when it is used."""
    try:
        import prometheus_client as _  # noqa: F401 - without it there are no metrics
    except ImportError:
        return
    watch_registries()
    if not collectors():
        return
    yield Unit("metrics", surface.package, lambda: _families(set(), f"{surface.package} "))
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


def _families(known: set[int], maker: str) -> Iterator[Observation]:
    """An observation for each family that is new: one that is added changes none of the others."""
    from prometheus_client import REGISTRY

    said: set[str] = set()
    for registry, collector in collectors():
        name = str(getattr(collector, "_name", type(collector).__name__))
        label = f"{maker}{name}[family{'' if registry is REGISTRY else ' of another registry'}]"
        if id(collector) not in known and label not in said:
            seen = _family(collector)
            yield label, lambda seen=seen: seen
        known.add(id(collector))
        said.add(label)


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


def _uses(found: list[PublicObject], surface: Surface) -> Iterator[Observation]:
    warnings.simplefilter("ignore")
    known, hung = {id(collector) for _, collector in collectors()}, list[bool]()
    for each in found:
        for name, call in _calls(each, surface):
            yield f"{each.location}{name}[counts]", lambda call=call: _counted(call, hung)
        yield from _families(known, f"{each.location}: ")


def _counted(call: Callable[[], Any], hung: list[bool]) -> Json:
    """What a call counts, and the exposition that it returns, if it does; where some have hung, no more are made."""
    if len(hung) >= HUNG:
        return {}
    before, result = samples_now(), list[Any]()
    with ended_if_it_hangs(hung):
        run(lambda: _kept(call, result))
    seen = changes_since(before)
    if result and (text := _text_of(result[0])) is not None:
        seen["exposition"] = {"type": type(result[0]).__name__, "families": dict.fromkeys(families_in(text), True)}
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
