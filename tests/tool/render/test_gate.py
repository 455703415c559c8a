"""Renderings of a gate: what got worse comes first, and nothing that a package says gets out of its place."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gate_sample
import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from market_data_meta.render.gate import github as gate_github
from market_data_meta.render.gate import words
from market_data_meta.render.gate.markdown import LIMIT, gate_markdown
from market_data_meta.render.gate.terminal import show_gate
from market_data_meta.render.markdown_text import code, line
from market_data_meta.schemas import schema

Data = dict[str, Any]
GATES = (
    gate_sample.worse,
    gate_sample.not_importable,
    gate_sample.renamed_field,
    gate_sample.same,
    gate_sample.undecided,
    gate_sample.hostile,
    gate_sample.differing,
    gate_sample.hostile_differing,
)
SCREEN = 40
"""Lines of a terminal."""
every_gate = pytest.mark.parametrize("gate", GATES)


def terminal(data: Data, *, width: int = 100, verbose: bool = False, colour: bool = False) -> str:
    """What is printed."""
    out = io.StringIO()
    show_gate(gate_sample.gate_of(data), Console(file=out, width=width, force_terminal=colour), verbose=verbose)
    return out.getvalue()


@every_gate
def test_the_samples_have_the_published_shape(root: Path, gate: Callable[[], Data]) -> None:
    Draft202012Validator(schema(root, "gate")).validate(gate())


@pytest.mark.parametrize(
    ("gate", "first"),
    [
        (gate_sample.worse, "✘ failed  core 1.4.62 and store 0.6.74 in 6 combinations"),
        (gate_sample.same, "✔ passed  core 1.4.62 in 1 combination standing for 40 published ones"),
        (gate_sample.undecided, "? undecided  core 1.4.62 in 1 combination"),
    ],
)
def test_the_verdict_comes_first(gate: Callable[[], Data], first: str) -> None:
    assert terminal(gate()).startswith(first)
    sign, word, *_ = gate_markdown(gate_sample.gate_of(gate())).splitlines()[0].removeprefix("# ").split()
    assert word == f"{words.verdict(gate_sample.gate_of(gate()))}:"
    assert sign in "✅❌❔"


def test_a_regression_explains_itself() -> None:
    """Clause, level, rule, what was looked at, was, got, source, whose doing, where and a command: all are there."""
    data = gate_sample.worse()
    for text in (terminal(data, width=160, verbose=True), gate_markdown(gate_sample.gate_of(data))):
        for phrase in (
            "chain.hard-pauses",
            "(must)",
            "A hard event gives an adjustment of scale 0.0",
            "scale after a hard event",
            "with core 1.4.61 it held",
            "0.25",
            "docs/planning-assessment.md#",
            "policy: ok 1.0, soft 0.5, hard 0.0.",
            "core 1.4.62 and store 0.6.74 (only together)",
            "and 1 more",
            "./scripts/mdmeta gate --core dist/market_data_core-1.4.62-py3-none-any.whl pipeline==0.8.70",
        ):
            assert phrase in text


def one_regression() -> Data:
    """A gate in which one clause of six cells got worse, with a value that takes many lines."""
    data = gate_sample.not_importable()
    regression = gate_sample.worse()["differences"][0] | {"cells": data["differences"][0]["cells"]}
    regression["now"] = gate_sample.check("failed", "scales", [], [f"problem {number}" for number in range(90)])
    return data | {"causes": [], "differences": [regression], "capabilities": data["capabilities"][:2]}


def pin_that_allows_nothing() -> Data:
    """A gate of a candidate whose requirement nothing that is published meets."""
    why = "store 0.6.74 requires market-data-core>=1.5; the newest published is 1.4.61"
    cells = [gate_sample.CELL.format(70), "store0.6.74"]
    rows = [{"cell": name, "why": why, "before": False} for name in cells]
    excluded = {"uninstallable": rows, "known": [], "cells": [gate_sample.cell(n, "uninstallable") for n in cells]}
    return one_regression() | {"differences": [], "capabilities": [], "allowed": {"now": 0, "before": 67}} | excluded


@pytest.mark.parametrize(
    "gate",
    [
        gate_sample.same,
        one_regression,
        gate_sample.not_importable,
        gate_sample.renamed_field,
        pin_that_allows_nothing,
    ],
)
def test_the_common_cases_fit_a_screen(gate: Callable[[], Data]) -> None:
    """Commands, which are not broken so that they can be copied, take as many lines as a terminal makes of them."""
    rows = terminal(gate(), width=80).splitlines()
    assert sum(max(1, -(-len(row) // 80)) for row in rows) <= SCREEN


def test_a_pin_that_allows_nothing_is_named() -> None:
    text = " ".join(terminal(pin_that_allows_nothing(), width=80).replace("│", " ").split())
    assert "store 0.6.74 requires market-data-core>=1.5; the newest published is 1.4.61" in text


def test_what_does_not_import_comes_first_and_what_follows_is_one_line() -> None:
    data = gate_sample.not_importable()
    rows = terminal(data, width=80).splitlines()
    about = next(number for number, row in enumerate(rows) if row.startswith("│ met"))
    assert rows[about + 2] == "market_data_store/coordinator/queue.py:41: expected ':'"
    assert "│ follows     174 clauses could not be looked at because of it" in rows
    assert [row for row in rows if "area.clause-" in row] == []
    assert any("definitions.telemetry" in row for row in rows)
    annotations = gate_github.annotations(gate_sample.gate_of(data))
    place = "file=market_data_store/coordinator/queue.py,line=41,title=market_data_store/coordinator/queue.py%3A41"
    assert annotations[0].startswith(f"::error {place}%3A expected '%3A'::")
    assert len(annotations) == 2
    markdown = gate_markdown(gate_sample.gate_of(data))
    assert markdown.index("queue.py:41: expected ':'") < markdown.index("definitions.telemetry")
    assert "<summary>what follows from it: 174</summary>" in markdown


def test_a_renamed_field_is_one_block_with_its_line_before_and_after() -> None:
    rows = terminal(gate_sample.renamed_field(), width=120).splitlines()
    title = rows.index(
        "market_data_core/telemetry/backpressure.py:37: FeedbackEvent.queue_size is gone, "
        "FeedbackEvent.queue_length is new"
    )
    block = "\n".join(rows[title : title + 7])
    for phrase in (
        "was         queue_size: int",
        "now         queue_length: int",
        "because of  core 1.4.62",
        "174 clauses fail because of it: area.clause-0, area.clause-1, area.clause-2 and 171 more",
    ):
        assert phrase in block


@pytest.mark.parametrize("gate", [gate_sample.not_importable, gate_sample.renamed_field])
def test_verbose_shows_every_difference(gate: Callable[[], Data]) -> None:
    text = terminal(gate(), width=120, verbose=True)
    assert [d["clause"] for d in gate()["differences"] if d["clause"] not in text] == []


def test_what_users_can_do_otherwise_is_told() -> None:
    for text in (terminal(gate_sample.worse()), gate_markdown(gate_sample.gate_of(gate_sample.worse()))):
        assert "Pause a provider: limited → broken, in 4 cells" in text
        assert "Share types: limited → works, in 1 cell" in text
    assert "what users can do" not in terminal(gate_sample.same())


def test_the_worst_comes_first() -> None:
    order = ["chain.hard-pauses", "metrics.labels", "bus.delivers", "enums.labels", "known failures"]
    places = [terminal(gate_sample.worse()).index(words) for words in order]
    assert places == sorted(places)


def test_what_could_not_be_looked_at_before_is_told_as_undecided_with_that_cause() -> None:
    """And whose doing it is is not known: it may have been so before."""
    why = "the predecessor's run brought no result: the run was killed by SIGKILL"
    was = gate_sample.check("error", why)
    difference = gate_sample.difference("undecided", "chain.hard-pauses", was=was, guilty=[])
    data = gate_sample.worse() | {"exit": 3, "differences": [difference]}
    result = gate_sample.gate_of(data)
    facts = dict(words.facts(result, result.differences[0]))
    assert facts["cause"] == "the predecessor could not be looked at: nothing says whether this is new"
    assert facts["was"].endswith(f"it could not be decided: {why}")
    assert facts["because of"] == words.NOBODY
    assert (facts["expected"], facts["got"]) == ("1", "2")
    assert "regression" not in words.outcome_text(result)


def test_what_is_undecided_has_its_cause() -> None:
    for text in (terminal(gate_sample.worse()), gate_markdown(gate_sample.gate_of(gate_sample.worse()))):
        assert "cause: it took more than 60 s" in text or re.search(r"cause +it took more than 60 s", text)
        assert "the process was killed: it used more than 1 GiB" in text


def test_a_baseline_that_failed_otherwise_is_quoted() -> None:
    assert "it failed otherwise: FeedbackBus" in terminal(gate_sample.worse(), width=160, verbose=True)


def test_a_first_release_has_no_baseline() -> None:
    data = gate_sample.worse()
    for candidate in data["candidates"]:
        candidate["predecessor"] = None
    assert "there is no release before" in terminal(data, width=160)


def test_a_regression_where_the_packages_forbid_it_says_so() -> None:
    data = gate_sample.worse()
    for cell in data["cells"]:
        cell["forbidden"] = ["pipeline 0.8.70 requires market-data-core<1.4.62"]
    assert "forbid it there: pipeline 0.8.70 requires" in terminal(data, width=160)


@pytest.mark.parametrize(("now", "shown"), [(240, True), (1034, False), (2000, False)])
def test_narrower_requirements_are_shown(now: int, *, shown: bool) -> None:
    data = gate_sample.worse() | {"allowed": {"now": now, "before": 1034}}
    for text in (
        terminal(data, width=160),
        gate_markdown(gate_sample.gate_of(data)),
        "\n".join(gate_github.annotations(gate_sample.gate_of(data))),
    ):
        assert ("rule out 794 published combinations" in text) is shown


def test_the_same_code_is_named() -> None:
    for text in (terminal(gate_sample.same()), gate_markdown(gate_sample.gate_of(gate_sample.same()))):
        assert "runs the same code as 1.4.60, 1.4.61" in text


def test_commit_branch_and_uncommitted_edits_are_named() -> None:
    data = gate_sample.same()
    data["candidates"][0] |= {"source": "../core", "commit": "c0ffee" * 6, "ref": "main", "edited": True}
    said = "core 1.4.62 from ../core (commit c0ffeec0ffee of main with uncommitted edits), compared with 1.4.61"
    for text in (terminal(data, width=160), gate_markdown(gate_sample.gate_of(data))):
        assert said in text


def test_a_version_that_is_published_with_other_code_is_warned_of() -> None:
    data = gate_sample.same()
    data["candidates"][0]["version_is_taken"] = True
    gate = gate_sample.gate_of(data)
    said = "core 1.4.62 is published already, with other code"
    for text in (terminal(data, width=160), gate_markdown(gate), "\n".join(gate_github.annotations(gate))):
        assert said in text


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (("failed", "passed", "failed"), "it does not come out the same each time"),
        (("failed", "failed", "missing"), "it could not be run again each time"),
    ],
)
def test_a_difference_that_was_not_confirmed_says_what_kept_it(outcomes: tuple[str, ...], said: str) -> None:
    data = gate_sample.worse()
    repetitions = [{"was": "passed", "now": outcome} for outcome in outcomes]
    data["differences"][0] |= {"kind": "undecided", "repetitions": repetitions}
    difference = gate_sample.gate_of(data).differences[0]
    assert dict(words.facts(gate_sample.gate_of(data), difference))["cause"] == said


def test_nothing_decided_is_not_called_passed() -> None:
    text = terminal(gate_sample.undecided())
    assert "nothing could be decided" in text
    assert "✔" not in text


@pytest.mark.parametrize("verbose", [False, True])
def test_known_failures_are_counted_or_listed(*, verbose: bool) -> None:
    text = terminal(gate_sample.worse(), verbose=verbose)
    assert "3 known failures, as before" in text
    assert ("openapi.known-2" in text) is verbose


@pytest.mark.parametrize("verbose", [False, True])
def test_long_values_are_cut_unless_all_is_asked_for(*, verbose: bool) -> None:
    data = gate_sample.worse()
    data["differences"][0]["now"]["got"] = [f"problem {number}" for number in range(100)]
    text = terminal(data, verbose=verbose)
    assert ("problem 99" in text) is verbose
    assert ("--verbose shows all of it" in text) is not verbose


@pytest.mark.parametrize("width", [60, 100])
def test_a_log_holds_no_command_and_no_colour(width: int) -> None:
    """GitHub's runner obeys a line that begins with :: after spaces, and the older sign wherever it stands."""
    text = terminal(gate_sample.hostile(), width=width, verbose=True)
    assert [row for row in text.splitlines() if row.lstrip().startswith("::")] == []
    assert "##[" not in text
    assert text.isprintable() or set(re.findall(r"[^\x20-\x7e]", text)) <= set("\n✘│…→")
    assert "[bold]z[/bold]" in text


