"""What goes into an environment under test arrives there as it was, and what is not of its type is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from market_data_meta.contract import Contract
from market_data_meta.inside.mdm_json import from_json, to_json
from market_data_meta.inside.mdm_plan import (
    CellRequest,
    CellRun,
    ForkedProcess,
    LoadRequest,
    Plan,
    ReleaseFacts,
    Sandbox,
    SurveyRequest,
    TemplateAnswer,
)
from market_data_meta.judging.records import Record
from market_data_meta.releases.combinations import Cell, newest_of
from market_data_meta.releases.ledger import Ledger
from market_data_meta.running.plans import cell_plan, warm_plan

PROCESS = ForkedProcess("/home", {"RLIMIT_CORE": 0}, ("/usr",))


def again(value: Any) -> Any:
    """The value after it went through JSON."""
    return from_json(type(value), json.loads(json.dumps(to_json(value))))


@pytest.fixture
def plan(contract: Contract, ledger: Ledger) -> Plan:
    """The plan of a run of a release alone, with all that a plan can have."""
    cell = Cell(newest_of(("core",), ledger))
    facts = ReleaseFacts("core", "1", "/python", {"market-data-core": ("1",)}, {"dev": None, "x": "no"}, {"y": "a URL"})
    plan = cell_plan(contract, ledger, cell, forced=("a>=1",), optional_libraries=(), release=facts)
    return replace(plan, sandbox=Sandbox(("/home",), "/home/attempts"), trace=("/site",))


def test_a_plan_arrives_as_it_was(plan: Plan, contract: Contract) -> None:
    assert again(plan) == plan
    warm = warm_plan(contract)
    # As text, because a clause expects NaN, which is equal to nothing.
    assert repr(again(warm)) == repr(warm)


def test_a_request_to_a_template_and_its_answer_arrive_as_they_were(plan: Plan) -> None:
    assert plan.header
    run = CellRun(replace(plan.header, until=("a.b",)), ("/site",), {"a.b": "why"}, trace=True)
    for message in (
        LoadRequest(1, ("json",)),
        SurveyRequest(2, ("/site",), ("json",), PROCESS),
        CellRequest(3, run, "secret", PROCESS),
        TemplateAnswer(4, status=0),
        TemplateAnswer(5, pid=9),
    ):
        assert again(message) == message


def test_a_header_arrives_with_what_the_run_has_said(make_record: Any) -> None:
    record: Record = make_record(cage={"landlock": 7, "signals": True, "hook": True, "loopback_only": False})
    assert again(record.header) == record.header != record.header.label
    assert record.header.label.label == record.header.label


def test_a_run_of_some_clauses_is_labelled_with_them(plan: Plan, contract: Contract) -> None:
    must_pass = next(name for name in contract.controls if name.endswith("pass"))
    name = next(iter(plan.clauses))
    part = replace(plan, not_applicable={name: "why", must_pass: "why"}).of_clauses([must_pass])
    assert part.header
    assert (list(part.clauses), part.header.clauses, part.not_applicable) == (
        [must_pass],
        (must_pass,),
        {must_pass: "why"},
    )


@dataclass(frozen=True)
class Sample:
    kind: str = field(default="sample", init=False)
    count: int
    ratio: float
    names: tuple[str, ...]
    flag: bool = False


SAMPLE: dict[str, Any] = {"kind": "sample", "count": 1, "ratio": 1, "names": ["a"]}


def test_what_is_empty_by_default_is_left_out() -> None:
    assert to_json(Sample(0, 0.0, ())) == {"kind": "sample", "count": 0, "ratio": 0.0, "names": []}
    assert from_json(Sample, SAMPLE) == Sample(1, 1, ("a",))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"kind": "other"}, "Sample/kind is not 'sample'"),
        ({"count": True}, "Sample/count is a bool"),
        ({"count": "1"}, "Sample/count is a str"),
        ({"ratio": None}, "Sample/ratio is a NoneType"),
        ({"names": "a"}, "Sample/names is a str"),
        ({"names": [1]}, "Sample/names is a int"),
        ({"flag": 1}, "Sample/flag is a int"),
        ({"more": 1}, "Sample has an unknown field more"),
    ],
)
def test_what_is_not_of_the_type_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        from_json(Sample, SAMPLE | change)


def test_what_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="Sample/count is missing"):
        from_json(Sample, {name: value for name, value in SAMPLE.items() if name != "count"})
