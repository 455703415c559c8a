"""The data that the page holds: the matrix, the clauses, and the marks and words for what they say."""

from __future__ import annotations

from typing import Literal

from market_data_meta.contract import Contract
from market_data_meta.models import Model
from market_data_meta.render.signs import PROMISES, STATES, VERDICTS
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


class PageVerdict(Model):
    """A verdict's mark, and its words for a cell and for the question whether releases may go out together.

    ``pale_if_forbidden`` says whether a cell looks otherwise where the packages' own requirements forbid it.
    """

    mark: str
    words: str
    answer: str
    pale_if_forbidden: bool


class PageState(Model):
    """The mark and the words of a clause's state in some releases."""

    mark: str
    words: str


class PagePromise(Model):
    """The words of a class of promise, and the cells that it looks like."""

    words: str
    verdict: Verdict
    allowed: bool


class PageData(Model):
    """All that the page's script reads."""

    matrix: MatrixResult
    clauses: tuple[PageClause, ...]
    verdicts: dict[Verdict, PageVerdict]
    states: dict[State, PageState]
    promises: dict[str, PagePromise]


def page_data(matrix: MatrixResult, contract: Contract) -> PageData:
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
        verdicts={
            verdict: PageVerdict(
                mark=sign.mark,
                words=sign.words,
                answer=sign.answer,
                pale_if_forbidden=sign.page_pale is not None,
            )
            for verdict, sign in VERDICTS.items()
        },
        states={state: PageState(mark=sign.mark, words=sign.words) for state, sign in STATES.items()},
        promises={
            name: PagePromise(words=sign.words, verdict=sign.verdict, allowed=sign.allowed)
            for name, sign in PROMISES.items()
        },
    )
