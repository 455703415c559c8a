"""Causes: only what is known to follow is put together, and no difference is lost."""

from __future__ import annotations

from typing import Any

import pytest

from market_data_meta.contract import Contract
from market_data_meta.gate.causes import Cause, find_causes
from market_data_meta.inside.mdm_plan import RecordHeader
from market_data_meta.inside.mdm_raised import Raised
from market_data_meta.inside.mdm_source import ChangedPlace, DefinedName, SourceChanges, SourceFault
from market_data_meta.judging.comparison import CellComparison, CellPair, Difference
from market_data_meta.judging.records import Check, Record

QUEUE = "market_data_store/coordinator/queue.py"
FEEDBACK = "market_data_core/telemetry/feedback.py"
SYNTAX = SourceFault(QUEUE, 41, "expected ':'", "if capacity > 0")
RENAMED = ChangedPlace(
    FEEDBACK,
    37,
    ("    queue_size: int",),
    ("    queue_length: int",),
    (DefinedName("FeedbackEvent", "queue_size"),),
    (DefinedName("FeedbackEvent", "queue_length"),),
)
MOVED = ChangedPlace(FEEDBACK, 12, ("def helper():",), (), (DefinedName("", "helper"),))
MISSING = "  Field required [type=missing, input_value={'queue_size': 1}, input_type=dict]"
INVALID = f"1 validation error for FeedbackEvent\nqueue_length\n{MISSING}"
PACKAGES = {"market_data_core": "core", "market_data_store": "store"}


def exception(
    kind: str, text: str, file: str | None = None, line: int | None = None, *, importing: bool = False
) -> Any:
    """What a check got that ended with an exception."""
    return Raised(kind, text, file, line, importing)


def causes(
    contract: Contract, *failures: Any, guilty: tuple[str, ...] = (), **changes: SourceChanges
) -> list[tuple[str, tuple[int, ...]]]:
    """The kinds of the causes of these failures, and which follow from each."""
    return [(cause.kind, cause.differences) for cause in all_causes(contract, *failures, guilty=guilty, **changes)]


def all_causes(
    contract: Contract, *failures: Any, guilty: tuple[str, ...] = (), **changes: SourceChanges
) -> tuple[Cause, ...]:
    """Each failure is what one clause got: an exception, or a value; a tuple has what it got in each of its cells."""
    clauses = list(contract.clauses.values())
    rows = [failure if isinstance(failure, tuple) else (failure,) for failure in failures]
    cells = []
    for cell in range(max(map(len, rows), default=0)):
        checks = {
            clause.id: check(clause.id, got[cell])
            for clause, got in zip(clauses, rows, strict=False)
            if cell < len(got)
        }
        header = RecordHeader("", "", f"cell{cell}", {}, {}, (), None, "", ())
        record = Record(f"cell{cell}", header, checks, None)
        cells.append(CellComparison(CellPair(record.cell, "combination", {}, record, None), "regressed", (), {}))
    differences = [
        Difference(
            "regression", clause, check(clause.id, got[0]), None, tuple(f"cell{n}" for n in range(len(got))), guilty
        )
        for clause, got in zip(clauses, rows, strict=False)
    ]
    return find_causes(differences, cells, changes, PACKAGES)


def check(clause: str, got: Any) -> Check:
    if isinstance(got, Raised):
        return Check(clause, "failed", "the check's call", "no exception", f"{got.kind}: {got.text}", 0.0, got)
    return Check(clause, "failed", "what was looked at", [], got, 0.0)


@pytest.mark.parametrize(
    "failure",
    [
        exception("SyntaxError", "expected ':'", QUEUE, 41, importing=True),
        exception("ImportError", f"{QUEUE}: expected ':'"),
        ["market_data_core: SyntaxError: expected ':'", "market_data_store: SyntaxError: expected ':'"],
        "SyntaxError: expected ':'",
    ],
)
def test_what_tells_of_the_syntax_error_follows_from_it(contract: Contract, failure: Any) -> None:
    assert causes(contract, failure, store=SourceChanges((SYNTAX,))) == [("syntax", (0,))]


@pytest.mark.parametrize(
    "failure",
    [
        exception("SyntaxError", "expected ':'", QUEUE, 42, importing=True),
        exception("ValueError", "expected ':'", QUEUE, 41),
        ["market_data_core: SyntaxError: expected ':'", "market_data_store: no FeedbackBus"],
        ["market_data_store/coordinator/feedback.py: class FeedbackEvent"],
        [],
        {"SyntaxError": "expected ':'"},
        0.5,
    ],
)
def test_what_does_not_tell_of_it_or_of_more_stands_for_itself(contract: Contract, failure: Any) -> None:
    assert causes(contract, failure, store=SourceChanges((SYNTAX,))) == [("syntax", ())]


def test_which_of_two_alike_syntax_errors_it_is_must_be_said(contract: Contract) -> None:
    other = SourceFault("market_data_store/sinks.py", 3, "expected ':'", "")
    told = exception("SyntaxError", "expected ':'", QUEUE, 41, importing=True)
    faults = SourceChanges((other, SYNTAX))
    assert causes(contract, "SyntaxError: expected ':'", told, store=faults) == [("syntax", (1,)), ("syntax", ())]


def test_a_syntax_error_that_nothing_needs_is_told_all_the_same(contract: Contract) -> None:
    assert causes(contract, store=SourceChanges((SYNTAX,))) == [("syntax", ())]


