"""The backtest: every published release, judged as of its upload against its predecessor and the partners of then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from market_data_meta.models import Document, Model
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.observations import ObservedChanges
from market_data_meta.results.parts import Digest, Level, Text, Versions

Hours = Annotated[float, Field(ge=0)]
Stopped = Literal["stopped", "passed", "unknown"]
"""Whether a required gate would have kept a release from being published; unknown where no run decides it."""


How = Literal["broke", "brought", "changed"]
"""What got worse: a clause that held fails, what it speaks of came with the release, or it fails in another way."""


class BacktestMending(Model):
    """The release that first made a trouble go away, and how many hours after it had come."""

    release: Text
    hours: Hours


class BacktestClause(Model):
    """A clause that is worse with the release than with its predecessor, beside the same newest partners.

    ``mended`` is None where no newest set with the release, or with a newer one of its package, is known to keep it.
    """

    clause: Text
    level: Level
    how: How
    sentence: Text
    mended: BacktestMending | None


class BacktestCapability(Model):
    """A capability whose state changed with the release."""

    name: Text
    before: StateName
    after: StateName


class BacktestRelease(Model):
    """One release as of its upload.

    ``partners`` is the newest set with it that all requirements allowed then, None where there was none.
    ``not_installable`` says which requirements nothing met that was out, and ``made_installable`` what first did.
    ``lost`` are the newest partners that it shuts out and its predecessor did not. ``worse`` and ``mended`` are the
    clauses that came out otherwise than with the predecessor, beside the partners. ``gate`` is what a required gate
    over all allowed partners of then would have done, and ``why`` the reasons. ``undecided`` says what is not known.
    ``run_alone`` is whether it was run alone too, as its predecessor was: that decides the clauses of release scope.
    ``observed`` is what was seen of it otherwise than of its predecessor, None where they have the same code, or where
    nothing can be observed.
    """

    package: Text
    version: Text
    uploaded: Text
    predecessor: str | None
    same_code: bool
    partners: Versions | None
    not_installable: tuple[Text, ...]
    made_installable: BacktestMending | None
    lost: tuple[Text, ...]
    worse: tuple[BacktestClause, ...]
    mended: tuple[Text, ...]
    capabilities: tuple[BacktestCapability, ...]
    gate: Stopped
    why: tuple[Text, ...]
    undecided: tuple[Text, ...]
    run_alone: bool = False
    observed: ObservedChanges | None

    @property
    def name(self) -> str:
        """Package and version: ``core 1.2.33``."""
        return f"{self.package} {self.version}"

    @property
    def is_bad(self) -> bool:
        """Whether it could not be installed, shuts out partners, or made a must clause worse."""
        return bool(self.not_installable or self.lost or any(one.level == "must" for one in self.worse))

    @property
    def hours_to_mend(self) -> float | None:
        """The hours until nothing of its trouble was left; None while some is, or where there is none."""
        mendings = [one.mended for one in self.worse]
        mendings += [self.made_installable] if self.not_installable else []
        if not mendings or not all(mendings):
            return None
        return max(mending.hours for mending in mendings if mending)


class BacktestDay(Model):
    """A day on which something was published, or on which the newest set could not be installed for a while.

    ``newest`` is the newest release of each package at the end of the day, ``forbidden`` says which requirements rule
    that set out, and ``hours_not_installable`` for how long of the day the newest set was ruled out. ``installed`` is
    the newest set that all requirements allow, and ``states`` has how many capabilities are in each state in it.
    """

    day: Text
    releases: tuple[Text, ...]
    newest: Versions
    forbidden: tuple[Text, ...]
    hours_not_installable: Annotated[float, Field(ge=0, le=24)]
    installed: Versions | None
    states: dict[StateName, Annotated[int, Field(ge=1)]]


class BacktestResult(Document):
    """What `mdmeta backtest --json` prints, and backtest.json.

    ``libraries`` is the date of the third-party libraries with which the code was run: for all releases the same.
    """

    schema_name: ClassVar[str] = "backtest"

    format: Literal[1] = 1
    suite: Digest
    as_of: Text
    libraries: Text
    releases: tuple[BacktestRelease, ...]
    days: tuple[BacktestDay, ...]

    @property
    def bad(self) -> tuple[BacktestRelease, ...]:
        """The releases with a trouble that their predecessors did not have, in the order of upload."""
        return tuple(release for release in self.releases if release.is_bad)

    def with_observed(self, changes: Mapping[str, ObservedChanges]) -> BacktestResult:
        """The same with what was observed of releases, which are named by package and version."""
        releases = tuple(one.model_copy(update={"observed": changes.get(one.name)}) for one in self.releases)
        return self.model_copy(update={"releases": releases})

    def about(self, package: str, version: str | None = None) -> BacktestResult:
        """The same about the releases of one package, or about one of them, and without the days."""
        releases = tuple(one for one in self.releases if one.package == package and version in (None, one.version))
        return self.model_copy(update={"releases": releases, "days": ()})
