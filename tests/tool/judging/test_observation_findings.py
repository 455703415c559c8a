"""Findings: what hangs on a removed symbol is folded under it, and what follows from one change is one finding."""

from __future__ import annotations

from market_data_meta.judging.observation_findings import (
    ChangedDefinition,
    ObservedGroup,
    find_findings,
    group_differences,
)
from market_data_meta.judging.observations import ObservedDifference
from market_data_meta.judging.observed_values import DifferenceKind
from market_data_meta.results.parts import Level


def difference(key: str, kind: DifferenceKind = "changed", *path: str) -> ObservedDifference:
    return ObservedDifference(key, kind, path, "1", "2")


def groups_of(*differences: ObservedDifference, used: str = "m") -> list[ObservedGroup]:
    """The groups; what has ``used`` in its name counts in full."""

    def level_of(area: str, name: str) -> Level:
        return "must" if area == "http" or used in name.split(".") else "should"

    return group_differences(differences, level_of, lambda _: "core")


def definition(module: str, name: str) -> ChangedDefinition:
    return ChangedDefinition("core", module, name, f"{module}.py", 1)


def test_differences_of_one_symbol_and_kind_are_one_group() -> None:
    groups = groups_of(
        difference("functions:m.f[x=1]"), difference("functions:m.f[x=2]"), difference("functions:m.f[x=3]", "narrowed")
    )
    assert [(group.symbol, group.kind, len(group.differences)) for group in groups] == [
        ("functions:m.f", "changed", 2),
        ("functions:m.f", "narrowed", 1),
    ]


def test_what_hangs_on_a_removed_symbol_goes_with_it() -> None:
    gone = ("api:m.Queue", "api:m.Queue.put", "functions:m.Queue.put[x=1]", "lives:m.Queue", "models:m.Queue[1]")
    groups = groups_of(*(difference(key, "removed") for key in (*gone, "api:m.QueueFull")))
    assert [group.symbol for group in groups] == ["api:m.Queue", "api:m.QueueFull"]


def test_what_a_module_held_goes_with_it_where_it_cannot_be_imported() -> None:
    groups = groups_of(
        difference("api:a.x", "narrowed"), difference("api:a.x.Foo", "removed"), difference("api:a.xy", "removed")
    )
    assert [(group.symbol, group.kind) for group in groups] == [("api:a.x", "narrowed"), ("api:a.xy", "removed")]


def test_a_removal_counts_as_much_as_the_most_that_goes_with_it() -> None:
    groups = groups_of(difference("api:a.x", "removed"), difference("api:a.x.Foo", "removed"), used="Foo")
    assert [(group.symbol, group.level) for group in groups] == [("api:a.x", "must")]


def test_a_change_within_what_is_left_is_not_folded() -> None:
    groups = groups_of(difference("api:m.Queue", "changed"), difference("functions:m.Queue.put[1]", "removed"))
    assert [group.symbol for group in groups] == ["api:m.Queue", "functions:m.Queue.put"]


def test_everything_follows_from_the_only_definition_that_was_changed() -> None:
    groups = groups_of(difference("http:GET /x"), difference("functions:m.f[1]"), difference("metadata:core.requires"))
    findings = find_findings(groups, {"core": [definition("m", "_helper")]})
    assert [[group.symbol for group in finding.groups] for finding in findings] == [
        ["functions:m.f", "http:GET /x"],
        ["metadata:core.requires"],
    ]
    assert findings[0].definition == definition("m", "_helper")
    assert findings[1].definition is None


def test_of_several_definitions_each_has_what_bears_its_name() -> None:
    groups = groups_of(
        difference("functions:m.Queue.put[1]"),
        difference("lives:m.Queue"),
        difference("functions:m.Pool.put[1]"),
        difference("http:GET /x"),
    )
    definitions = [definition("m", "Queue.put"), definition("m", "Pool"), definition("n", "put")]
    findings = find_findings(groups, {"core": definitions})
    assert {finding.definition and finding.definition.name: len(finding.groups) for finding in findings} == {
        "Queue.put": 2,
        "Pool": 1,
        None: 1,
    }


def test_what_was_added_is_no_finding() -> None:
    assert find_findings(groups_of(difference("api:m.new", "added")), {}) == []


def test_what_counts_most_comes_first() -> None:
    groups = groups_of(
        difference("api:a.changed"), difference("api:m.changed"), difference("api:m.gone", "removed"), used="m"
    )
    assert [finding.groups[0].symbol for finding in find_findings(groups, {})] == [
        "api:m.gone",
        "api:m.changed",
        "api:a.changed",
    ]
