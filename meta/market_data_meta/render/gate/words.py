"""What a gate says, in words. Nothing here is escaped: each renderer makes it safe for the place where it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from market_data_meta.errors import Exit

Data = Mapping[str, Any]

VERDICTS = {int(Exit.COMPATIBLE): "compatible", int(Exit.VIOLATED): "incompatible", int(Exit.UNDECIDED): "undecided"}
_MEANS = {
    "compatible": "nothing that held before is broken",
    "incompatible": "something that held before is broken",
    "undecided": "not everything could be decided",
}
_REACH = {
    "allowed": "with the partners that all requirements allow",
    "all": "with all published partners",
    "quick": "with the newest and the deployed partners",
    "pinned": "with the partners that were named",
}
IN_FULL = 6
"""Regressions that are told in full: one break is often seen by many clauses, the likely cause comes first."""
REGRESSION, REPAIR, UNDECIDED = "regression", "repair", "undecided"
RUN_IT = "run it"
NOBODY = "not known"


def verdict(data: Data) -> str:
    """The gate's verdict in one word."""
    return VERDICTS[data["exit"]]


def gated(data: Data) -> str:
    """What was gated, against how much: ``core 1.4.62 in 12 combinations standing for 1,034 published ones``."""
    combinations = [cell for cell in data["cells"] if cell["scope"] == "combination"]
    alone = len(data["cells"]) - len(combinations)
    stands = sum(cell["stands_for"] for cell in combinations)
    counts = number(len(combinations), "combination") + (
        f" standing for {stands:,} published ones" if stands > len(combinations) else ""
    )
    also = f", and {number(alone, 'release')} alone" if alone else ""
    names = listed(f"{one['package']} {one['version']}" for one in data["candidates"]) or "nothing"
    return f"{names} in {counts}{also}"


def found(data: Data) -> str:
    """What came of it, in numbers, or in words where there is nothing to count."""
    newly = sum(not row["before"] for row in data["uninstallable"])
    regressions = [fails(data, one) for one in differences(data, REGRESSION)]
    counts = [
        (regressions.count(True), "regression"),
        (regressions.count(False), "regression that counts only with --strict"),
        (newly, "cell that can no longer be installed"),
        (len(differences(data, UNDECIDED)), "undecided clause"),
        (len(data["undecided"]), "undecided cell"),
        (len(differences(data, REPAIR)), "repair"),
    ]
    told = [number(count, what) for count, what in counts if count]
    decided = any(cell["verdict"] in ("compatible", "incompatible") for cell in data["cells"])
    means = _MEANS[verdict(data)] if decided or verdict(data) != "undecided" else "nothing could be decided"
    return f"{means}{': ' if told else ''}{', '.join(told)}"


def reach(data: Data) -> str:
    """Which partners were met."""
    return _REACH[data["reach"]]


def differences(data: Data, kind: str) -> list[Data]:
    """The differences of one kind, in the order of the gate."""
    return [one for one in data["differences"] if one["kind"] == kind]


def fails(data: Data, difference: Data) -> bool:
    """Whether a regression breaks the gate, or is only reported."""
    return bool(difference["level"] == "must" or data["strict"])


def candidate(one: Data) -> str:
    """Where a candidate comes from, and what it is compared with."""
    before = one["predecessor"]
    commit = f" (commit {one['commit'][:12]})" if one["commit"] else ""
    compared = f"compared with {before['version']}" if before else "the first release: there is none to compare it with"
    return f"{one['package']} {one['version']} from {one['source']}{commit}, {compared}"


def same_code(one: Data) -> str | None:
    """Which releases run the same code as a candidate, or None."""
    return f"runs the same code as {', '.join(one['same_code_as'])}" if one["same_code_as"] else None


def narrowed(data: Data) -> str | None:
    """By how much the candidates' own requirements narrow what they may meet, or None."""
    now, before = data["allowed"]["now"], data["allowed"]["before"]
    if now >= before:
        return None
    return (
        f"the requirements rule out {before - now:,} published combinations that were allowed before: "
        f"{now:,} are left of {before:,}"
    )


