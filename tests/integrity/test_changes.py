"""Seeded breaks and harmless changes are valid, and fit the newest releases that they are made for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from market_data_meta.contract import Contract
from market_data_meta.contract_files import load_contract
from market_data_meta.errors import MetaError
from market_data_meta.files import read_toml
from market_data_meta.models import InputFile, input_faults
from market_data_meta.prove.change_files import BreaksFile, HarmlessFile, load_breaks, load_harmless
from market_data_meta.prove.changes import Change, Edit, together
from market_data_meta.prove.independent import changed_wheels, edited_release, release_sites
from market_data_meta.prove.independent_files import load_independent
from market_data_meta.prove.mutant_notes import MutantNotes, load_mutant_notes
from market_data_meta.prove.variant import texts_of
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.running.cache import default_cache
from market_data_meta.running.wheels import unpack_all
from market_data_meta.schemas import schema

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


@pytest.fixture(scope="module")
def changes() -> list[Change]:
    return load_harmless(ROOT)


@pytest.fixture(scope="module")
def sites(contract: Contract) -> dict[str, Path]:
    """The folder of each package's newest release, unpacked from its real wheel."""
    ledger = load_ledger(ROOT, contract.packages)
    newest = {name: ledger.newest(name) for name in contract.packages}
    wanted = {contract.packages[name].distribution: [release] for name, release in newest.items()}
    unpacked = unpack_all(wanted, default_cache(), sys.executable)
    assert unpacked.faults == {}
    return {name: unpacked.sites[release.sha256] for name, release in newest.items()}


@pytest.mark.parametrize("name", ["breaks", "harmless", "independent", "mutants"])
def test_files_follow_their_schema(name: str) -> None:
    validator = Draft202012Validator(schema(ROOT, name))
    files = sorted((ROOT / "tests").glob(f"{name}.toml")) + sorted((ROOT / "tests" / name).glob("*.toml"))
    assert files
    assert [f"{file.name}: {error.message}" for file in files for error in validator.iter_errors(read_toml(file))] == []


@pytest.mark.parametrize(
    ("name", "invalid_table"),
    [
        ("breaks", {"clause": "chain.x", "package": "core", "file": "a.py", "before": "", "after": "x", "why": "So."}),
        ("breaks", {"clause": "chain", "package": "core", "file": "a.py", "before": "x", "after": "y", "why": "So."}),
        ("harmless", {"package": "core", "why": "So.", "edits": []}),
        ("harmless", {"package": "core", "why": "no sentence", "edits": [{"file": "a", "before": "x", "after": "y"}]}),
        ("harmless", {"package": "core", "why": "So.", "edits": [{"file": "/a", "before": "x", "after": "y"}]}),
        ("harmless", {"package": "core", "why": "So.", "edits": [{"file": "a", "before": "x", "into": "y"}]}),
        ("mutants", {"package": "core", "file": "a.py", "where": "x", "kind": "return", "before": "x", "after": "y"}),
    ],
)
def test_schemas_refuse_an_invalid_table(name: str, invalid_table: dict[str, object]) -> None:
    table = {"breaks": "break", "mutants": "unnoticed"}.get(name, name)
    errors = Draft202012Validator(schema(ROOT, name)).iter_errors({table: [invalid_table]})
    assert any(list(error.absolute_path)[:1] == [table] for error in errors)
    models: dict[str, type[InputFile]] = {"breaks": BreaksFile, "harmless": HarmlessFile, "mutants": MutantNotes}
    assert any(fault.startswith(f"{table}/0/") for fault in input_faults(models[name], {table: [invalid_table]}))


def test_an_area_is_named_once() -> None:
    notes = {"areas": ["chain", "chain"], "passed_by": [], "unnoticed": []}
    assert input_faults(MutantNotes, notes) == ["areas: a value is there twice"]


