"""The JSON Schemas of our own formats are those of the models, and are written from them."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import market_data_meta
from market_data_meta.models import Document, document_kinds, schema_text

SCHEMAS = Path(__file__).parents[2] / "contracts" / "schemas"


def every_document() -> dict[str, type[Document]]:
    """The kinds of documents by the names of their schemas, of all modules of the tool."""
    for module in pkgutil.walk_packages(market_data_meta.__path__, "market_data_meta."):
        if ".inside." not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {kind.schema_name: kind for kind in document_kinds() if kind.__module__.startswith("market_data_meta.")}


def test_each_schema_is_that_of_its_model() -> None:
    """``mdmeta check --fix`` writes them."""
    kinds = every_document()
    assert kinds
    written = {name: (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8") for name in kinds}
    assert [name for name, kind in kinds.items() if written[name] != schema_text(kind)] == []
