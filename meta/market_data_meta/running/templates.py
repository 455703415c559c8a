"""The templates of a run, one for each third-party set: the next is begun while cells of the one before it run."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from market_data_meta.errors import MetaError
from market_data_meta.running import environments
from market_data_meta.running.third_party import ThirdPartyLock, installed
from market_data_meta.running.warm import Template


class Templates:
    """Templates in the order of ``order``, the largest set first: what its cells load is what all are given to load.

    A module that another set lacks is not loaded there; one that it has beyond is loaded by its cells themselves.
    """

    def __init__(
        self,
        root: Path,
        plan: Mapping[str, Any],
        sets: Iterable[ThirdPartyLock],
        *,
        python: str,
        cache: Path,
        releases: Sequence[Path],
    ) -> None:
        self.order = tuple(sorted(sets, key=lambda one: -len(environments.pins(one.lock))))
        self._root, self._plan, self._python, self._cache = root, plan, python, cache
        self._releases = releases
        self._begun: dict[ThirdPartyLock, Template] = {}
        self._number = 0
        self._modules: list[str] | None = None
        own = {name for package in plan["packages"].values() for name in package["imports"]}
        self._late = [name for name in plan["preload"] if name.split(".")[0] not in own]

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="mdmeta-")
        self._installer = ThreadPoolExecutor(max_workers=1)
        self._interpreters: dict[ThirdPartyLock, Future[Path]] = {
            one: self._installer.submit(installed, one, self._python, self._cache) for one in self.order
        }
        try:
            self._begin(self.order[0])
            # The first leaves a core idle for long enough.
            self._ahead(1)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for template in self._begun.values():
            template.__exit__(None, None, None)
        self._installer.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def take(self, one: ThirdPartyLock, scouts: Sequence[Sequence[str]]) -> Template:
        """A template of the set that is ready for cells, the caller's to end.

        The first looks at the cells on the paths of ``scouts``. Raises MetaError where it does not start.
        """
        if one not in self._begun:
            self._begin(one)
        template = self._begun.pop(one)
        try:
            if self._modules is None:
                self._modules = template.scout(scouts, self._plan["preload"])
                for each in (template, *self._begun.values()):
                    each.load(self._modules)
            template.ready()
            self._ahead(self.order.index(one) + 1)
        except BaseException:
            template.__exit__(None, None, None)
            raise
        return template

    def _ahead(self, place: int) -> None:
        """Begin the template at this place of the order; what hinders it is told to whoever takes it."""
        if place < len(self.order) and self.order[place] not in self._begun:
            with contextlib.suppress(MetaError):
                self._begin(self.order[place])

    def _begin(self, one: ThirdPartyLock) -> None:
        self._number += 1
        log = Path(self._folder.name) / f"template-{self._number}.log"
        template = Template(self._root, self._interpreters[one].result(), self._plan, log, self._releases).__enter__()
        self._begun[one] = template
        template.load([*self._late, *(self._modules or ())])
