"""Explanations: all that the contract says of a clause, and the lists of clauses, capabilities and error codes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from market_data_meta.contract import Capability, Clause, Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.judging.check_files import check_place
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.results.explanation import (
    CapabilityDescription,
    CapabilityList,
    ClauseExplanation,
    ClauseList,
    ClauseSummary,
    ErrorList,
    ErrorSummary,
    ShownDefect,
)


def clause_of(contract: Contract, name: str) -> Clause:
    """The clause of this id. Raises MetaError with the nearest ids for one that does not exist."""
    clause = contract.clauses.get(name)
    if clause is None:
        near = (
            difflib.get_close_matches(name, contract.clauses, 3) or sorted(c for c in contract.clauses if name in c)[:5]
        )
        hint = f"did you mean {' or '.join(near)}?" if near else "contracts/clauses/ has one file for each area"
        raise MetaError(ErrorCode.UNKNOWN_CLAUSE, f"there is no clause {name!r}", hint=hint)
    return clause


def clause_explanation(contract: Contract, known: KnownDefects, name: str) -> ClauseExplanation:
    """The clause with its check and the defects that it shows. Raises MetaError for an id that does not exist."""
    clause = clause_of(contract, name)
    return ClauseExplanation(
        clause=clause.id,
        rule=clause.rule,
        level=clause.level,
        scope=clause.scope,
        binds=clause.binds,
        applies=dict(clause.applies),
        needs=clause.needs,
        source=clause.source,
        expect=dict(clause.expect),
        check=check_place(name),
        defects=tuple(
            ShownDefect(
                defect=defect.id,
                means=defect.means,
                versions=dict(shown.versions or defect.versions),
                fingerprints=shown.fingerprints,
            )
            for defect, shown in known.shown
            if shown.clause == name
        ),
    )


def clause_list(contract: Contract, known: KnownDefects, area: str | None = None) -> ClauseList:
    """Every clause, or those of one area, with its rule, and whether it shows a known defect.

    Raises MetaError with the nearest names, of capabilities too, for an area that does not exist.
    """
    areas = list(dict.fromkeys(clause.area for clause in contract.clauses.values()))
    if area is not None and area not in areas:
        names = [*areas, *contract.capabilities]
        near = difflib.get_close_matches(area, names, 3) or [name for name in contract.clauses if area in name][:5]
        hint = f"did you mean {' or '.join(near)}?" if near else f"the areas are {', '.join(areas)}"
        raise MetaError(ErrorCode.UNKNOWN_AREA, f"there is no area or capability {area!r}", hint=hint)
    names = [clause.id for clause in contract.clauses.values() if area in (None, clause.area)]
    return ClauseList(clauses=_summaries(contract, known, names))


def capability_list(contract: Contract, known: KnownDefects, name: str | None = None) -> CapabilityList:
    """Every capability, or the one of this name, which must exist, with the clauses that decide it."""

    def description(capability: Capability) -> CapabilityDescription:
        return CapabilityDescription(
            name=capability.name,
            title=capability.title,
            about=capability.about,
            source=capability.source,
            essential=_summaries(contract, known, capability.essential),
            why=capability.why,
            others=_summaries(contract, known, capability.others),
        )

    chosen = contract.capabilities.values() if name is None else [contract.capabilities[name]]
    return CapabilityList(capabilities=tuple(map(description, chosen)))


def _summaries(contract: Contract, known: KnownDefects, names: Iterable[str]) -> tuple[ClauseSummary, ...]:
    """The clauses of these ids in a line each."""
    return tuple(
        ClauseSummary(
            clause=clause.id, level=clause.level, scope=clause.scope, rule=clause.rule, known=clause.id in known.clauses
        )
        for clause in (contract.clauses[name] for name in names if name in contract.clauses)
    )


def error_list() -> ErrorList:
    """Every code that an error may have, with what it means."""
    return ErrorList(errors=tuple(ErrorSummary(code=code.value, meaning=code.meaning) for code in ErrorCode))