def test_commands_can_be_copied_whatever_the_width() -> None:
    command = gate_sample.worse()["differences"][0]["reproduce"]
    assert any(row.endswith(command) for row in terminal(gate_sample.worse(), width=60).splitlines())


def test_colour_is_for_terminals_and_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1;31m" in terminal(gate_sample.worse(), colour=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31m" not in terminal(gate_sample.worse(), colour=True)


@every_gate
def test_markdown_opens_what_differs_and_folds_the_rest(gate: Callable[[], Data]) -> None:
    text = gate_markdown(gate_sample.gate_of(gate()))
    assert text.count("<details") == text.count("</details>")
    opened = text[: text.index("<details><summary>")] if "<details><summary>" in text else text
    assert "Known failures" not in opened
    open_kinds = ("regression", "undecided")
    alone = [d for d in gate()["differences"] if d["kind"] in open_kinds and d["cause"] is None]
    seen = gate()["observations"]["findings"] if gate()["observations"] else []
    assert text.count("<details open>") == len(alone) + len(seen)


def test_markdown_holds_no_html_links_or_calls() -> None:
    """Outside of code nothing that a package says is HTML, emphasis, a link, or calls somebody."""
    text = gate_markdown(gate_sample.gate_of(gate_sample.hostile()))
    ours = r"</?details( open)?>|</?summary>|</?code>|<!-- -->"
    outside = re.sub(r"(`{2,}) .*? \1", "", text)
    assert set(re.findall(r"<[^>]*>", outside)) <= {m.group() for m in re.finditer(ours, text)}
    # Markdown is not read in a summary element, up to the blank line after it.
    markdown = re.sub(r"<summary>.*?</summary>|^- \*\*(?:narrower\*\*)?|\*\*$", "", outside, flags=re.MULTILINE)
    assert not re.search(r"(?<!\\)[*_\[\]`|]", markdown)
    assert not re.search(r"[@#]\w|://|www\.", re.sub(r"<code>.*?</code>", "", outside))
    assert re.search(r"[@#]\w|://|www\.", gate_sample.HOSTILE)


