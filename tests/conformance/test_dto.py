"""How the DTOs behave in the hands of those who make, pass on, store and read them."""

from __future__ import annotations

import copy
import json
import pickle
import time
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mdc_dto_baseline import UNKNOWN, smallest, usable
from mdm_clause import ClauseCheck


def test_frozen(clause: ClauseCheck, contracts: Path) -> None:
    """A FeedbackEvent, RateAdjustment, ClusterId or NodeId cannot be changed, and equal ones hash alike."""
    examined = [dto for dto in usable(contracts) if dto.name in clause.expect["frozen"]]
    problems = []
    for dto in examined:
        fields = smallest(dto.validation)
        model = dto.installed_model()
        one, other = model(**fields), model(**fields)
        for name, value in fields.items():
            try:
                setattr(one, name, value)
                problems.append(f"{dto.name}: {name} can be assigned")
            except (TypeError, ValueError, AttributeError):
                pass
        try:
            alike = hash(one) == hash(other)
        except TypeError:
            alike = False
        problems += [] if alike and one == other else [f"{dto.name}: equal ones do not hash alike"]
    clause.none("values that are not frozen", problems, examined=len(examined))


def test_unknown_fields_ignored(clause: ClauseCheck, contracts: Path) -> None:
    """A DTO reads JSON that has a field it does not know, and leaves that field out of what it passes on."""
    examined = usable(contracts)
    problems = []
    for dto in examined:
        sent = smallest(dto.validation) | {UNKNOWN: "later"}
        try:
            passed_on = json.loads(dto.installed_model().model_validate_json(json.dumps(sent)).model_dump_json())
        except ValueError:
            problems.append(f"{dto.name}: refuses it")
        else:
            problems += [f"{dto.name}: passes it on"] if UNKNOWN in passed_on else []
    clause.none("DTOs that do not ignore an unknown field", problems, examined=len(examined))


