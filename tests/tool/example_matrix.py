"""A small matrix: of the releases of ``examples.LEDGER``, with three capabilities whose states a test chooses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from examples import SUITE

from market_data_meta.results.capabilities import CapabilityFailure, CapabilityState, StateName
from market_data_meta.results.matrix import (
    MatrixCapability,
    MatrixCell,
    MatrixContent,
    MatrixFinding,
    MatrixResult,
    MatrixSet,
    SupportedVersions,
)
from market_data_meta.results.parts import Verdict

CAPABILITIES = ("install", "write", "redis")
CONTENTS = {"core": (("1.0",), ("1.1", "1.2"), ("1.3",)), "pipeline": (("0.1",),), "store": (("0.5",), ("0.6",))}
START = 1_790_000_000.0
"""2026-09-21."""
ALL_WORK: Mapping[str, StateName] = dict.fromkeys(CAPABILITIES, "works")


def example_matrix(
    states: Mapping[str, Mapping[str, StateName]] | None = None,
    verdicts: Mapping[str, Verdict] | None = None,
    sets: Mapping[str, MatrixSet] | None = None,
    contents: Mapping[str, tuple[tuple[str, ...], ...]] = CONTENTS,
    errors: Iterable[str] = (),
    defect: str | None = "made-up-defect",
) -> MatrixResult:
    """The matrix of six cells, of core 1.0, 1.2 and 1.3 with each store; every capability works in all of them.

    ``states`` and ``verdicts`` are those of single cells, by their core and store: ``1.2 0.6``. What is broken fails in
    ``<capability>.must``, what is limited in ``<capability>.four``, ``.three``, ``.two`` and ``.one``. ``errors`` are
    clauses that could not run in any cell. Pipeline 0.1 requires core >=1.1, and store 0.6 requires core <1.3.
    """
    places = [(core, store) for core in range(len(contents["core"])) for store in range(len(contents["store"]))]
    names = [f"{contents['core'][core][-1]} {contents['store'][store][-1]}" for core, store in places]
    assert {*(states or {}), *(verdicts or {})} <= {*names}
    cells = tuple(
        _cell(contents, core, store, (states or {}).get(name, {}), (verdicts or {}).get(name, "conforms"))
        for name, (core, store) in zip(names, places, strict=True)
    )
    cores = [version for content in contents["core"] for version in content]
    return MatrixResult(
        suite=SUITE,
        as_of="2026-11-22T10:00:00Z",
        exit=0,
        capabilities=tuple(_capability(name) for name in CAPABILITIES),
        sets=tuple((sets or {}).values()),
        best=(),
        defects=(),
        packages={name: tuple(_content(releases) for releases in rows) for name, rows in contents.items()},
        cells=cells,
        findings=tuple(_findings(cells, errors, defect)),
        history={},
        promises={},
        supported=(
            SupportedVersions(package="pipeline", version="0.1", other="core", asks=">=1.1", usable={}),
            SupportedVersions(package="store", version="0.5", other="core", asks=None, usable={}),
            SupportedVersions(package="store", version="0.6", other="core", asks="<1.3", usable={}),
        ),
        refused={
            "core": {">=1.1": ("1.0",), "<1.3": tuple(version for version in cores if version >= "1.3")},
            "pipeline": {},
            "store": {},
        },
        mended=(),
        stale_defects=(),
        wide=(),
        ran=len(cells),
    )


def example_set(name: str, core: str, store: str, states: Mapping[str, StateName]) -> MatrixSet:
    """A set that people ask about, of the first cell; what is not named of ``states`` works."""
    assert name in ("newest", "deployed", "oldest")
    return MatrixSet.model_validate(
        {
            "name": name,
            "combination": {"core": core, "pipeline": "0.1", "store": store},
            "cell": 0,
            "verdict": "conforms",
            "forbidden": (),
            "capabilities": tuple(
                CapabilityState(
                    name=capability,
                    title=capability.title(),
                    state=states.get(capability, "works"),
                    reason="a reason of the set" if states.get(capability) == "unknown" else "",
                    failures=_set_failures(capability, states.get(capability, "works")),
                    undecided=(),
                )
                for capability in CAPABILITIES
            ),
        }
    )


def _set_failures(capability: str, state: StateName) -> tuple[CapabilityFailure, ...]:
    if state in ("works", "unknown"):
        return ()
    sentence = f"The set's sentence about {capability}."
    return (CapabilityFailure(clause=f"{capability}.must", essential=state == "broken", sentence=sentence, defect="d"),)


def _capability(name: str) -> MatrixCapability:
    others = tuple(f"{name}.{number}" for number in ("four", "three", "two", "one"))
    return MatrixCapability(
        name=name, title=name.title(), about="…", why="…", essential=(f"{name}.must",), others=others
    )


def _content(releases: tuple[str, ...]) -> MatrixContent:
    return MatrixContent(content="a" * 64, label="…", releases=releases, uploaded=tuple("2026-01-01" for _ in releases))


def _cell(
    contents: Mapping[str, tuple[tuple[str, ...], ...]],
    core: int,
    store: int,
    states: Mapping[str, StateName],
    verdict: Verdict,
) -> MatrixCell:
    run = verdict not in ("unknown", "uninstallable")
    return MatrixCell(
        codes={"core": core, "pipeline": 0, "store": store},
        combination={
            "core": contents["core"][core][-1],
            "pipeline": contents["pipeline"][0][-1],
            "store": contents["store"][store][-1],
        },
        verdict=verdict,
        reasons=() if run else (f"made up to be {verdict}",),
        counts={"passed": 9} if run else {},
        capabilities={**ALL_WORK, **states} if run else _not_run(verdict),
        stands_for=len(contents["core"][core]) * len(contents["store"][store]),
        allowed=0,
        start=START if run else None,
        interpreter="3.11.9" if run else None,
    )


def _not_run(verdict: Verdict) -> Mapping[str, StateName]:
    return dict.fromkeys(CAPABILITIES, "broken" if verdict == "uninstallable" else "unknown")


def _findings(cells: tuple[MatrixCell, ...], errors: Iterable[str], defect: str | None) -> Iterable[MatrixFinding]:
    for capability in CAPABILITIES:
        for state, clauses in (("broken", ("must", "one")), ("limited", ("four", "three", "two", "one"))):
            positions = tuple(
                place
                for place, cell in enumerate(cells)
                if cell.capabilities[capability] == state and cell.verdict != "uninstallable"
            )
            for clause in clauses if positions else ():
                yield _finding(f"{capability}.{clause}", f"{state.title()}: {clause}.", positions, defect)
    for clause in errors:
        positions = tuple(range(len(cells)))
        finding = _finding(clause, f"{clause} could not run: no time", positions, None)
        yield finding.model_copy(update={"outcome": "error"})


def _finding(clause: str, sentence: str, positions: tuple[int, ...], defect: str | None) -> MatrixFinding:
    return MatrixFinding(
        clause=clause,
        level="must",
        outcome="failed",
        message=None,
        expected=None,
        got=None,
        fingerprint="0" * 12,
        defect=defect,
        sentence=sentence,
        release="",
        reproduce="mdmeta run newest",
        cells=positions,
    )
