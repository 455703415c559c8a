"""What changed with a release, in a sentence and in lines: what counts most first, the rest as a count."""

from __future__ import annotations

from example_backtest import made_release, result_of, shown

from market_data_meta.render.backtest.markdown import backtest_markdown
from market_data_meta.render.observed_words import changes_lines, changes_sentence
from market_data_meta.results.backtest import BacktestRelease
from market_data_meta.results.observations import ObservationFinding, ObservedChanges, ObservedKind, ObservedSign
from market_data_meta.results.parts import Level


def finding(
    name: str = "http:GET /health", level: Level = "must", kind: ObservedKind = "changed"
) -> ObservationFinding:
    sign = ObservedSign(
        id=f"{name}[plain]", kind=kind, level=level, path=("service",), was='"store"', now=f'"{"x" * 90}"'
    )
    return ObservationFinding(
        kind=kind,
        level=level,
        package="core",
        symbol=name,
        signs=(sign,),
        further=0,
        file=None,
        line=None,
        definition=None,
        accepted=None,
        changelog=(),
    )


def release(*findings: ObservationFinding, fault: str | None = None, added: tuple[str, ...] = ()) -> BacktestRelease:
    changes = ObservedChanges(
        cell="core1.1",
        baseline="core1.0",
        fault=fault,
        findings=findings,
        added=added,
        compared=1200,
        unstable=(),
        unobserved=(),
    )
    return made_release(observed=changes)


FOUND = release(
    finding(),
    finding("api:core.x.Foo", kind="removed"),
    finding("cli:run"),
    finding("api:core.x.f", "should"),
    added=("api:core.y",),
)
HEALTH = f'http:GET /health[plain] is changed (must): at service: "store" before, "{"x" * 58}… now'


def test_a_sentence_names_the_first_and_counts_the_rest() -> None:
    assert changes_sentence(FOUND) == (
        f"Seen otherwise than with 1.0: {HEALTH}; api:core.x.Foo[plain] is gone (must); "
        "and 2 more, 1 of them must. New: 1 name."
    )


def test_lines_are_as_many_as_are_asked_for() -> None:
    heading, first, folded, new = changes_lines(FOUND, 1)
    assert (heading, first) == ("seen otherwise than with 1.0: 4 differences, of 1,200 observations", HEALTH)
    assert (folded, new) == ("and 3 more, 2 of them must", "New: 1 name.")
    assert len(list(changes_lines(FOUND, None))) == 6


def test_what_is_not_known_and_what_does_not_differ_are_two_things() -> None:
    """No evidence is unknown, and never the same as before."""
    unknown = "What changed in it is not known: it has not been observed yet."
    assert changes_sentence(release(fault="it has not been observed yet")) == unknown
    assert changes_sentence(release()) == "Nothing is seen otherwise than with 1.0, of 1,200 observations."
    assert changes_sentence(made_release()) == ""


def test_all_releases_with_other_code_are_listed_and_the_unknown_are_counted() -> None:
    result = result_of(FOUND, release(fault="it has not been observed yet"), made_release("1.2"))
    for text in (shown(result), backtest_markdown(result)):
        assert "What changed, by observation" in text
        assert "and 2 more, 1 of them must" in text
        assert "What changed is not known: it has not been observed yet." in text
    two = shown(result_of(release(fault="it is gone"), release(fault="it is gone")))
    assert "2 releases: What changed is not known, core 1.1 for one: it is gone." in two
    assert "by observation" not in shown(result_of(made_release()))
