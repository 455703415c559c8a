"""What modules of the packages remember between calls: each observation begins with what was there at first."""

from __future__ import annotations

import collections
import functools
import sys
from collections.abc import Callable
from typing import Any

import counting
import describing

_CONTAINERS = (dict, list, set, collections.deque, collections.defaultdict, collections.OrderedDict)
_PLAIN = (int, float, str, bool, bytes, type(None))


class ModuleState:
    """Collections and variables of modules, and the attributes of instances in them, as they were when it was kept."""

    def __init__(self) -> None:
        self._restore: list[Callable[[], None]] = []

    def keep(self) -> None:
        """Take what is there now for what each observation begins with."""
        known: set[int] = set()
        self._restore = [counting.keep_gauges()]
        for name, module in sorted(sys.modules.items()):
            if name.split(".")[0] in describing.PACKAGES:
                self._keep_variables(vars(module))
                for value in [value for key, value in vars(module).items() if not key.startswith("__")]:
                    self._keep(value, known)

    def restore(self) -> None:
        """Put it back."""
        for restore in self._restore:
            restore()

    def _keep_variables(self, module: dict[str, Any]) -> None:
        # Constants, functions and classes are not assigned anew.
        variables = {
            name: value
            for name, value in module.items()
            if type(value) in _PLAIN and not name.isupper() and not name.startswith("__")
        }
        if variables:
            self._restore.append(functools.partial(module.update, variables))

    def _keep(self, value: Any, known: set[int]) -> None:
        if id(value) in known:
            return
        known.add(id(value))
        if type(value) in _CONTAINERS:
            self._restore.append(functools.partial(_refill, value, value.copy()))
        elif describing.is_of_packages(type(value)) and hasattr(value, "__dict__"):
            attributes = vars(value)
            plain = {name: part for name, part in attributes.items() if type(part) in _PLAIN}
            self._restore.append(functools.partial(attributes.update, plain))
            for part in attributes.values():
                if type(part) in _CONTAINERS:
                    self._keep(part, known)


def _refill(container: Any, content: Any) -> None:
    container.clear()
    if hasattr(container, "extend"):
        container.extend(content)
    else:
        container.update(content)


MODULE_STATE = ModuleState()
