"""What a gate says, in words. Nothing here is escaped: each renderer makes it safe for the place where it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from market_data_meta.errors import Exit
from market_data_meta.judging.repeated_checks import why_unsteady
from market_data_meta.render.set_words import library_in_words
from market_data_meta.render.text import number
from market_data_meta.results.gate import DifferenceKind, GateCandidate, GateDifference, GateResult

VERDICT_OF_EXIT = {
    int(Exit.OK): "passed",
    int(Exit.VIOLATED): "failed",
    int(Exit.UNDECIDED): "undecided",
}
_MEANINGS = {
    "passed": "nothing that held before is broken",
    "failed": "something that held before is broken",
    "undecided": "not everything could be decided",
}
_REACH = {
    "allowed": "with the partners that all requirements allow",
    "all": "with all published partners",
    "quick": "with the newest and the deployed partners, and of services only what they cannot do without",
    "pinned": "with the partners that were named",
}
IN_FULL = 6
"""Regressions that a summary shows open: many clauses often see the same break, and the likely cause comes first."""
REGRESSION: DifferenceKind = "regression"
REPAIR: DifferenceKind = "repair"
UNDECIDED: DifferenceKind = "undecided"
SPURIOUS: DifferenceKind = "spurious"
RUN_IT = "run it"
NOBODY = "not known"


def verdict(gate: GateResult) -> str:
    """The gate's verdict in one word."""
    return VERDICT_OF_EXIT[gate.exit]


def subject(gate: GateResult) -> str:
    """The candidates and their cells: ``core 1.4.62 in 12 combinations standing for 1,034 published ones``."""
    combinations = [cell for cell in gate.cells if cell.scope == "combination"]
    alone = len(gate.cells) - len(combinations)
    published = sum(cell.stands_for for cell in combinations)
    counts = number(len(combinations), "combination") + (
        f" standing for {published:,} published ones" if published > len(combinations) else ""
    )
    releases = f", and {number(alone, 'release')} alone" if alone else ""
    names = as_prose(f"{candidate.package} {candidate.version}" for candidate in gate.candidates) or "nothing"
    return f"{names} in {counts}{releases}"


def outcome_text(gate: GateResult) -> str:
    """The result in a sentence, with the numbers of what is not as it was before."""
    newly = sum(not row.before for row in gate.uninstallable)
    regressions = [gate.fails(difference) for difference in gate.of_kind(REGRESSION)]
    observed = gate.observations
    failing = len(observed.failing(strict=gate.strict)) if observed else 0
    meant = sum(finding.accepted is not None for finding in observed.findings) if observed else 0
    counts = [
        (regressions.count(True), "regression"),
        (regressions.count(False), "regression that only --strict counts"),
        (failing, "observed difference"),
        (len(observed.findings) - failing - meant if observed else 0, "observed difference that only --strict counts"),
        (meant, "observed difference that is meant"),
        (int(bool(observed and observed.fault)), "comparison that could not be made"),
        (newly, "cell that can no longer be installed"),
        (len(gate.of_kind(UNDECIDED)), "undecided clause"),
        (len(gate.undecided), "undecided cell"),
        (len(gate.of_kind(SPURIOUS)), "difference that did not repeat"),
        (len(gate.of_kind(REPAIR)), "repair"),
    ]
    parts = [number(count, things) for count, things in counts if count]
    decided = any(cell.verdict in ("held", "regressed") for cell in gate.cells)
    meaning = _MEANINGS[verdict(gate)] if decided or verdict(gate) != "undecided" else "nothing could be decided"
    return f"{meaning}{': ' if parts else ''}{', '.join(parts)}"


def reach(gate: GateResult) -> str:
    """The partners that the candidates ran with."""
    return _REACH[gate.reach]


def candidate_text(candidate: GateCandidate) -> str:
    """Where a candidate comes from, and what it is compared with."""
    before = candidate.predecessor
    revision = [f"commit {candidate.commit[:12]}"] if candidate.commit else []
    revision += [f"of {candidate.ref}"] if candidate.ref else []
    revision += ["with uncommitted edits"] if candidate.edited else []
    commit = f" ({' '.join(revision)})" if revision else ""
    comparison = f"compared with {before.version}" if before else "the first release: there is none to compare it with"
    comparison += f", because {before.passed_over}" if before and before.passed_over else ""
    return f"{candidate.package} {candidate.version} from {candidate.source}{commit}, {comparison}"


