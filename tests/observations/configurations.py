"""A whole configuration of each package in a file, for what is handed the path of one: any other is refused."""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Callable
from typing import Any

import describing
from given_files import file_with
from plain_samples import Sample

_IS_CONFIGURATION = re.compile(r"^(config|configuration|settings)(_?(path|file))?$", re.IGNORECASE)


def configurations(kind: Callable[[str], Any], name: str) -> list[Sample]:
    """The paths of such files, where a parameter is named for one; else nothing."""
    tops = sorted(describing.PACKAGES) if _IS_CONFIGURATION.match(name) else ()
    return [Sample(f"{top}.yaml", functools.partial(_file, kind, top)) for top in tops]


def _file(kind: Callable[[str], Any], top: str) -> Any:
    return file_with(kind, f"{top}.yaml", _content(top))


@functools.cache
def _content(top: str) -> bytes:
    # Imported here: what configurations are made of are values as well.
    from config_files import whole_configuration

    modules = [module for name, module in sorted(sys.modules.items()) if name.split(".")[0] == top]
    kinds = dict.fromkeys(part for module in modules for part in vars(module).values() if isinstance(part, type))
    return json.dumps(whole_configuration(kind for kind in kinds if kind.__module__.split(".")[0] == top)).encode()
