"""The data that the page holds: the matrix, the clauses, the packages, and the marks and words for what they say."""

from __future__ import annotations

from typing import Literal

from packaging.version import Version

from market_data_meta.contract import Contract
from market_data_meta.models import Model
from market_data_meta.render.backtest.words import (
    GATE_WORDS,
    day_mark,
    day_sentence,
    release_sentence,
    summary_sentences,
)
from market_data_meta.render.matrix.third_party_lines import CHOICES, how_it_differs, third_party_summary
from market_data_meta.render.observed_words import changes_sentence
from market_data_meta.render.signs import CAPABILITY_STATES, PROMISES, STATES, VERDICTS
from market_data_meta.results.backtest import BacktestResult
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.history import State
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.parts import Verdict


class PageClause(Model):
    """What the page says about a clause."""

    id: str
    rule: str
    level: Literal["must", "should", "control"]
    scope: Literal["release", "combination", "deployment", "control"]
    binds: tuple[str, ...]
    source: str


class PagePackage(Model):
    """A package's versions, oldest first, its name on the index, and the address of its repository, if it has one."""

    versions: tuple[str, ...]
    distribution: str
    repository: str | None


class PageVerdict(Model):
    """A verdict's mark, and its words for a cell and for the question whether releases may go out together."""

    mark: str
    words: str
    answer: str


class PageState(Model):
    """The mark and the words of a clause's state in some releases."""

    mark: str
    words: str


class PageCapabilityState(Model):
    """The mark of a capability's state, and its words for one capability and for several."""

    mark: str
    words: str
    plural: str


class PagePromise(Model):
    """The words for combinations that the requirements allow or forbid, and in which a capability has this state."""

    requirements: Literal["allowed", "forbidden"]
    state: StateName
    words: str


class PageRelease(Model):
    """What a release did on the day of its upload, what a gate would have done, and what changed: a sentence each.

    ``changes`` is empty where there is nothing to say of it.
    """

    bad: bool
    sentence: str
    gate: str
    changes: str


class PageDay(Model):
    """A day: whether the newest set could be installed and what worked, by a mark and in words."""

    day: str
    mark: str
    words: str
    releases: int


class PageBacktest(Model):
    """The backtest: its summary, the days, and the releases that have other code, or were bad, by package and version.

    Of a release that installs the code of its predecessor there is nothing to tell.
    """

    summary: tuple[str, ...]
    days: tuple[PageDay, ...]
    releases: dict[str, PageRelease]


class PageDifference(Model):
    """How a clause comes out with other versions of the libraries, as the end of a sentence that it begins."""

    clause: str
    words: str


class PageThirdParty(Model):
    """The matrix with other versions of the libraries: which, a sentence, and what differs in which clauses."""

    title: str
    summary: str
    differences: tuple[PageDifference, ...]


class PageData(Model):
    """All that the page's script reads."""

    matrix: MatrixResult
    clauses: tuple[PageClause, ...]
    packages: dict[str, PagePackage]
    verdicts: dict[Verdict, PageVerdict]
    states: dict[State, PageState]
    capability_states: dict[StateName, PageCapabilityState]
    promises: tuple[PagePromise, ...]
    backtest: PageBacktest | None
    third_party: tuple[PageThirdParty, ...]


def _in_order(matrix: MatrixResult, package: str) -> tuple[str, ...]:
    versions = (version for content in matrix.packages.get(package, ()) for version in content.releases)
    return tuple(sorted(versions, key=Version))


def _backtest(result: BacktestResult) -> PageBacktest:
    return PageBacktest(
        summary=tuple(summary_sentences(result)),
        days=tuple(
            PageDay(day=day.day, mark=day_mark(day), words=day_sentence(day), releases=len(day.releases))
            for day in result.days
        ),
        releases={
            one.name: PageRelease(
                bad=one.is_bad,
                sentence=release_sentence(one),
                gate=f"{GATE_WORDS[one.gate].capitalize()}.",
                changes=changes_sentence(one),
            )
            for one in result.releases
            if one.is_bad or not one.same_code
        },
    )


def page_data(matrix: MatrixResult, contract: Contract, backtest: BacktestResult | None = None) -> PageData:
    """The data of the page for a matrix; the clauses are in the contract's order."""
    return PageData(
        matrix=matrix,
        clauses=tuple(
            PageClause(
                id=clause.id,
                rule=clause.rule,
                level=clause.level,
                scope=clause.scope,
                binds=clause.binds,
                source=clause.source,
            )
            for clause in contract.clauses.values()
        ),
        packages={
            name: PagePackage(
                versions=_in_order(matrix, name),
                distribution=package.distribution,
                repository=f"https://github.com/{package.repository}" if package.repository else None,
            )
            for name, package in contract.packages.items()
        },
        verdicts={
            verdict: PageVerdict(mark=sign.mark, words=sign.words, answer=sign.answer)
            for verdict, sign in VERDICTS.items()
        },
        states={state: PageState(mark=sign.mark, words=sign.words) for state, sign in STATES.items()},
        capability_states={
            state: PageCapabilityState(mark=sign.mark, words=sign.words, plural=sign.plural)
            for state, sign in CAPABILITY_STATES.items()
        },
        promises=tuple(
            PagePromise(requirements=sign.requirements, state=sign.state, words=sign.words) for sign in PROMISES
        ),
        backtest=backtest and _backtest(backtest),
        third_party=tuple(
            PageThirdParty(
                title=f"With {CHOICES[libraries.choice]}",
                summary=third_party_summary(matrix, libraries),
                differences=tuple(
                    PageDifference(clause=row.clause, words=how_it_differs(matrix, row))
                    for row in libraries.differences
                ),
            )
            for libraries in matrix.third_party
        ),
    )
