"""The JSON Schemas of our documents, for ``contracts/schemas``. Run as a program, this module writes them."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from pathlib import Path

import market_data_meta
from market_data_meta.contract import find_root
from market_data_meta.files import write_whole
from market_data_meta.models import document_kinds, schema_text


def published_schemas() -> dict[str, str]:
    """The text of the schema of each document that has one, by the file's name."""
    for module in pkgutil.walk_packages(market_data_meta.__path__, f"{market_data_meta.__name__}."):
        # These modules run as programs, or in an environment under test; none of them has a document.
        if not module.name.startswith(("market_data_meta.__main__", "market_data_meta.inside.")):
            import_module(module.name)
    kinds = [kind for kind in document_kinds() if kind.__module__.startswith(f"{market_data_meta.__name__}.")]
    return {f"{kind.schema_name}.schema.json": schema_text(kind) for kind in kinds}


def main() -> None:
    """Write the schemas that differ from their files, and print the files' names."""
    folder = find_root(Path.cwd()) / "contracts" / "schemas"
    for name, text in published_schemas().items():
        file = folder / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            write_whole(file, text)
            print(f"wrote {file}", file=sys.stderr)


if __name__ == "__main__":
    main()