@pytest.mark.parametrize("text", ["plain", "a `b` c", "``", "`" * 7, "a\nb"])
def test_a_code_span_ends_where_it_should(text: str) -> None:
    match = re.fullmatch(r"(?s)(`+) (.*) (`+)", code(text))
    assert match
    assert match[1] == match[3]
    assert match[1] not in match[2]
    assert "\n" not in match[2]


def test_a_line_is_cut_before_it_is_escaped() -> None:
    assert line("<" * 9, 3) == "&lt;&lt;…"


def test_markdown_is_never_longer_than_github_shows() -> None:
    """However much there is, it stays within the limit, says how much was left out, and closes what it opened."""
    data = gate_sample.worse()
    data["differences"] = [difference | {"rule": "\x00" * 5000} for difference in data["differences"][:1] * 600]
    data["cells"] = data["cells"][:1] * 20_000
    text = gate_markdown(gate_sample.gate_of(data))
    assert LIMIT / 2 < len(text.encode()) < 1 << 20
    assert "more are left out here" in text
    assert text.count("<details") == text.count("</details>")


@pytest.mark.parametrize("text", [terminal, lambda data: gate_markdown(gate_sample.gate_of(data))])
def test_what_did_not_repeat_is_told_by_name_and_counts_for_nothing(text: Callable[[Data], str]) -> None:
    shown = " ".join(re.sub(r"[│`\\]", " ", text(gate_sample.worse())).split()).replace(" :", ":")
    assert "1 difference that did not repeat" in shown
    assert "queue.hysteresis: run again 3 more times with each: before passed, passed, passed; now passed" in shown
    assert "3 more times with each, and it came out so each time" in shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["a", "b"], "a\nb"),
        ([0.0, "hard"], '[0.0, "hard"]'),
        ([], "[]"),
        ("text", "text"),
        (None, "null"),
        ({"soft": 0.5, "hard": 0.0}, '{"hard": 0.0, "soft": 0.5}'),
    ],
)
def test_values_read_as_a_person_would_write_them(value: object, text: str) -> None:
    assert words.value(value) == text
