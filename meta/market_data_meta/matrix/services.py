"""The services that the matrix's cells are made of: what each decides by itself, and what one takes of another.

A deployment is a producer and a consumer that each have their own Core. Its state follows from the two runs, so nothing
is kept of each pair but how much of what is sent is taken, and pairs of which the same is known are one row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from market_data_meta.contract import Contract
from market_data_meta.judging.capabilities import LONGEST_GOT
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.judging.deployments import (
    TAKES_RECORDINGS,
    ServiceRun,
    deployed_capabilities,
    deployment_capabilities,
    narrowed,
    why_undecided,
)
from market_data_meta.judging.records import Check
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.results.services import (
    Delivery,
    MatrixDelivery,
    MatrixService,
    MatrixWire,
    ServiceCell,
    ServicesResult,
)

ServiceRuns = Mapping[ContentCombination, ServiceRun]
"""The run of each content combination of a service."""


def services_result(
    contract: Contract, suite: str, known: KnownDefects, runs: ServiceRuns, position_of: Mapping[int, int]
) -> ServicesResult:
    """The services of the contract by their runs; ``position_of`` has a content's position, by its identity."""
    runs_of = {
        name: {cell: run for cell, run in runs.items() if cell.digests.keys() == set(service.packages)}
        for name, service in contract.services.items()
    }
    return ServicesResult(
        services=tuple(
            MatrixService(
                name=name,
                packages=contract.services[name].packages,
                cells=tuple(
                    ServiceCell(
                        codes={content.package: position_of[id(content)] for content in cell.contents},
                        capabilities={
                            capability: decided.state.state
                            for capability, decided in deployed_capabilities(
                                contract, suite, {name: run}, known
                            ).items()
                        },
                    )
                    for cell, run in own.items()
                ),
            )
            for name, own in runs_of.items()
            if own
        ),
        wires=tuple(_wires(contract, suite, {name: tuple(own.values()) for name, own in runs_of.items() if own})),
    )


def _wires(contract: Contract, suite: str, runs: Mapping[str, tuple[ServiceRun, ...]]) -> Iterable[MatrixWire]:
    """The wires from each other service to the one that is given the recordings."""
    clause = contract.clauses.get(TAKES_RECORDINGS)
    table = contract.service_of(clause) if clause else None
    capabilities = tuple(
        name
        for name, capability in deployment_capabilities(contract).items()
        if TAKES_RECORDINGS in (*capability.essential, *capability.others)
    )
    consumer = next((name for name in runs if contract.services[name] is table), None)
    if consumer is None or not capabilities:
        return
    for producer in runs:
        if producer != consumer:
            deliveries = _deliveries(suite, runs[producer], runs[consumer])
            yield MatrixWire(producer=producer, consumer=consumer, capabilities=capabilities, deliveries=deliveries)


def _deliveries(
    suite: str, producers: tuple[ServiceRun, ...], consumers: tuple[ServiceRun, ...]
) -> tuple[MatrixDelivery, ...]:
    """Every pair in one delivery: producers of which the same is known with each consumer are together.

    Runs that say the same are compared once: there are thousands of pairs and few different runs.
    """
    rows: dict[tuple[Delivery, ...], list[int]] = {}
    reasons: dict[tuple[tuple[Delivery, ...], Delivery], dict[str, None]] = {}
    checks = [_check(suite, consumer) for consumer in consumers]
    keys = [json.dumps([check.outcome, check.message, check.got], sort_keys=True) for check in checks]
    answers: dict[tuple[str, object], tuple[Delivery, tuple[str, ...]]] = {}
    for number, producer in enumerate(producers):
        sends = producer.recordings or (producer.archive if producer.is_archived else str(producer))
        for check, key in zip(checks, keys, strict=True):
            if (key, sends) not in answers:
                answers[key, sends] = _taken(check, producer)
        row = tuple(answers[key, sends][0] for key in keys)
        rows.setdefault(row, []).append(number)
        for taken, why in (answers[key, sends] for key in keys):
            reasons.setdefault((row, taken), {}).update(dict.fromkeys(why))
    return tuple(
        MatrixDelivery(
            producers=tuple(numbers),
            consumers=tuple(position for position, one in enumerate(row) if one == taken),
            taken=taken,
            reason=_in_short(tuple(reasons[row, taken])),
        )
        for row, numbers in rows.items()
        for taken in dict.fromkeys(row)
    )


def _check(suite: str, consumer: ServiceRun) -> Check:
    """How the clause about recordings came out for a consumer, or an error that says why that is not known."""
    why = why_undecided(suite, consumer)
    check = consumer.record.checks.get(TAKES_RECORDINGS) if consumer.record and not why else None
    return check or Check(TAKES_RECORDINGS, "error", why or f"{consumer}: it was not run", None, None, 0.0)


def _taken(check: Check, producer: ServiceRun) -> tuple[Delivery, tuple[str, ...]]:
    """How much of what the producer sends is taken, and what became of the rest or why it is not known."""
    of_producer = narrowed(check, [producer])
    if of_producer.outcome == "passed":
        return "all", ()
    if of_producer.outcome != "failed" or not isinstance(of_producer.got, Mapping):
        return "unknown", (of_producer.message or "it is not said why",)
    names = producer.recordings or producer.archive
    return "none" if len(of_producer.got) == len(names) else "some", tuple(map(_in_words, of_producer.got.values()))


def _in_words(got: object) -> str:
    text = got if isinstance(got, str) else json.dumps(got, ensure_ascii=False)
    return text if len(text) <= LONGEST_GOT else f"{text[: LONGEST_GOT - 1]}…"


def _in_short(reasons: tuple[str, ...]) -> str:
    """The first of the reasons, and how many others there are: pairs of which the same is known may differ in them."""
    return "; ".join(reasons[:1]) + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "")