def facts(data: Data, difference: Data) -> list[tuple[str, str]]:
    """What a reader must know of a difference, from the rule to the places; a value of many lines has many lines."""
    now = difference["now"]
    rows = [("rule", difference["rule"])]
    if now is None:
        rows.append(("cause", "the check is missing: it was not run"))
    elif now["outcome"] == "error":
        rows.append(("cause", now["message"] or "the check could not run"))
    elif difference["kind"] == UNDECIDED:
        rows.append(("cause", "the predecessor could not be looked at: nothing says whether this is new"))
    if now and now["outcome"] not in ("error", "not-applicable"):
        rows.append(("looked at", now["message"] or "not said"))
    if now and now["outcome"] == "failed":
        rows += [("expected", value(now["expected"])), ("was", _was(data, difference)), ("got", value(now["got"]))]
    elif now and now["outcome"] == "not-applicable":
        rows += [
            ("was", _was(data, difference)),
            ("now", f"it cannot be looked at: {now['message'] or 'not said why'}"),
        ]
    else:
        rows.append(("was", _was(data, difference)))
    rows += [("because of", guilty(data, difference["guilty"])), ("where", places(difference["cells"]))]
    if forbidden := _forbidden(data, difference["cells"]):
        rows.append(("but", f"the packages' own requirements forbid it there: {forbidden}"))
    return [*rows, ("source", difference["source"]), (RUN_IT, difference["reproduce"])]


def guilty(data: Data, packages: Iterable[str]) -> str:
    """Whose doing it is; more than one candidate only where it takes them together."""
    versions = {one["package"]: one["version"] for one in data["candidates"]}
    names = [f"{name} {versions.get(name, '')}".strip() for name in packages]
    return listed(names) + (" (only together)" if len(names) > 1 else "") if names else NOBODY


def places(cells: list[str]) -> str:
    """The first three cells and the number of the others."""
    more = f" and {len(cells) - 3} more" if len(cells) > 3 else ""
    return ", ".join(cells[:3]) + more


def undecided(data: Data) -> list[tuple[str, str, list[str]]]:
    """Why cells came to nothing: cause, whose doing, cells. Cells of which a clause is undecided are told by that."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in data["undecided"]:
        groups.setdefault((row["why"], guilty(data, row["guilty"])), []).append(row["cell"])
    return [(why, who, cells) for (why, who), cells in groups.items()]


def uninstallable(data: Data, *, before: bool) -> list[tuple[str, list[str]]]:
    """Why cells cannot be installed, with the cells: those that could not be ``before`` either, or those that could."""
    groups: dict[str, list[str]] = {}
    for row in data["uninstallable"]:
        if row["before"] is before:
            groups.setdefault(row["why"], []).append(row["cell"])
    return list(groups.items())


def evidence(data: Data) -> str:
    """What the verdict rests on."""
    rests = data["evidence"]
    python = f", Python {rests['interpreter']}" if rests["interpreter"] else ""
    return (
        f"{rests['checks']:,} checks in {number(len(data['cells']), 'cell')}, from {number(rests['ran'], 'new run')} "
        f"and what was known, in {rests['seconds']:.1f} s; suite {data['suite'][:12]}, as of {data['as_of']}{python}"
    )


def value(what: object) -> str:
    """A value as a reader wants it: a list of texts in lines, text as it is, everything else as JSON, keys in order."""
    if isinstance(what, list) and what and all(isinstance(one, str) for one in what):
        return "\n".join(what)
    return what if isinstance(what, str) else json.dumps(what, ensure_ascii=False, sort_keys=True)


def number(count: int, what: str) -> str:
    """The count with its noun: ``1 cell``, ``1,034 cells``, ``2 cells that …``."""
    noun, space, rest = what.partition(" that ")
    return f"{count:,} {noun}{'' if count == 1 else 's'}{space}{rest}"


def listed(names: Iterable[str]) -> str:
    """The names as prose: ``core, pipeline and store``."""
    *most, last = [*names] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _was(data: Data, difference: Data) -> str:
    was = difference["was"]
    # A candidate without a predecessor has nothing that it was.
    chosen = [one for one in data["candidates"] if one["package"] in difference["guilty"]] or data["candidates"]
    before = listed(f"{one['package']} {one['predecessor']['version']}" for one in chosen if one["predecessor"])
    if was is None or not before:
        return f"not known{f' with {before}' if before else ': there is no release before'}"
    said = {
        "passed": "it held",
        "failed": f"it failed otherwise: {value(was['got'])}" if difference["kind"] == REGRESSION else "it failed",
        "error": f"it could not be decided: {was['message']}",
        "not-applicable": "it did not apply",
    }
    return f"with {before} {said[was['outcome']]}"


def _forbidden(data: Data, cells: Iterable[str]) -> str | None:
    """Why the packages forbid these cells, where they forbid all of them."""
    why = {cell["cell"]: cell["forbidden"] for cell in data["cells"]}
    reasons = [why.get(name) for name in cells]
    return reasons[0][0] if reasons and all(reasons) and reasons[0] else None
