"""The order of an upgrade: which service may go first, in which steps, or why no order is safe.

It runs nothing itself: the runs of services are asked for, and those in between only where no direct order is safe.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from market_data_meta.deployment.evidence import DeploymentEvidence
from market_data_meta.deployment.orders import Order, direct_orders, orders
from market_data_meta.deployment.recordings import Recording
from market_data_meta.judging.capabilities import failure_sentence
from market_data_meta.judging.deployments import (
    TAKES_RECORDINGS,
    DecidedClause,
    DeployedCapability,
    Deployment,
    ServiceRun,
    deployed_capabilities,
)
from market_data_meta.judging.records import Check
from market_data_meta.releases.combinations import NEWEST, Combination
from market_data_meta.releases.services import Services
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.parts import ExitCode
from market_data_meta.results.upgrade import (
    Effect,
    OrderVerdict,
    SentRecording,
    UpgradeAnswer,
    UpgradeCandidate,
    UpgradeCapability,
    UpgradeFailure,
    UpgradeOrder,
    UpgradeProblem,
    UpgradeStep,
)

_RANK: Mapping[StateName, int] = {"broken": 0, "limited": 1, "works": 2}
_VERDICTS: tuple[OrderVerdict, ...] = ("safe", "undecided", "unsafe")


@dataclass(frozen=True)
class UpgradeQuestion:
    """The releases that each service runs before and after the upgrade, also in the words of who asks.

    ``needs`` are the capabilities that must not be broken; without any, none may get worse.
    """

    before: Services
    after: Services
    asked_before: tuple[str, ...] = ()
    asked_after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def upgrade_answer(question: UpgradeQuestion, evidence: DeploymentEvidence) -> UpgradeAnswer:
    """The answer, with the order that is best and those that are not."""
    return _Upgrade(question, evidence).answer()


def effect_of(before: StateName, after: StateName, *, needed: bool = False) -> Effect:
    """What it does to a capability to be in another state: of one that is ``needed`` only broken is worse.

    What was broken cannot get worse. Where one of the states is unknown nothing is known, unless all works after it.
    """
    if before == "broken" or after == "works":
        return "same"
    if "unknown" in (before, after):
        return "unknown"
    worse = after == "broken" if needed else _RANK[after] < _RANK[before]
    return "worse" if worse else "same"


@dataclass
class _Upgrade:
    question: UpgradeQuestion
    evidence: DeploymentEvidence
    _runs: dict[Combination, ServiceRun] = field(default_factory=dict)
    _judged: dict[tuple[Combination, ...], dict[str, DeployedCapability]] = field(default_factory=dict)

    def answer(self) -> UpgradeAnswer:
        question, evidence = self.question, self.evidence
        self._run([*question.before.values(), *question.after.values()])
        answers = self._orders(direct_orders(question.before, question.after))
        if answers and answers[0].verdict != "safe":
            every = orders(question.before, question.after, may_be_out=lambda one: not self.evidence.forbidden(one))
            self._run(service for order in every for change in order for service in change.services.values())
            answers = self._orders(every)
        forbidden = tuple(sentence for one in question.after.values() for sentence in self.evidence.forbidden(one))
        at_end = self._at(question.after)
        unmet = tuple(name for name in question.needs if at_end[name].state.state in ("broken", "unknown"))
        return UpgradeAnswer(
            exit=self._exit(answers, unmet, forbidden=bool(forbidden)),
            suite=evidence.suite,
            as_of=evidence.ledger.as_of,
            asked_before=question.asked_before,
            asked_after=question.asked_after,
            before=_versions(question.before),
            after=_versions(question.after),
            candidates=tuple(
                UpgradeCandidate(
                    package=candidate.package,
                    source=candidate.source,
                    version=candidate.release.version,
                    commit=candidate.revision.commit if candidate.revision else None,
                    edited=candidate.revision.edited if candidate.revision else False,
                    version_is_taken=candidate.version_is_taken,
                )
                for candidate in evidence.candidates
            ),
            brings_along=evidence.origins(sorted({entry for run in self._runs.values() for entry in run.brought})),
            capabilities=tuple(
                UpgradeCapability(before=was.state, after=at_end[name].state) for name, was in self._before.items()
            ),
            forbidden=forbidden,
            needs=question.needs,
            unmet=unmet,
            lost=tuple(self._lost.values()),
            first=_first(answers),
            orders=tuple(answers),
        )

    def _exit(self, answers: list[UpgradeOrder], unmet: tuple[str, ...], *, forbidden: bool) -> ExitCode:
        at_end = self._at(self.question.after)
        if forbidden or self._lost or any(at_end[name].state.state == "broken" for name in unmet):
            return 1
        if not answers:
            return 3 if unmet else 0
        if unmet or answers[0].verdict == "undecided":
            return 3
        return 0 if answers[0].verdict == "safe" else 1

    @cached_property
    def _before(self) -> dict[str, DeployedCapability]:
        return self._at(self.question.before)

    @cached_property
    def _lost(self) -> dict[str, UpgradeProblem]:
        """What is worse after the upgrade, in whatever order."""
        problems = self._problems(self.question.after)
        return {problem.capability: problem for problem in problems if problem.effect == "worse"}

    def _run(self, services: Iterable[Combination]) -> None:
        missing = [service for service in dict.fromkeys(services) if service not in self._runs]
        if missing:
            self._runs.update(self.evidence.run(missing))
            self._give_what_is_new()

    def _give_what_is_new(self) -> None:
        """Give each consumer what a producer sends and the archive lacks, which its own run has not met."""
        clause = self.evidence.contract.clauses.get(TAKES_RECORDINGS)
        consumer = self.evidence.contract.service_of(clause) if clause else None
        for sent in [run.sends for run in self._runs.values() if run.sends]:
            key = tuple(sorted(sent))
            consumers = [
                releases
                for releases, run in self._runs.items()
                if consumer and set(releases.packages) == set(consumer.packages) and key not in run.takes
            ]
            for releases, check in self.evidence.give(consumers, sent).items() if consumers else ():
                run = self._runs[releases]
                self._runs[releases] = replace(run, takes={**run.takes, key: check})

    def _at(self, services: Services) -> dict[str, DeployedCapability]:
        """Every capability with these services out."""
        key = tuple(services.values())
        if key not in self._judged:
            deployment: Deployment = {name: self._runs[releases] for name, releases in services.items()}
            evidence = self.evidence
            self._judged[key] = deployed_capabilities(evidence.contract, evidence.suite, deployment, evidence.known)
        return self._judged[key]

    def _orders(self, every: Iterable[Order]) -> list[UpgradeOrder]:
        """The orders with their verdicts: safe before unsafe ones, then as they come."""
        judged = [self._order(order) for order in every if order]
        return sorted(judged, key=lambda order: _VERDICTS.index(order.verdict))

    def _order(self, order: Order) -> UpgradeOrder:
        steps = tuple(
            UpgradeStep(
                service=change.service,
                packages=dict(change.packages),
                services=_versions(change.services),
                problems=tuple(self._problems(change.services, self._lost)),
            )
            for change in order
        )
        effects = {problem.effect for step in steps for problem in step.problems}
        # Where services decide no capability there is no evidence that nothing gets worse.
        undecided = "unknown" in effects or not self._before
        verdict: OrderVerdict = "unsafe" if "worse" in effects else "undecided" if undecided else "safe"
        return UpgradeOrder(verdict=verdict, steps=steps)

    def _problems(self, services: Services, lost: Mapping[str, UpgradeProblem] | None = None) -> list[UpgradeProblem]:
        """What is worse with these services than before the upgrade, is not known to be no worse, or fails anew.

        Of what is ``lost`` in any order only that counts which is worse than what remains of it after the upgrade.
        """
        problems = []
        for name, now in self._at(services).items():
            if self.question.needs and name not in self.question.needs:
                continue
            was = self._before[name]
            reference = lost[name].after if lost and name in lost else was.state.state
            effect = effect_of(reference, now.state.state, needed=bool(self.question.needs))
            failures = [failure for clause, failure in now.failing.items() if clause not in was.failing]
            if effect == "same" and not failures:
                continue
            problems.append(
                UpgradeProblem(
                    capability=name,
                    title=now.state.title,
                    before=was.state.state,
                    after=now.state.state,
                    effect=effect,
                    reason=now.state.reason or (was.state.reason if effect == "unknown" else ""),
                    failures=tuple(self._failure(decided, check, services) for decided, check in failures),
                )
            )
        return problems

    def _failure(self, decided: DecidedClause, check: Check, services: Services) -> UpgradeFailure:
        clause = self.evidence.contract.clauses[decided.clause]
        releases = services[decided.service]
        names = check.got if decided.clause == TAKES_RECORDINGS and isinstance(check.got, Mapping) else ()
        return UpgradeFailure(
            clause=clause.id,
            level="should" if clause.level == "should" else "must",
            essential=decided.essential,
            rule=clause.rule,
            service=decided.service,
            versions=releases.as_dict(),
            message=check.message,
            expected=check.expected,
            got=check.got,
            sentence=failure_sentence(clause, check, decided.defect, decided.release),
            defect=decided.defect.id if decided.defect else None,
            sent=tuple(
                SentRecording(file=one.file, stream=one.stream, entries=tuple(dict(entry) for entry in one.entries))
                for one in (*self.evidence.recordings, *self._unrecorded(services))
                if one.name in names
            ),
            reproduce=self._reproduce(clause.id, releases, services),
        )

    def _unrecorded(self, services: Services) -> Iterator[Recording]:
        """What the services send and the archive lacks."""
        for run in (self._runs[releases] for releases in services.values()):
            for name, sent in run.sends.items():
                entries = tuple(dict(entry) for entry in sent["entries"])
                yield Recording(name, f"what {run} sends, not recorded", (), str(sent["stream"]), entries)

    def _reproduce(self, clause: str, releases: Combination, services: Services) -> str:
        """The command that shows a failure of a service; of a candidate, or of what one sends, it is a gate."""
        out = [releases] if clause != TAKES_RECORDINGS else [releases, *services.values()]
        versions = {pair for one in out for pair in one.versions}
        built = [c for c in self.evidence.candidates if c.wheel and (c.package, c.release.version) in versions]
        if not built:
            return f"./scripts/mdmeta run {releases} --clause {clause}"
        sources = [word for c in built for word in (f"--{c.package}", shlex.quote(c.source))]
        packages = {c.package for c in built}
        partners = [f"{name}=={version}" for name, version in releases.versions if name not in packages]
        return " ".join(["./scripts/mdmeta gate", *sources, *partners, NEWEST])


def _first(answers: list[UpgradeOrder]) -> tuple[str, ...]:
    """The services that are the first in a safe order with the fewest steps."""
    safe = [order.steps for order in answers if order.verdict == "safe"]
    return tuple(dict.fromkeys(steps[0].service for steps in safe if len(steps) == len(safe[0])))


def _versions(services: Services) -> dict[str, dict[str, str]]:
    return {name: releases.as_dict() for name, releases in services.items()}
