"""The annotations that a gate puts on a pull request: few, each in one line, the worst first."""

from __future__ import annotations

import re

import gate_sample
import pytest

from market_data_meta.render.gate import github as gate_github


def test_annotations_are_ten_at_most_and_the_last_counts_the_others() -> None:
    data = gate_sample.worse()
    data["differences"] = data["differences"][3:] + data["differences"][:1] * 12
    lines = gate_github.annotations(gate_sample.gate_of(data))
    assert len(lines) == 10
    assert all(row.startswith("::error title=chain.hard-pauses") for row in lines[:9])
    assert lines[-1].startswith("::error title=9 more::")


def test_annotations_are_one_line_each_with_their_own_properties_only() -> None:
    lines = gate_github.annotations(gate_sample.gate_of(gate_sample.hostile()))
    assert len(lines) == 9
    for row in lines:
        match = re.fullmatch(r"::(error|warning|notice) title=([^,:\r\n]*)::(.*)", row)
        assert match
        assert row.isprintable()
        assert "%0A" not in row
    assert "%250A" in lines[0]


@pytest.mark.parametrize(("strict", "kind"), [(False, "warning"), (True, "error")])
def test_what_is_only_reported_is_a_warning(strict: bool, kind: str) -> None:
    lines = gate_github.annotations(gate_sample.gate_of(gate_sample.worse() | {"strict": strict}))
    assert [row.split()[0] for row in lines if "metrics.labels" in row] == [f"::{kind}"]


def test_a_gate_that_did_not_pass_is_never_silent() -> None:
    assert gate_github.annotations(gate_sample.gate_of(gate_sample.same())) == []
    assert gate_github.annotations(gate_sample.gate_of(gate_sample.undecided()))[0].startswith(
        "::error title=undecided"
    )