def test_store_event_is_core_event(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """Store's FeedbackEvent is a Core FeedbackEvent."""
    from market_data_core.telemetry import FeedbackEvent

    event = make_store_event("soft")
    clause.that("Store's event", isinstance(event, FeedbackEvent), expected="a Core FeedbackEvent", got=type(event))


def test_store_event_parses_as_core(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """The JSON of Store's extended event parses as Core's event, with the same value in each of Core's fields."""
    from market_data_core.telemetry import FeedbackEvent

    event = make_store_event("soft", reason="queue_filling")
    with clause.works("reading Store's JSON as Core's event"):
        parsed = FeedbackEvent.model_validate_json(event.model_dump_json())
    fields = clause.expect["fields"]
    wrong = [name for name in fields if getattr(parsed, name) != getattr(event, name)]
    clause.none("Core's fields that come out changed", wrong, examined=len(fields))


def test_core_event_parses_as_store(clause: ClauseCheck, make_event: Callable[..., Any]) -> None:
    """The JSON of a plain Core event parses as Store's event, without a reason."""
    from market_data_store.coordinator import FeedbackEvent

    with clause.works("reading Core's JSON as Store's event"):
        parsed = FeedbackEvent.model_validate_json(make_event("hard").model_dump_json())
    clause.equal("its level and reason", (str(parsed.level.value), parsed.reason), (clause.expect["level"], None))


def test_create_fills_core_fields(clause: ClauseCheck) -> None:
    """Store's FeedbackEvent.create fills in the source and the present time, and keeps what it is given."""
    from market_data_core.telemetry import BackpressureLevel
    from market_data_store.coordinator import FeedbackEvent

    for given in clause.expect["given"]:
        before = time.time()
        event = FeedbackEvent.create(**given | {"level": BackpressureLevel(given["level"])})
        after = time.time()
        made = event.model_dump(mode="json")
        # A producer may round to the millisecond.
        now = before - 0.001 <= made["ts"] <= after + 0.001
        clause.that("ts of the new event", now, expected="the present in epoch seconds", got="another time")
        wanted = given | {"source": clause.expect["source"]}
        clause.equal("the fields it was given, and the source", {name: made.get(name) for name in wanted}, wanted)


def test_utilization(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """The utilization of Store's event is its queue size divided by its capacity."""
    cases = clause.expect["cases"]
    events = [make_store_event(queue_size=case["queue_size"], capacity=case["capacity"]) for case in cases]
    clause.equal("utilization", [event.utilization for event in events], [case["utilization"] for case in cases])


def test_level_from_string(clause: ClauseCheck) -> None:
    """An event and an adjustment take the level as a string too and hold the enum member."""
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent, RateAdjustment

    problems = []
    for level in clause.expect["levels"]:
        with clause.works(f"making an event and an adjustment of level {level!r}"):
            event = FeedbackEvent(coordinator_id="bars", queue_size=1, capacity=2, level=level, ts=1.0)
            adjustment = RateAdjustment(provider="ibkr", scale=1.0, reason=level, ts=1.0)
        held = {"level": event.level, "reason": adjustment.reason}
        problems += [f"{name} {level}" for name, value in held.items() if value is not BackpressureLevel(level)]
    clause.none("levels that are not the enum's member", problems, examined=len(clause.expect["levels"]))


def test_time_to_the_microsecond(
    clause: ClauseCheck, make_event: Callable[..., Any], make_store_event: Callable[..., Any]
) -> None:
    """The ts of an event and of an adjustment is a float in epoch seconds and survives JSON to the microsecond."""
    from market_data_core.telemetry import BackpressureLevel, RateAdjustment

    ts = clause.expect["ts"]
    store_event = make_store_event().model_copy(update={"ts": ts})
    sent = [
        make_event(ts=ts),
        store_event,
        RateAdjustment(provider="ibkr", scale=0.5, reason=BackpressureLevel.soft, ts=ts),
    ]
    got = [type(dto).model_validate_json(dto.model_dump_json()).ts for dto in sent]
    clause.equal("ts after JSON", got, [ts, ts, ts])


def test_readable_after_writing(clause: ClauseCheck, make_event: Callable[..., Any]) -> None:
    """An event that can be made can be read back from its own JSON, also one whose ts is not a finite number."""
    problems = []
    for ts in clause.expect["ts"]:
        try:
            event = make_event(ts=ts)
        except ValueError:
            continue  # Refusing such a time is as good as carrying it.
        try:
            type(event).model_validate_json(event.model_dump_json())
        except ValueError:
            problems.append(f"ts {ts}: accepted, and written as JSON that is refused")
    clause.none("events that cannot be read back", problems, examined=len(clause.expect["ts"]))


def test_round_trips(clause: ClauseCheck, contracts: Path) -> None:
    """A DTO equals what is read back from its JSON, from its dictionary and from its pickle, and its deep copy."""
    ways: dict[str, Callable[[Any], Any]] = {
        "JSON": lambda dto: type(dto).model_validate_json(dto.model_dump_json()),
        "dictionary": lambda dto: type(dto).model_validate(dto.model_dump()),
        "pickle": lambda dto: pickle.loads(pickle.dumps(dto)),
        "deep copy": copy.deepcopy,
    }
    examined = usable(contracts)
    problems = []
    for dto in examined:
        original = dto.installed_model()(**smallest(dto.validation))
        for way, through in ways.items():
            try:
                same = through(original) == original
            except Exception as error:  # noqa: BLE001 - whatever a model raises is the finding
                problems.append(f"{dto.name}, {way}: {type(error).__name__}")
            else:
                problems += [] if same else [f"{dto.name}, {way}: not equal"]
    clause.none("DTOs that do not survive", problems, examined=len(examined))


def test_copy_with_change(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """A changed copy of an event has the change and everything else, and leaves the original as it was."""
    original, update = make_store_event("ok", reason="queue_recovered"), clause.expect["update"]
    # Reading has each value worked out that an event may keep.
    before = _values(original)
    copied = original.model_copy(update=update)
    fields = {name: before[name] for name in type(original).model_fields} | update
    # What follows from the fields is as it is in an event that was made with the changed ones.
    changed = _values(type(original)(**fields)) | fields
    for what, event, expected in (("the original", original, before), ("the copy", copied, changed)):
        got = {name: getattr(event, name, "nothing") for name in expected}
        problems = [
            # A time is another one in each run.
            "ts is another time" if name == "ts" else f"{name} is {got[name]!r}, and should be {value!r}"
            for name, value in expected.items()
            if got[name] != value
        ]
        clause.none(f"values of {what}", problems, examined=len(expected))


def _values(event: Any) -> dict[str, Any]:
    """What can be read of an event: its fields and its properties, computed fields among them."""
    classes = [base for base in type(event).__mro__ if base.__module__.startswith("market_data")]
    properties = {
        name: None
        for base in classes
        for name, member in vars(base).items()
        if isinstance(member, property | cached_property) and not name.startswith("_")
    }
    return {name: getattr(event, name) for name in dict.fromkeys([*type(event).model_fields, *properties])}


def test_defaults_not_shared(clause: ClauseCheck, contracts: Path) -> None:
    """Two DTOs never share a default list or dictionary: a change to one does not show in the other."""
    problems, examined = [], 0
    for dto in usable(contracts):
        model, fields = dto.installed_model(), smallest(dto.validation)
        for name in [name for name, default in dto.defaults.items() if isinstance(default, list | dict)]:
            examined += 1
            one, other = getattr(model(**fields), name), getattr(model(**fields), name)
            problems += [f"{dto.name}.{name}"] if one is other else []
    clause.none("defaults that are shared", problems, examined=examined)


def test_envelope_carries_event(clause: ClauseCheck, make_store_event: Callable[..., Any]) -> None:
    """Store's event in an EventEnvelope is read back as a Core event with the same level and time."""
    from market_data_core.events import EventEnvelope, EventMeta
    from market_data_core.telemetry import FeedbackEvent

    event = make_store_event("hard", reason="queue_full")
    meta = EventMeta(schema_id="telemetry.FeedbackEvent")
    sent = EventEnvelope(id="1-0", ts=event.ts, meta=meta, payload=event).model_dump_json()
    with clause.works("reading the envelope with Core's event as payload"):
        payload = EventEnvelope[FeedbackEvent].model_validate_json(sent).payload
    clause.that("the payload", isinstance(payload, FeedbackEvent), expected="a Core FeedbackEvent", got=type(payload))
    clause.equal("its level and time", (payload.level.value, payload.ts == event.ts), (clause.expect["level"], True))


def test_stream_events_round_trip(clause: ClauseCheck) -> None:
    """A StreamEvent and a SignalEvent of Pipeline equal what from_dict makes of their own to_dict, also where their
    times have a zone.
    """
    from market_data_pipeline.streaming import bus

    problems, examined = [], 0
    for name, fields in clause.expect["time_fields"].items():
        kind = getattr(bus, name)
        for written in clause.expect["times"]:
            examined += 1
            sent = kind(**clause.expect[name], **dict.fromkeys(fields, datetime.fromisoformat(written))).to_dict()
            try:
                read = kind.from_dict(dict(sent)).to_dict()
            except Exception as error:  # noqa: BLE001 - whatever it raises, the event is lost
                problems.append(f"{name} with the time {written}: {type(error).__name__}")
                continue
            if changed := sorted(key for key in sent | read if sent.get(key) != read.get(key)):
                problems.append(f"{name} with the time {written}: {', '.join(changed)}")
    clause.none("events that are not read as they were written", problems, examined=examined)