def same_code(candidate: GateCandidate) -> str | None:
    """Which releases run the same code as a candidate, or None."""
    return f"runs the same code as {', '.join(candidate.same_code_as)}" if candidate.same_code_as else None


def taken_version(candidate: GateCandidate) -> str | None:
    """That a candidate's version is published already with other code, or None."""
    if not candidate.version_is_taken:
        return None
    return f"{candidate.package} {candidate.version} is published already, with other code: it needs a new version"


def not_looked_at(candidate: GateCandidate) -> str | None:
    """Which extras of a candidate are not looked at, or None."""
    return "; ".join(candidate.not_looked_at) or None


def brings_along(gate: GateResult) -> list[str]:
    """The libraries that the candidates bring along, each with where it comes from."""
    return [library_in_words(library) for library in gate.brings_along]


def narrowed(gate: GateResult) -> str | None:
    """How many published combinations the candidates' own requirements newly rule out, or None."""
    now, before = gate.allowed.now, gate.allowed.before
    if now >= before:
        return None
    return (
        f"the requirements rule out {before - now:,} published combinations that were allowed before: "
        f"{now:,} are left of {before:,}"
    )


def facts(gate: GateResult, difference: GateDifference) -> list[tuple[str, str]]:
    """Names and values of what a reader must know of a difference; a value may have several lines."""
    now = difference.now
    rows = [("rule", difference.rule)]
    if now is None:
        rows.append(("cause", "the check is missing: it was not run"))
    elif now.outcome == "error":
        rows.append(("cause", now.message or "the check could not run"))
    elif difference.kind == UNDECIDED and difference.repetitions:
        rows.append(("cause", _why_unconfirmed(difference)))
    elif difference.kind == UNDECIDED:
        rows.append(("cause", "the predecessor could not be looked at: nothing says whether this is new"))
    if now and now.outcome not in ("error", "not-applicable"):
        rows.append(("looked at", now.message or "not said"))
    if now and now.outcome == "failed":
        rows += [("expected", value(now.expected)), ("was", _was(gate, difference)), ("got", value(now.got))]
    elif now and now.outcome == "not-applicable":
        rows += [
            ("was", _was(gate, difference)),
            ("now", f"it cannot be looked at: {now.message or 'not said why'}"),
        ]
    else:
        rows.append(("was", _was(gate, difference)))
    if repeated := _repeated(difference):
        rows.append(("run again", repeated))
    rows += [("because of", guilty(gate, difference.guilty)), ("where", places(difference.cells))]
    if forbidden := _forbidden(gate, difference.cells):
        rows.append(("but", f"the packages' own requirements forbid it there: {forbidden}"))
    return [*rows, ("source", difference.source), (RUN_IT, difference.reproduce)]


def spurious(gate: GateResult) -> list[tuple[str, str]]:
    """The clauses that came out otherwise once and did not when they were run again, each with how they came out."""
    return [(difference.clause, _repeated(difference)) for difference in gate.of_kind(SPURIOUS)]


def _why_unconfirmed(difference: GateDifference) -> str:
    before = [each.was for each in difference.repetitions] if difference.was else []
    return why_unsteady([*before, *(each.now for each in difference.repetitions)])


def _repeated(difference: GateDifference) -> str:
    """How the check came out in further runs of both sides; empty where there were none."""
    if not difference.repetitions:
        return ""
    times = f"{len(difference.repetitions)} more times with each"
    if difference.kind in (REGRESSION, REPAIR):
        return f"{times}, and it came out so each time"
    before = ", ".join(each.was for each in difference.repetitions)
    now = ", ".join(each.now for each in difference.repetitions)
    return f"{times}: before {before}; now {now}"


def capabilities(gate: GateResult) -> list[str]:
    """What users can do otherwise than with the predecessors: ``Write data: limited → broken, in 12 cells``."""
    return [
        f"{change.title}: {change.before} → {change.after}, in {number(len(change.cells), 'cell')}"
        for change in gate.capabilities
    ]


