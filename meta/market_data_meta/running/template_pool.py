"""The templates of a run, one for each third-party set: the next is started while cells of the one before it run."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_plan import Plan
from market_data_meta.running import environments
from market_data_meta.running.template_process import TemplateProcess
from market_data_meta.running.third_party import ThirdPartyLock, install


class TemplatePool:
    """Templates of third-party sets, in the order of ``order``: the largest set first.

    The modules that cells load with the largest set are loaded in every template. A module that another set lacks is
    not loaded there; a module that only another set has is loaded by its cells themselves.
    """

    def __init__(
        self,
        root: Path,
        plan: Plan,
        locks: Iterable[ThirdPartyLock],
        *,
        python: str,
        cache: Path,
        releases: Sequence[Path],
    ) -> None:
        self.order = tuple(sorted(locks, key=lambda lock: -len(environments.locked_versions(lock.lock))))
        self._root, self._plan, self._python, self._cache = root, plan, python, cache
        self._releases = releases
        self._started: dict[ThirdPartyLock, TemplateProcess] = {}
        self._number = 0
        self._modules: list[str] | None = None
        under_test = {name for package in plan.packages.values() for name in package.imports}
        self._third_party_modules = [name for name in plan.preload if name.split(".")[0] not in under_test]

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="mdmeta-", ignore_cleanup_errors=True)
        self._installer = ThreadPoolExecutor(max_workers=1)
        self._interpreters: dict[ThirdPartyLock, Future[Path]] = {
            lock: self._installer.submit(install, lock, self._python, self._cache) for lock in self.order
        }
        try:
            self._start(self.order[0])
            # The first leaves a core idle for long enough.
            self._start_in_advance(1)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        for template in self._started.values():
            template.__exit__(None, None, None)
        self._installer.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def take(self, lock: ThirdPartyLock, survey_paths: Sequence[Sequence[str]]) -> TemplateProcess:
        """A template of the set that is ready for cells. The caller ends it.

        The first one surveys which modules are loaded by cells on ``survey_paths``, their import paths. Raises
        MetaError where it does not start.
        """
        if lock not in self._started:
            self._start(lock)
        template = self._started.pop(lock)
        try:
            if self._modules is None:
                self._modules = template.survey_modules(survey_paths, self._plan.preload)
                for started in (template, *self._started.values()):
                    started.load(self._modules)
            template.wait_until_ready()
            self._start_in_advance(self.order.index(lock) + 1)
        except BaseException:
            template.__exit__(None, None, None)
            raise
        return template

    def _start_in_advance(self, place: int) -> None:
        """Start the template at this place of the order. If that fails, whoever takes the template gets the error."""
        if place < len(self.order) and self.order[place] not in self._started:
            with contextlib.suppress(MetaError):
                self._start(self.order[place])

    def _start(self, lock: ThirdPartyLock) -> None:
        self._number += 1
        log = Path(self._folder.name) / f"template-{self._number}.log"
        python = self._interpreters[lock].result()
        template = TemplateProcess(self._root, python, self._plan, log, self._releases).__enter__()
        self._started[lock] = template
        template.load([*self._third_party_modules, *(self._modules or ())])
