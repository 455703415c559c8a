"""What works in the newest, the deployed and the oldest set: what is published agrees with a count by hand."""

from __future__ import annotations

import io
import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from market_data_meta import suite
from market_data_meta.cli import cli
from market_data_meta.contract import Contract
from market_data_meta.judging.defect_file import load_defects
from market_data_meta.matrix.document import matrix_result
from market_data_meta.matrix.sets import cell_of, named_sets
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.models import json_text
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.matrix.badge import badge
from market_data_meta.render.matrix.markdown import matrix_markdown
from market_data_meta.render.matrix.picture import matrix_picture
from market_data_meta.render.matrix.terminal import show_matrix
from market_data_meta.render.page.site import site
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions, decide
from market_data_meta.running.warm_runner import RunRequest

STATES = ("works", "limited", "broken", "unknown")


@pytest.fixture(scope="module")
def verdicts(contract: Contract, ledger: Ledger) -> MatrixVerdicts:
    """The three sets, run for real in the warm lane; no release is run alone, and of the services one area."""
    contents = distinct_contents(contract, ledger)
    sets = named_sets(contract, ledger)
    chosen = {cell_of(contents, combination) for combination in sets.values()}
    cells = tuple(cell for cell in content_combinations(contents) if cell.contents in chosen)
    clauses = frozenset(c.id for c in contract.clauses.values() if c.scope == "combination" or c.area == "redisbus")
    request = RunRequest(cells, clauses=clauses)
    records = decide(contract, ledger, contents, request, RunOptions(default_cache()), lambda _: None)
    assert not records.faults
    return MatrixVerdicts(contract, suite.digest(contract.root), records, load_defects(contract.root), (), sets)


@pytest.fixture(scope="module")
def matrix(contract: Contract, ledger: Ledger, verdicts: MatrixVerdicts) -> MatrixResult:
    return matrix_result(contract, ledger, verdicts)


@pytest.fixture(scope="module")
def counted(contract: Contract, verdicts: MatrixVerdicts) -> dict[str, dict[str, str]]:
    """By set and capability the state, counted by hand: from the records' lines and the contract's own tables."""
    root = contract.root / "contracts"
    clauses = {
        f"{file.stem}.{slug}": table
        for file in sorted(root.glob("clauses/*.toml"))
        for slug, table in tomllib.loads(file.read_text())["clauses"].items()
    }
    tables = tomllib.loads((root / "capabilities.toml").read_text())["capabilities"]
    named = {name for table in tables.values() for name in (*table["essential"], *table["others"]) if "." in name}
    states: dict[str, dict[str, str]] = {}
    for name, combination in verdicts.sets.items():
        contents = cell_of(verdicts.contents, combination)
        cell = next(cell for cell in verdicts.cell_records.cells if cell.contents == contents)
        outcomes = {
            clause: check.outcome
            for clause, check in verdicts.cell_records.records[cell].checks.items()
            if clauses[clause]["scope"] in ("combination", "deployment")
        }
        states[name] = {
            capability: _counted_state(table, [*clauses], named, outcomes) for capability, table in tables.items()
        }
    return states


def _counted_state(table: Mapping[str, list[str]], every: list[str], named: set[str], outcomes: dict[str, str]) -> str:
    essential = table["essential"]
    others = [
        clause
        for entry in table["others"]
        for clause in ([entry] if "." in entry else [c for c in every if c.startswith(f"{entry}.") and c not in named])
    ]
    got = [outcomes.get(clause, "none") for clause in essential]
    rest = [outcomes.get(clause, "none") for clause in others]
    if "failed" in got:
        return "broken"
    if {"none", "error"} & set(got) or "passed" not in got:
        return "unknown"
    if "failed" in rest:
        return "limited"
    return "unknown" if {"none", "error"} & set(rest) else "works"


def test_the_matrix_says_what_the_records_say(matrix: MatrixResult, counted: dict[str, dict[str, str]]) -> None:
    published = {one.name: {state.name: state.state for state in one.capabilities} for one in matrix.sets}
    assert published == counted
    assert set(published) == {"newest", "deployed", "oldest"}
    assert {state for states in published.values() for state in states.values()} > {"limited", "broken"}


def test_the_badge_counts_the_newest_set_and_is_red_while_something_is_broken(
    matrix: MatrixResult, counted: dict[str, dict[str, str]]
) -> None:
    counts = Counter(counted["newest"].values())
    message = str(badge(matrix)["message"])
    assert message.startswith(f"{counts['works']} of {counts.total()} work")
    assert {word: int(number) for number, word in re.findall(r"(\d+) (limited|broken|unknown)", message)} == {
        state: counts[state] for state in STATES[1:] if counts[state]
    }
    assert badge(matrix)["color"] == "red"


def test_the_markdown_and_the_terminal_have_a_row_for_each_capability(
    matrix: MatrixResult, contract: Contract, counted: dict[str, dict[str, str]]
) -> None:
    markdown = matrix_markdown(matrix).splitlines()
    text = io.StringIO()
    show_matrix(matrix, Console(width=240, file=text))
    terminal = text.getvalue().splitlines()
    for name, capability in contract.capabilities.items():
        expected = [counted[one.name][name] for one in matrix.sets]
        row = next(line for line in markdown if line.startswith(f"| {capability.title} |"))
        assert re.findall(rf"\b({'|'.join(STATES)})\b", row.removeprefix(f"| {capability.title} |"))[:3] == expected
        row = next(line for line in terminal if line.startswith(capability.title))
        assert re.findall(rf"\b({'|'.join(STATES)})\b", row.removeprefix(capability.title))[:3] == expected


def test_the_page_and_the_picture_say_it_in_their_first_sentence(
    matrix: MatrixResult, contract: Contract, counted: dict[str, dict[str, str]]
) -> None:
    counts = Counter(counted["newest"].values())
    page = site(matrix, contract)
    _, _, rest = page.partition('<script type="application/json" id="data">')
    data = json.loads(rest.partition("</script>")[0])
    assert data["matrix"] == json.loads(json_text(matrix))
    assert f"{counts['works']} of {counts.total()} capabilities" in page
    picture = matrix_picture(matrix)
    for state in STATES:
        expected = sum(list(states.values()).count(state) for states in counted.values())
        assert picture.count(f"{state}</text>") >= expected


@pytest.mark.parametrize("name", ["newest", "deployed", "oldest"])
def test_can_i_deploy_says_it(
    matrix: MatrixResult, contract: Contract, counted: dict[str, dict[str, str]], tmp_path: Path, name: str
) -> None:
    file = tmp_path / "matrix.json"
    file.write_text(json_text(matrix), encoding="utf-8")
    one = matrix.set_named(name)
    assert one
    pins = [f"{package}=={version}" for package, version in one.combination.items()]
    arguments = ["--root", str(contract.root), "can-i-deploy", *pins, "--matrix", str(file), "--json"]
    data = json.loads(CliRunner().invoke(cli, arguments).stdout)
    assert {state["name"]: state["state"] for state in data["capabilities"]} == counted[name]