def guilty(gate: GateResult, packages: Iterable[str]) -> str:
    """The candidates to blame; more than one only where it takes them together."""
    versions = {candidate.package: candidate.version for candidate in gate.candidates}
    names = [f"{name} {versions.get(name, '')}".strip() for name in packages]
    return as_prose(names) + (" (only together)" if len(names) > 1 else "") if names else NOBODY


def places(cells: Sequence[str]) -> str:
    """The first three cells and the number of the others."""
    more = f" and {len(cells) - 3} more" if len(cells) > 3 else ""
    return ", ".join(cells[:3]) + more


def undecided(gate: GateResult) -> list[tuple[str, str, list[str]]]:
    """Why cells have no verdict: cause, candidates to blame, cells; without those in which a clause is undecided."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in gate.undecided:
        groups.setdefault((row.why, guilty(gate, row.guilty)), []).append(row.cell)
    return [(why, who, cells) for (why, who), cells in groups.items()]


def uninstallable(gate: GateResult, *, before: bool) -> list[tuple[str, list[str]]]:
    """Why cells cannot be installed, with the cells: those that could not be ``before`` either, or those that could."""
    groups: dict[str, list[str]] = {}
    for row in gate.uninstallable:
        if row.before is before:
            groups.setdefault(row.why, []).append(row.cell)
    return list(groups.items())


def evidence_text(gate: GateResult) -> str:
    """What the verdict rests on."""
    evidence = gate.evidence
    python = f", Python {evidence.interpreter}" if evidence.interpreter else ""
    return (
        f"{evidence.checks:,} checks in {number(len(gate.cells), 'cell')}, from {number(evidence.ran, 'new run')} "
        f"and what was known, in {evidence.seconds:.1f} s{_observed(gate)}; "
        f"suite {gate.suite[:12]}, as of {gate.as_of}{python}"
    )


def _observed(gate: GateResult) -> str:
    """What was observed and compared, what was not, and what is new; empty where nothing was."""
    observations = gate.observations
    if observations is None or not observations.compared:
        return ""
    lists = {
        "added": observations.added,
        "unstable": observations.unstable,
        "unobserved": observations.unobserved,
    }
    parts = [f"{observations.untouched:,} where no changed function runs"] if observations.untouched else []
    parts += [f"{len(names):,} {name}" for name, names in lists.items() if names]
    return f"; {number(observations.compared, 'observation')} compared{''.join(f', {part}' for part in parts)}"


def value(data: object) -> str:
    """A value for reading: a list of texts in lines, text as it is, everything else as JSON, keys in order."""
    if isinstance(data, list) and data and all(isinstance(item, str) for item in data):
        return "\n".join(data)
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, sort_keys=True)


def as_prose(names: Iterable[str]) -> str:
    """The names as prose: ``core, pipeline and store``."""
    *first, last = [*names] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _was(gate: GateResult, difference: GateDifference) -> str:
    was = difference.was
    # A candidate without a predecessor is not named: there was nothing before it.
    blamed = [candidate for candidate in gate.candidates if candidate.package in difference.guilty]
    before = as_prose(
        f"{candidate.package} {candidate.predecessor.version}"
        for candidate in blamed or gate.candidates
        if candidate.predecessor
    )
    if was is None or not before:
        return f"not known{f' with {before}' if before else ': there is no release before'}"
    states = {
        "passed": "it held",
        "failed": f"it failed otherwise: {value(was.got)}" if difference.kind == REGRESSION else "it failed",
        "error": f"it could not be decided: {was.message}",
        "not-applicable": "it did not apply",
    }
    return f"with {before} {states[was.outcome]}"


def _forbidden(gate: GateResult, cells: Iterable[str]) -> str | None:
    """Why the packages forbid these cells, where they forbid all of them."""
    forbidden = {cell.cell: cell.forbidden for cell in gate.cells}
    reasons = [forbidden.get(name) for name in cells]
    return reasons[0][0] if reasons and all(reasons) and reasons[0] else None