@pytest.mark.parametrize(
    "failure",
    [
        exception("ValidationError", INVALID),
        exception("AttributeError", "'FeedbackEvent' object has no attribute 'queue_size'"),
        exception("AttributeError", "type object 'FeedbackEvent' has no attribute 'queue_size'"),
        exception("TypeError", "FeedbackEvent.__init__() got an unexpected keyword argument 'queue_size'"),
        exception("TypeError", "FeedbackEvent.__init__() missing 1 required positional argument: 'queue_length'"),
        ["FeedbackEvent/queue_length: this release requires it", "FeedbackEvent/queue_size: it is gone"],
    ],
)
def test_what_misses_a_renamed_field_by_name_follows_from_its_line(contract: Contract, failure: Any) -> None:
    (cause,) = all_causes(contract, failure, core=SourceChanges((), (MOVED, RENAMED)))
    assert (cause.kind, cause.file, cause.line, cause.differences) == ("definition", FEEDBACK, 37, (0,))
    assert (cause.before, cause.after) == (("queue_size: int",), ("queue_length: int",))
    assert cause.text == "FeedbackEvent.queue_size is gone, FeedbackEvent.queue_length is new"


@pytest.mark.parametrize(
    "failure",
    [
        exception("ValidationError", INVALID.replace("FeedbackEvent", "RateAdjustment")),
        exception("ValidationError", INVALID.replace("1 val", "2 val").replace("error ", "errors ")),
        exception("ValidationError", INVALID.replace("type=missing", "type=int_type")),
        exception("AttributeError", "'Queue' object has no attribute 'queue_size'"),
        exception("AttributeError", "'FeedbackEvent' object has no attribute 'capacity'"),
        exception("KeyError", "'queue_size'"),
        ["FeedbackEvent/queue_size: it is gone", "FeedbackEvent/capacity: it is gone"],
        ["FeedbackEvent: refuses what has no queue_size"],
    ],
)
def test_what_misses_another_name_or_more_does_not(contract: Contract, failure: Any) -> None:
    assert causes(contract, failure, core=SourceChanges((), (RENAMED,))) == []


def test_a_name_that_a_module_lost_is_the_cause_of_what_imports_it(contract: Contract) -> None:
    module = "market_data_core.telemetry.feedback"
    text = f"cannot import name 'helper' from '{module}'"
    failures = [
        exception("ImportError", text, "market_data_core/__init__.py", 3, importing=True),
        [f"{module}: no helper", f"market_data_core: ImportError: {text}"],
        exception("ImportError", text.replace("telemetry.feedback", "telemetry")),
    ]
    (cause,) = all_causes(contract, *failures, core=SourceChanges((), (MOVED,)))
    assert (cause.differences, cause.stops_import) == ((0, 1), True)


def test_a_module_that_is_gone_is_the_cause_of_what_misses_it(contract: Contract) -> None:
    gone = SourceChanges((), (ChangedPlace(FEEDBACK, None, (), ()),))
    failure = exception("ModuleNotFoundError", "No module named 'market_data_core.telemetry.feedback'")
    assert causes(contract, failure, core=gone) == [("definition", (0,))]


def test_one_exception_from_one_line_is_one_cause(contract: Contract) -> None:
    """With the same text from another line, and another text from the same line, it is not the same."""
    same = exception("NameError", "name 'x' is not defined", QUEUE, 7)
    others = [
        exception("NameError", "name 'x' is not defined", QUEUE, 8),
        exception("NameError", "name 'y' is not defined", QUEUE, 7),
    ]
    (cause,) = all_causes(contract, same, *others, same)
    assert (cause.kind, cause.package, cause.file, cause.line) == ("exception", "store", QUEUE, 7)
    assert cause.differences == (0, 3)


def test_an_exception_without_a_line_of_the_packages_joins_nothing(contract: Contract) -> None:
    failure = exception("ValueError", "no")
    assert causes(contract, failure, failure) == []


def test_who_only_tells_of_an_exception_at_import_has_met_the_only_one(contract: Contract) -> None:
    met = exception("NameError", "name 'x' is not defined", QUEUE, 7, importing=True)
    told = ["market_data_store: NameError: name 'x' is not defined"]
    assert causes(contract, met, told) == [("exception", (0, 1))]
    elsewhere = exception("NameError", "name 'x' is not defined", QUEUE, 8, importing=True)
    assert causes(contract, met, told, elsewhere) == []


def test_what_fails_otherwise_in_one_of_its_cells_stands_for_itself(contract: Contract) -> None:
    missing = exception("AttributeError", "'FeedbackEvent' object has no attribute 'queue_size'")
    other = exception("AttributeError", "'FeedbackEvent' object has no attribute 'capacity'")
    renamed = SourceChanges((), (RENAMED,))
    assert causes(contract, (missing, missing), core=renamed) == [("definition", (0,))]
    assert causes(contract, (missing, other), core=renamed) == []


def test_what_another_candidate_is_to_blame_for_does_not_follow(contract: Contract) -> None:
    missing = exception("AttributeError", "'FeedbackEvent' object has no attribute 'queue_size'")
    renamed = SourceChanges((), (RENAMED,))
    assert causes(contract, missing, guilty=("store",), core=renamed) == []
    assert causes(contract, missing, guilty=("core",), core=renamed) == [("definition", (0,))]


def test_what_does_not_import_comes_first(contract: Contract) -> None:
    field = exception("AttributeError", "'FeedbackEvent' object has no attribute 'queue_size'")
    module = exception("NameError", "name 'x' is not defined", "market_data_core/b.py", 7, importing=True)
    syntax = exception("SyntaxError", "expected ':'", QUEUE, 41, importing=True)
    renamed, broken = SourceChanges((), (RENAMED,)), SourceChanges((SYNTAX,))
    found = causes(contract, field, field, field, module, module, syntax, core=renamed, store=broken)
    assert found == [("syntax", (5,)), ("exception", (3, 4)), ("definition", (0, 1, 2))]
