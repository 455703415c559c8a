"""A small world of two services: releases, clauses that the services decide, and runs whose outcomes a test chooses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from examples import ROOT, release

from market_data_meta.contract import Capability, Clause, Contract, Level, Package, Scope, Service
from market_data_meta.deployment.recordings import Recording
from market_data_meta.judging.deployments import TAKES_RECORDINGS, ServiceRun
from market_data_meta.judging.records import Check, Record
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.ledger import DeployedSet, Ledger

SENDS, WRITES, COUNTS = "publisher.sends", "database.writes", "publisher.counts"
MEMBERS = {"store": ("core", "store"), "pipeline": ("core", "pipeline")}
LEDGER = Ledger(
    "2026-11-22",
    {
        "core": (release("1.0", "a"), release("1.1", "b"), release("1.2", "b")),
        "pipeline": (release("0.1", "c"), release("0.2", "d")),
        "store": (release("0.5", "e"), release("0.6", "f")),
    },
    DeployedSet("acme-orchestrator", "1.0", {"core": "1.0", "pipeline": "0.1", "store": "0.5"}),
)


def _recording(name: str, core: str, store: str) -> Recording:
    producer, entry = {"core": core * 64, "store": store * 64}, {"data": json.dumps({"form": f"{name}  text"})}
    return Recording(name, f"contracts/recordings/redis/{name}.json", (producer,), "feedback", (entry, entry))


RECORDINGS = (_recording("plain", "a", "e"), _recording("wrapped", "b", "f"))
"""What store 0.5 sends with Core 1.0, and store 0.6 with Core 1.1 and its like."""


def _clause(name: str, *binds: str, level: Level = "must", scope: Scope = "deployment") -> Clause:
    return Clause(f"The rule of {name}.", level, scope, binds, "A source.", id=name)


def _capability(name: str, essential: str, *others: str) -> Capability:
    return Capability(name, f"Do {name}", "About.", "A source.", "Why.", (essential,), others)


CLAUSES = (
    _clause(SENDS, "core", "store"),
    _clause(COUNTS, "core", "store", level="should"),
    _clause(WRITES, "core", "store"),
    _clause(TAKES_RECORDINGS, "core", "pipeline"),
    _clause("chain.together", "core", "pipeline", "store", scope="combination"),
    _clause("controls.must-pass", "core", level="control", scope="control"),
    _clause("controls.must-fail", "core", level="control", scope="control"),
)
CONTRACT = Contract(
    ROOT,
    {name: Package(f"market-data-{name}", (f"market_data_{name}",), name=name) for name in LEDGER.releases},
    "acme-orchestrator",
    {clause.id: clause for clause in CLAUSES},
    {
        "talk": _capability("talk", SENDS, TAKES_RECORDINGS, COUNTS, "chain.together"),
        "write": _capability("write", WRITES),
        "together": _capability("together", "chain.together"),
    },
    {name: Service(packages, name=name) for name, packages in MEMBERS.items()},
)

Outcomes = Mapping[str, Mapping[str, str | Mapping[str, str]] | str | None]
"""By service, such as ``core 1.0 store 0.5``, how its clauses come out, all others passing; a text is why it cannot be
installed, None that there is no record. Of recordings what became of those that are not taken."""


def service(name: str) -> Combination:
    """The service ``core 1.0 store 0.5``."""
    words = name.split()
    return Combination(tuple(zip(words[::2], words[1::2], strict=True)))


def services(core: str, pipeline: str, store: str) -> dict[str, Combination]:
    """Both services with one Core."""
    return {"store": service(f"core {core} store {store}"), "pipeline": service(f"core {core} pipeline {pipeline}")}


class MadeRuns:
    """Runs services as the outcomes say, and remembers which."""

    def __init__(
        self,
        make_record: Callable[..., Record],
        outcomes: Outcomes,
        recordings: tuple[Recording, ...] = RECORDINGS,
    ) -> None:
        self.ran: list[Combination] = []
        self._make_record, self._outcomes, self._recordings = make_record, outcomes, recordings

    def __call__(self, wanted: Iterable[Combination], ledger: Ledger = LEDGER) -> dict[Combination, ServiceRun]:
        """The runs of the services."""
        return {one: self.run(one, ledger) for one in wanted}

    def run(self, releases: Combination, ledger: Ledger = LEDGER) -> ServiceRun:
        """The run of one service."""
        self.ran.append(releases)
        name = " ".join(f"{package} {version}" for package, version in releases.versions)
        outcomes = self._outcomes.get(name, {})
        contents = {package: ledger.release(package, version).content for package, version in releases.versions}
        recordings = tuple(one.name for one in self._recordings if contents in one.producers)
        if isinstance(outcomes, str):
            return ServiceRun(releases, uninstallable=outcomes, recordings=recordings)
        if outcomes is None:
            return ServiceRun(releases, fault="its run died", recordings=recordings)
        return ServiceRun(releases, self._record(releases, contents, outcomes), recordings=recordings)

    def _record(
        self, releases: Combination, contents: Mapping[str, str], outcomes: Mapping[str, str | Mapping[str, str]]
    ) -> Record:
        versions = releases.as_dict()
        record = self._make_record(
            {"area.first": "missing", "area.second": "missing"},
            cell=releases.label,
            combination=versions,
            expected={name: {"content": contents[name], "sha256": "d" * 64} for name in versions},
            attestation={
                name: {"version": version, "content": contents[name], "direct_url": None}
                for name, version in versions.items()
            },
        )
        checks: dict[str, Check] = dict(record.checks)
        for clause in CONTRACT.clauses_for(releases.packages).keys() - CONTRACT.controls.keys():
            outcome: Any = outcomes.get(clause, "passed")
            got, outcome = ("a defect", outcome) if isinstance(outcome, str) else (dict(outcome), "failed")
            if outcome != "missing":
                checks[clause] = Check(clause, outcome, "what was looked at", "the contract's value", got, 0.01)
        return Record(record.cell, record.header, checks, record.footer)
