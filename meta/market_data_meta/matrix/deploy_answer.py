"""May these releases go out together? The answer and its evidence, from a matrix alone. Pure functions; no I/O.

The matrix that was just decided here and one that was published are therefore asked in the same way.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import Version

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.judging.capabilities import cannot_be_installed
from market_data_meta.releases.earlier_ledger import in_words
from market_data_meta.releases.ledger import stable_or_all
from market_data_meta.results.capabilities import CapabilityState, StateName
from market_data_meta.results.deploy_answer import DeployAnswer, DeployEvidence
from market_data_meta.results.matrix import MatrixCapability, MatrixCell, MatrixResult, SupportedVersions
from market_data_meta.results.parts import ExitCode, Verdict

NOT_RUN = "it was not run"
_WORST_LAST: tuple[StateName, ...] = ("works", "limited", "unknown", "broken")
_VERDICT_RANK: Mapping[Verdict, int] = {"conforms": 0, "defective": 0, "violates": 1, "unknown": 2, "uninstallable": 3}


@dataclass(frozen=True)
class DeployQuestion:
    """What is asked: releases by package, and the capabilities that must not be broken, or must work without limits.

    A package that is left out may be of any release. ``asked`` are the versions in the words of who asks, and
    ``set_aside`` the releases that are taken only where they are asked for, with the reason, beside those of the
    matrix. ``distributions`` are the names under which the packages require each other.
    """

    versions: Mapping[str, str]
    needs: tuple[str, ...] = ()
    needs_fully: tuple[str, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)
    set_aside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    distributions: Mapping[str, str] = field(default_factory=dict)

    @property
    def names_needs(self) -> bool:
        """Whether it asks for a capability at all, and not only whether the set may go out."""
        return bool(self.needs or self.needs_fully)

    def unmet(self, states: Mapping[str, StateName]) -> tuple[str, ...]:
        """The needed capabilities that are not as they are needed, or of which that is not known."""
        return tuple(
            dict.fromkeys(
                name
                for names, good in ((self.needs, ("works", "limited")), (self.needs_fully, ("works",)))
                for name in names
                if states.get(name, "unknown") not in good
            )
        )


def check_needs(matrix: MatrixResult, names: Iterable[str]) -> None:
    """Raise MetaError for a name that no capability of the matrix has, with the nearest ones."""
    known = [capability.name for capability in matrix.capabilities]
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name.lower(), known, 3, 0.5)
            hint = f"did you mean {' or '.join(nearest)}?" if nearest else f"one of {', '.join(known)}"
            raise MetaError(ErrorCode.UNKNOWN_CAPABILITY, f"there is no capability {name!r}", hint=hint)


def deploy_answer(matrix: MatrixResult, question: DeployQuestion) -> DeployAnswer:
    """The answer about the releases that are asked for, or about the newest set that has what is needed.

    Raises MetaError for a capability that does not exist. The versions must be releases of the matrix.
    """
    check_needs(matrix, (*question.needs, *question.needs_fully))
    states = _States(matrix)
    no_set, undecided = None, False
    if question.versions.keys() >= matrix.packages.keys():
        combination = {name: question.versions[name] for name in matrix.packages}
    else:
        search = _Search(matrix, states, question)
        combination, no_set, undecided = search.combination, search.no_set, search.undecided
    forbidden = forbidden_sentences(matrix, combination, question.distributions)
    named = states.of(combination)
    place = states.position_of(combination)
    cell = None if place is None else matrix.cells[place]
    verdict: Verdict = cell.verdict if cell else "unknown"
    unmet = question.unmet(named)
    capabilities = capability_states(matrix, combination)
    aside = {name: matrix.set_aside(name) | dict(question.set_aside.get(name, {})) for name in matrix.packages}
    not_usual = [
        f"{name} {version} {aside[name][version]}" for name, version in combination.items() if version in aside[name]
    ]
    # A cell that cannot be installed says so itself.
    not_usual = [sentence for sentence in not_usual if not cell or sentence not in cell.reasons]
    return DeployAnswer(
        exit=_exit(
            question,
            verdict,
            named,
            unmet,
            violated=verdict == "violates" or _fails_unknown(matrix, capabilities),
            forbidden=bool(forbidden),
            undecided=undecided,
        ),
        question=dict(question.asked or question.versions),
        combination=combination,
        ran=cell.combination if cell and cell.start is not None else None,
        verdict=verdict,
        forbidden=forbidden,
        capabilities=capabilities,
        needs=question.needs,
        needs_fully=question.needs_fully,
        unmet=unmet,
        no_set=no_set,
        evidence=DeployEvidence(
            counts=cell.counts if cell else {},
            suite=matrix.suite,
            as_of=matrix.as_of,
            start=cell.start if cell else None,
            interpreter=cell.interpreter if cell else None,
            stands_for=cell.stands_for if cell else 0,
        ),
        reasons=(*(cell.reasons if cell else (NOT_RUN,)), *not_usual),
    )


def _fails_unknown(matrix: MatrixResult, capabilities: Iterable[CapabilityState]) -> bool:
    """Whether a must clause fails in a way that is no known defect, in the combination or in a release alone."""
    must = {finding.clause for finding in matrix.findings if finding.level == "must"}
    return any(one.defect is None and one.clause in must for state in capabilities for one in state.failures)


def capability_states(matrix: MatrixResult, combination: Mapping[str, str]) -> tuple[CapabilityState, ...]:
    """What is known of every capability in a combination.

    Of the newest, the deployed and the oldest set that includes what only runs of their releases alone decide.
    """
    for place in matrix.sets:
        if place.combination == combination:
            return place.capabilities
    position = _States(matrix).position_of(combination)
    return tuple(_capability_state(matrix, capability, position) for capability in matrix.capabilities)


def forbidden_sentences(
    matrix: MatrixResult, combination: Mapping[str, str], distributions: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """A sentence for each requirement of a release that rules the combination out; none if all allow it."""

    def nothing_meets(row: SupportedVersions) -> str:
        """That whatever release of the other package is chosen changes nothing; empty where another one would do."""
        published = {version for content in matrix.packages[row.other] for version in content.releases}
        meets = published.difference(matrix.refused[row.other][row.asks or ""])
        return "" if meets else f"; none that was out at {in_words(matrix.as_of)} meets it"

    return tuple(
        f"{row.package} {row.version} requires {(distributions or {}).get(row.other, row.other)}{row.asks}, "
        f"not {combination[row.other]}{nothing_meets(row)}"
        for row in matrix.supported
        if row.asks
        and combination[row.package] == row.version
        and combination[row.other] in matrix.refused[row.other][row.asks]
    )


def _exit(
    question: DeployQuestion,
    verdict: Verdict,
    states: Mapping[str, StateName],
    unmet: Collection[str],
    *,
    violated: bool,
    forbidden: bool,
    undecided: bool,
) -> ExitCode:
    """The exit code: 1 violated, 3 undecided, 0 neither. That a set is forbidden is known without a run.

    ``undecided`` says that a set which was not decided might have had what is needed.
    """
    if forbidden:
        return 1
    if question.names_needs:
        if unmet and not undecided and any(states.get(name, "unknown") != "unknown" for name in unmet):
            return 1
        return 3 if unmet else 0
    if violated:
        return 1
    return 0 if _VERDICT_RANK[verdict] == 0 else 3


def _capability_state(matrix: MatrixResult, capability: MatrixCapability, position: int | None) -> CapabilityState:
    """The state of a capability in a cell, or that nothing is known where there is no cell."""
    clauses = (*capability.essential, *capability.others)
    if position is None:
        return CapabilityState(
            name=capability.name,
            title=capability.title,
            state="unknown",
            reason=NOT_RUN,
            failures=(),
            undecided=clauses,
        )
    cell = matrix.cells[position]
    state = cell.capabilities.get(capability.name, "unknown")
    errors = {
        finding.clause: finding.sentence
        for finding in matrix.findings
        if finding.outcome == "error" and position in finding.cells and finding.clause in clauses
    }
    return CapabilityState(
        name=capability.name,
        title=capability.title,
        state=state,
        reason=_reason(matrix, capability, cell, state, errors),
        failures=matrix.failures(capability, position),
        undecided=tuple(errors),
    )


def _reason(
    matrix: MatrixResult, capability: MatrixCapability, cell: MatrixCell, state: StateName, errors: Mapping[str, str]
) -> str:
    """Why nothing is known of a capability, or that the set cannot be installed; nothing where its clauses say all."""
    if cell.verdict == "uninstallable":
        return cannot_be_installed(cell.reasons)
    if state != "unknown":
        return ""
    if cell.verdict == "unknown":
        return "; ".join(cell.reasons) or NOT_RUN
    if errors:
        essential = [sentence for clause, sentence in errors.items() if clause in capability.essential]
        return (essential or list(errors.values()))[0]
    decided = [
        place.name
        for place in matrix.sets
        if any(state.name == capability.name and state.state != "unknown" for state in place.capabilities)
    ]
    if decided:
        sets = " and the ".join(decided)
        return f"releases run alone decide it, which this matrix has of the {sets} set"
    return "not all of the checks that decide it were run"


class _States:
    """The states of all capabilities by combination, and the cells that have them."""

    def __init__(self, matrix: MatrixResult) -> None:
        self._matrix = matrix
        self._code_of = {
            name: {version: place for place, content in enumerate(contents) for version in content.releases}
            for name, contents in matrix.packages.items()
        }
        self._positions = {
            tuple(cell.codes[name] for name in matrix.packages): position for position, cell in enumerate(matrix.cells)
        }
        self._sets: dict[tuple[str, ...], dict[str, StateName]] = {
            tuple(place.combination[name] for name in matrix.packages): {
                state.name: state.state for state in place.capabilities
            }
            for place in matrix.sets
        }

    def position_of(self, combination: Mapping[str, str]) -> int | None:
        """The position of the cell with the same code; None where the matrix has none."""
        return self._positions.get(tuple(codes[combination[name]] for name, codes in self._code_of.items()))

    def of(self, combination: Mapping[str, str]) -> Mapping[str, StateName]:
        """The state of every capability; empty where nothing is known."""
        if known := self._sets.get(tuple(combination[name] for name in self._code_of)):
            return known
        position = self.position_of(combination)
        return {} if position is None else self._matrix.cells[position].capabilities


class _Search:
    """The newest allowed set that has what is needed, or the best one with the sentence that none has it.

    A newer release of a package that comes first in the matrix counts more than one of a later package. Pre-releases
    and others that an installer does not choose by itself are in a set only if they are asked for. ``undecided`` is set
    where an allowed set that was not decided might have what is needed.
    """

    def __init__(self, matrix: MatrixResult, states: _States, question: DeployQuestion) -> None:
        self._matrix, self._states, self._question = matrix, states, question
        columns = [list(self._column(name)) for name in matrix.packages]
        best: tuple[int, ...] | None = None
        self.combination: dict[str, str] = {}
        self.no_set: str | None = None
        self.undecided = False
        for versions in _allowed(matrix, columns):
            combination = dict(zip(matrix.packages, versions, strict=True))
            rank, may_have = self._rank(combination)
            self.undecided |= may_have
            if best is None or rank < best:
                best, self.combination = rank, combination
                if not any(rank):
                    break
        fixed = ", ".join(f"{name} {version}" for name, version in question.versions.items())
        subject = f"No published set with {fixed}" if fixed else "No published set"
        if best is None:
            self.combination = {name: column[0] for name, column in zip(matrix.packages, columns, strict=True)}
            self.no_set = f"{subject} is allowed by the packages' own requirements."
        elif any(best) and question.names_needs:
            self.no_set = f"{subject} {self._what_none_has()}; {self._what_the_best_has()}"

    def _column(self, package: str) -> Iterator[str]:
        """The releases of a package that may be in the set, newest first."""
        if fixed := self._question.versions.get(package):
            yield fixed
            return
        versions = [version for content in self._matrix.packages[package] for version in content.releases]
        newest_first = sorted(versions, key=Version, reverse=True)
        aside = self._matrix.set_aside(package).keys() | self._question.set_aside.get(package, {}).keys()
        yield from stable_or_all(version for version in newest_first if version not in aside) or newest_first

    def _rank(self, combination: Mapping[str, str]) -> tuple[tuple[int, ...], bool]:
        """How far the set is from what is needed: zeros for a set that has it; and whether it may have it unknown."""
        if not self._question.names_needs:
            position = self._states.position_of(combination)
            return (_VERDICT_RANK["unknown" if position is None else self._matrix.cells[position].verdict],), False
        states = self._states.of(combination)
        unmet = {name: states.get(name, "unknown") for name in self._question.unmet(states)}
        distance = sum(_WORST_LAST.index(state) for state in unmet.values())
        return (len(unmet), distance), bool(unmet) and set(unmet.values()) == {"unknown"}

    def _what_none_has(self) -> str:
        needs = [f"{name} working" for name in self._question.needs if name not in self._question.needs_fully]
        needs += [f"{name} working without limits" for name in self._question.needs_fully]
        return f"{'is known to have' if self.undecided else 'has'} {_in_words(needs)}"

    def _what_the_best_has(self) -> str:
        states = self._states.of(self.combination)
        unmet = [f"{name} is {states.get(name, 'unknown')}" for name in self._question.unmet(states)]
        versions = ", ".join(f"{name} {version}" for name, version in self.combination.items())
        return f"the best is {versions}, in which {_in_words(unmet)}."


def _allowed(matrix: MatrixResult, columns: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """The combinations of the columns that all requirements allow, those with the first release of the first first."""
    names = list(matrix.packages)
    refused: dict[tuple[str, str, str], frozenset[str]] = {
        (row.package, row.version, row.other): frozenset(matrix.refused[row.other][row.asks])
        for row in matrix.supported
        if row.asks
    }
    nothing: frozenset[str] = frozenset()

    def fits(chosen: tuple[str, ...], version: str) -> bool:
        name = names[len(chosen)]
        return all(
            version not in refused.get((other, chosen_version, name), nothing)
            and chosen_version not in refused.get((name, version, other), nothing)
            for other, chosen_version in zip(names, chosen, strict=False)
        )

    def walk(chosen: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if len(chosen) == len(columns):
            yield chosen
            return
        for version in columns[len(chosen)]:
            if fits(chosen, version):
                yield from walk((*chosen, version))

    return walk(())


def _in_words(items: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