def test_mutant_notes_fit_the_newest_releases(sites: dict[str, Path], contract: Contract) -> None:
    """Each mutant with a recorded reason changes a line of the newest release, and each area exists."""
    notes = load_mutant_notes(ROOT)
    assert set(notes.areas) <= {clause.split(".")[0] for clause in contract.clauses}
    assert all(any((site / name).is_file() for site in sites.values()) for name in notes.passed_files)
    for package, name, where, *_ in notes.reasons:
        rows = (sites[package] / name).read_text(encoding="utf-8").splitlines()
        assert where in [row.strip() for row in rows], (name, where)


def test_breaks_fit_the_newest_releases(sites: dict[str, Path]) -> None:
    """Each break changes a file that the newest releases install."""
    for break_ in load_breaks(ROOT):
        # A release alone is installed with the releases that it requires, and a break may be in one of those.
        (site,) = (site for site in sites.values() if any(site.glob(break_.edits[0].file)))
        for name, text in texts_of(break_, site).items():
            assert text.encode() != (site / name).read_bytes(), break_


def test_harmless_changes_fit_the_newest_releases(sites: dict[str, Path], changes: list[Change]) -> None:
    """Each harmless change fits the newest release by itself, changes it, and leaves Python where there was Python."""
    for change in changes:
        site = sites[change.package]
        for name, text in texts_of(change, site).items():
            assert not (site / name).is_file() or text.encode() != (site / name).read_bytes(), change
            if name.endswith(".py"):
                compile(text, name, "exec")


def test_harmless_changes_fit_together(sites: dict[str, Path], changes: list[Change]) -> None:
    """All harmless changes of a package can be made at once, so that one run tries them all."""
    for package, site in sites.items():
        all_changes = together((change for change in changes if change.package == package), "All.")
        for name, text in texts_of(all_changes, site).items():
            if name.endswith(".py"):
                compile(text, name, "exec")


def test_there_are_harmless_changes_to_each_package(contract: Contract, changes: list[Change]) -> None:
    """A false-alarm rate needs enough changes to each package, and no change twice."""
    for package in contract.packages:
        assert sum(change.package == package for change in changes) >= 16, package
    assert len(set(changes)) == len(changes)
    assert {change.package for change in changes} <= contract.packages.keys()


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (Edit("a.py", "x", "y"), "x x"),
        (Edit("a.py", "x", "y", count=2), "x"),
        (Edit("a.py", "x", "y"), None),
        (Edit("a.py", "", "y"), "x"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit: Edit, text: str | None) -> None:
    with pytest.raises(MetaError):
        edit.applied(text)


def test_an_edit_keeps_the_line_ends_of_its_file() -> None:
    assert Edit("a.py", "x\ny", "z\nz").applied("x\r\ny\r\n") == "z\r\nz\r\n"


@pytest.mark.parametrize(
    ("clauses", "place"),
    [(("chain.x",), "tests/breaks/chain.toml, the break of chain.x"), ((), "tests/harmless/core.toml: So.")],
)
def test_the_error_for_a_change_that_does_not_fit_names_the_file_to_mend(
    tmp_path: Path, clauses: tuple[str, ...], place: str
) -> None:
    (tmp_path / "a.py").write_text("y")
    with pytest.raises(MetaError) as raised:
        texts_of(Change("core", (Edit("a.py", "x", "z"),), "So.", clauses), tmp_path)
    assert raised.value.hint == f"mend it in {place}"


def test_independent_changes_fit_the_releases_that_they_are_made_in(contract: Contract, tmp_path: Path) -> None:
    """Each independent change fits, and at least a third of the breaks is made in older releases."""
    ledger, changes = load_ledger(ROOT, contract.packages), load_independent(ROOT)
    releases = {(part.package, part.version) for change in changes for part in change.parts}
    sites = release_sites(contract, ledger, releases, default_cache(), sys.executable)
    for change in changes:
        for part in change.parts:
            assert texts_of(edited_release(part, change, site := sites[part.package, part.version]), site)
    assert changed_wheels(changes[0], sites, tmp_path).keys() == {part.package for part in changes[0].parts}
    breaks = [change for change in changes if not change.harmless]
    older = [each for each in breaks if each.parts[0].version != ledger.newest(each.package).version]
    assert len(breaks) >= 150
    assert 3 * len(older) >= len(breaks) - 3
