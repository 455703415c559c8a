"""Read metrics the way a scraper sees them, and where their names are declared."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from mdc_source import statements

METRIC_CLASSES = frozenset({"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"})


def value(name: str, **labels: str) -> float | None:
    """The sample ``name`` with exactly these labels in the default registry; None if there is none."""
    found: float | None = REGISTRY.get_sample_value(name, labels)
    return found


def samples(name: str) -> list[Any]:
    """Every sample called ``name`` in the default registry."""
    return [sample for family in REGISTRY.collect() for sample in family.samples if sample.name == name]


def total(name: str, **labels: str) -> float:
    """The sum over every sample ``name`` whose labels include these."""
    return sum(float(sample.value) for sample in samples(name) if labels.items() <= sample.labels.items())


def exposed(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The samples in an exposition, by name and labels. Raises ValueError for text that is not one."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def families(text: str) -> list[str]:
    """The name of each family in an exposition, as often as it stands there."""
    return [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]


def declared(packages: list[str]) -> Iterator[tuple[str, str]]:
    """Each metric that a module of ``packages`` puts into the default registry when imported: its name and place.

    Read from the source, because a module that catches the collision goes on without its metric and says nothing.
    """
    for package in packages:
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            for file in sorted(Path(folder).rglob("*.py")):
                text = file.read_text(encoding="utf-8")
                if "prometheus_client" in text:
                    place = f"{package}/{file.relative_to(folder).as_posix()}"
                    yield from ((name, place) for name in _declared_in(ast.parse(text)))


def _declared_in(tree: ast.Module) -> Iterator[str]:
    aliases = {
        alias.asname or alias.name
        for node in statements(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "prometheus_client"
        for alias in node.names
        if alias.name in METRIC_CLASSES
    }
    for call in _run_at_import(tree):
        known = isinstance(call.func, ast.Name) and call.func.id in aliases
        private = any(keyword.arg == "registry" for keyword in call.keywords)
        if known and not private and call.args and isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value).removesuffix("_total")


def _run_at_import(node: ast.AST) -> Iterator[ast.Call]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from _run_at_import(child)
