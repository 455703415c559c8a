"""A gate as SARIF 2.1.0, for code scanning: the rules are clauses, the results what is worse or undecided."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from market_data_meta import __version__
from market_data_meta.render.gate import cause_words, observation_words, words
from market_data_meta.render.text import printable
from market_data_meta.results.gate import GateCause, GateDifference, GateResult
from market_data_meta.results.observations import ObservationFinding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


_INSTALLABLE = {
    "id": "installable",
    "shortDescription": {"text": "What could be installed before can still be installed."},
    "help": {"text": "The requirements of a candidate can be met by what is published, as those of its predecessor."},
    "defaultConfiguration": {"level": "error"},
}
"""No clause of the contract, which are about what is installed, and all the same a reason to stop."""


_CAUSES = {
    kind: {"id": f"cause-{kind}", "shortDescription": {"text": text}, "defaultConfiguration": {"level": "error"}}
    for kind, text in (
        ("syntax", "A file of the candidate is not Python."),
        ("definition", "A name that others use came or went."),
        ("exception", "One exception from one line makes several checks fail."),
    )
}


_OBSERVED = {
    kind: {"id": f"observed-{kind}", "shortDescription": {"text": text}, "defaultConfiguration": {"level": "error"}}
    for kind, text in (
        ("removed", "Something is gone that the release before has."),
        ("narrowed", "Something is refused that the release before takes."),
        ("changed", "Something is otherwise than in the release before."),
    )
}


def gate_sarif(gate: GateResult) -> str:
    """The SARIF text: causes, and the regressions and undecided clauses that follow from none.

    A cell without a verdict is a fault of the run.
    """
    shown = [*gate.alone(words.REGRESSION), *gate.alone(words.UNDECIDED)]
    rules = {difference.clause: difference for difference in shown}
    places = {name: number for number, name in enumerate(rules)}
    driver: dict[str, Any] = {
        "name": "market-data-meta",
        "version": __version__,
        "rules": [_rule(difference) for difference in rules.values()],
    }
    uninstallable = words.uninstallable(gate, before=False)
    if uninstallable:
        driver["rules"] = [*driver["rules"], _INSTALLABLE]
    first_cause = len(driver["rules"])
    kinds = list(dict.fromkeys(cause.kind for cause in gate.causes))
    driver["rules"] = [*driver["rules"], *(_CAUSES[kind] for kind in kinds)]
    findings = observation_words.findings(gate)
    first_observed = len(driver["rules"])
    seen = list(dict.fromkeys(finding.kind for finding in findings))
    driver["rules"] = [*driver["rules"], *(_OBSERVED[kind] for kind in seen)]
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(gate)],
        "results": [
            *(_cause(gate, cause, first_cause + kinds.index(cause.kind)) for cause in gate.causes),
            *(_result(gate, difference, places[difference.clause]) for difference in shown),
            *(_uninstallable(why, cells, len(rules)) for why, cells in uninstallable),
            *(_observed(gate, finding, first_observed + seen.index(finding.kind)) for finding in findings),
        ],
        "properties": {"verdict": words.verdict(gate), "suite": printable(gate.suite)},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(difference: GateDifference) -> dict[str, Any]:
    return {
        "id": printable(difference.clause),
        "shortDescription": _text(difference.rule),
        "help": _text(f"{difference.rule}\n\nSource: {difference.source}"),
        "defaultConfiguration": {"level": "error" if difference.level == "must" else "warning"},
    }


def _result(gate: GateResult, difference: GateDifference, place: int) -> dict[str, Any]:
    """A result without a level has not failed: SARIF calls it open where the tool could not decide it."""
    level = "error" if gate.fails(difference) else "warning"
    kind = {"kind": "open", "level": "none"} if difference.kind == words.UNDECIDED else {"kind": "fail", "level": level}
    message = "\n".join(f"{name}: {value}" for name, value in words.facts(gate, difference))
    # Two failures of a clause both stand in the first line of its file: the value that was got tells them apart.
    now = difference.now.model_dump(mode="json") if difference.now else None
    fingerprint = json.dumps([difference.kind, difference.clause, now], sort_keys=True)
    return kind | {
        "ruleId": printable(difference.clause),
        "ruleIndex": place,
        "message": _text(message),
        "locations": [{"physicalLocation": _place(difference.clause)}],
        "partialFingerprints": {
            "primaryLocationLineHash": hashlib.sha256(fingerprint.encode()).hexdigest()[:16] + ":1"
        },
        "baselineState": "new",
    }


def _cause(gate: GateResult, cause: GateCause, place: int) -> dict[str, Any]:
    """The result for a cause, where it is: the path is that in the package."""
    level = "error" if cause_words.fails(gate, cause) else "warning"
    facts = [("clauses", ", ".join(dict.fromkeys(row.clause for row in gate.following(cause))))]
    message = "\n".join(f"{name}: {value}" for name, value in [*cause_words.facts(gate, cause), *facts] if value)
    fingerprint = json.dumps([cause.kind, cause.file, cause.text])
    return {
        "kind": "fail",
        "level": level,
        "ruleId": _CAUSES[cause.kind]["id"],
        "ruleIndex": place,
        "message": _text(f"{cause_words.title(cause)}\n{message}"),
        "locations": [{"physicalLocation": _location(quote(printable(cause.file).lstrip("/")), cause.line or 1)}],
        "partialFingerprints": {
            "primaryLocationLineHash": hashlib.sha256(fingerprint.encode()).hexdigest()[:16] + ":1"
        },
        "baselineState": "new",
    }


def _observed(gate: GateResult, finding: ObservationFinding, place: int) -> dict[str, Any]:
    """The result for what differs from the release before: where the change is, else in the rules of observations."""
    message = "\n".join(f"{name}: {value}" for name, value in observation_words.facts(gate, finding))
    fingerprint = json.dumps([finding.kind, finding.symbol, *(sign.now for sign in finding.signs[:1])])
    uri = quote(printable(finding.file).lstrip("/")) if finding.file else "contracts/observation_rules.toml"
    return {
        "kind": "fail",
        "level": "error" if observation_words.fails(gate, finding) else "warning",
        "ruleId": _OBSERVED[finding.kind]["id"],
        "ruleIndex": place,
        "message": _text(f"{observation_words.title(finding)}\n{message}"),
        "locations": [{"physicalLocation": _location(uri, finding.line or 1)}],
        "partialFingerprints": {
            "primaryLocationLineHash": hashlib.sha256(fingerprint.encode()).hexdigest()[:16] + ":1"
        },
        "baselineState": "new",
    }


def _uninstallable(why: str, cells: list[str], place: int) -> dict[str, Any]:
    """The result for cells that can no longer be installed for one reason."""
    return {
        "kind": "fail",
        "level": "error",
        "ruleId": _INSTALLABLE["id"],
        "ruleIndex": place,
        "message": _text(f"it can no longer be installed: {why} ({words.places(cells)})"),
        "locations": [{"physicalLocation": _place("packaging")}],
        "partialFingerprints": {
            "primaryLocationLineHash": hashlib.sha256(json.dumps(why).encode()).hexdigest()[:16] + ":1"
        },
        "baselineState": "new",
    }


def _place(clause: str) -> dict[str, Any]:
    """The file of the clause; GitHub shows no result without a line."""
    return _location(f"contracts/clauses/{quote(printable(clause.partition('.')[0]), safe='')}.toml", 1)


def _location(uri: str, line: int) -> dict[str, Any]:
    return {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": {"startLine": max(line, 1)}}


def _invocation(gate: GateResult) -> dict[str, Any]:
    notifications = [("error", why, cells) for why, _, cells in words.undecided(gate)]
    notifications += [("error", why, cells) for why, cells in words.uninstallable(gate, before=False)]
    notifications += [("note", why, cells) for why, cells in words.uninstallable(gate, before=True)]
    if gate.observations and gate.observations.fault:
        notifications.append(("error", gate.observations.fault, [gate.observations.cell]))
    return {
        "executionSuccessful": words.verdict(gate) != "undecided",
        "exitCode": int(gate.exit),
        "toolExecutionNotifications": [
            {"level": level, "message": _text(f"{why} ({words.places(cells)})")} for level, why, cells in notifications
        ],
    }


def _text(text: str) -> dict[str, str]:
    return {"text": printable(text)}
