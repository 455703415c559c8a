"""What a gate reports of its observations: whose it is, how much it counts, what it follows from."""

from __future__ import annotations

from examples import candidate

from market_data_meta.contract import Contract
from market_data_meta.gate.meant_changes import meant_changes
from market_data_meta.gate.observation_report import observation_report
from market_data_meta.gate.observations import GateObservation
from market_data_meta.inside.mdm_source import ChangedPlace, SourceChanges
from market_data_meta.judging.observation_document import quoted_lines
from market_data_meta.judging.observations import ObservedComparison, ObservedDifference
from market_data_meta.judging.used_names import UsedNames
from market_data_meta.results.observations import GateObservations
from market_data_meta.running.observed_pairs import ObservedPair


def report(
    contract: Contract, *keys: str, packages: tuple[str, ...] = ("core", "store"), text: str = ""
) -> GateObservations:
    """The report of these changed observations; of Core others use ``Used``, and ``Bar.close`` is what was changed."""
    differences = tuple(ObservedDifference(key, "changed", (), "1", "2" * 9000) for key in keys)
    observed = GateObservation(
        "core1",
        "core0",
        ObservedPair(
            ObservedComparison(differences, len(keys), (), ()), {"core": UsedNames(frozenset({"Used"}))}, {}, 0
        ),
    )
    places = tuple(ChangedPlace(f"market_data_core/{name}.py", None, (), ()) for name in ("x", "y"))
    candidates = [candidate(package, "9", "9") for package in packages]
    return observation_report(
        observed, contract, candidates, {"core": SourceChanges(places=places)}, meant_changes(text)
    )


def test_a_finding_is_of_the_package_that_it_names(contract: Contract) -> None:
    keys = ("metadata:store python", "process:import market_data_core", "api:mds_client.x", "http:GET /health")
    found = {finding.symbol: finding.package for finding in report(contract, *keys).findings}
    assert list(map(found.get, keys)) == ["store", "core", "store", ""]
    (finding,) = report(contract, "http:GET /health", packages=("store",)).findings
    assert finding.package == "store"


def test_code_counts_in_full_where_it_is_used_and_all_else_wherever_it_is(contract: Contract) -> None:
    keys = ("api:market_data_core.z.Used", "functions:market_data_core.z.other[1]", "metrics:queue_depth")
    levels = {finding.symbol: finding.level for finding in report(contract, *keys).findings}
    assert levels == {keys[0]: "must", "functions:market_data_core.z.other": "should", keys[2]: "must"}


def test_long_values_are_cut(contract: Contract) -> None:
    (finding,) = report(contract, "metrics:queue_depth").findings
    assert len(finding.signs[0].now or "") == 2000


def test_what_is_meant_breaks_nothing(contract: Contract) -> None:
    result = report(contract, "metrics:queue_depth", text="Changes: metrics:queue_depth it has a better name")
    assert result.findings[0].accepted == "it has a better name"
    assert result.failing(strict=True) == []


def test_lines_that_name_a_symbol_are_quoted() -> None:
    lines = [
        "`parse` refuses an empty text.",
        "parser is faster",
        "GET /health has it",
        "parse again",
        "parse",
        "parse",
    ]
    assert quoted_lines(lines, ["m.x.parse"]) == ("`parse` refuses an empty text.", "parse again", "parse")
    assert quoted_lines(lines, ["GET /health"]) == ("GET /health has it",)
