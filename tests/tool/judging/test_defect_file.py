"""contracts/defects.toml: how wrong entries are refused, and how what a release mended is written into it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from market_data_meta.contract import Contract
from market_data_meta.errors import MetaError
from market_data_meta.judging.defect_file import defects_path, load_defects, reproducers, with_mended
from market_data_meta.judging.defects import MendedDefect
from market_data_meta.releases.ledger import Ledger

TEXT = """# What is wrong, as of today.

[defects.late]
means = "Everything  comes late."   # two spaces, as they were written
package = "core"
versions = { core = ">=1.2.0" }     # since the beginning
cause = 'A "queue".'

[[defects.late.shown_by]]
clause = "area.first"
fingerprints = [
  "000000000000",  # the first
  "111111111111",
]

[[defects.late.shown_by]]
clause = "area.second"
fingerprints = ["222222222222"]
versions = { core = ">=1.4.0" }

# The other one.
[defects.early]
means = "Nothing waits."
package = "store"
versions = { core = ">=1.2.0", store = ">=0.6.0,!=0.6.2" }
cause = "No lock."
workaround = "Wait."
reported = "https://git.example/store/issues/1"

[[defects.early.shown_by]]
clause = "area.first"
fingerprints = ["333333333333"]
third_party = ["lowest"]
"""


def loaded(folder: Path, text: str) -> object:
    """What is read of a file with that text."""
    (folder / "contracts").mkdir(exist_ok=True)
    defects_path(folder).write_text(text)
    return load_defects(folder)


def mended(defect: str, clause: str, version: str, package: str = "core") -> MendedDefect:
    return MendedDefect(defect, clause, package, version)


def test_the_file_is_read_in_its_order_with_the_names_of_its_tables(tmp_path: Path) -> None:
    loaded(tmp_path, TEXT)
    late, early = load_defects(tmp_path).defects
    assert (late.id, late.package, late.workaround, late.reported) == ("late", "core", None, None)
    assert (early.id, early.versions) == ("early", {"core": ">=1.2.0", "store": ">=0.6.0,!=0.6.2"})
    assert [(by.clause, by.versions, by.third_party) for by in late.shown_by] == [
        ("area.first", {}, ()),
        ("area.second", {"core": ">=1.4.0"}, ()),
    ]
    assert early.shown_by[0].third_party == ("lowest",)


def test_a_file_may_say_of_no_defect_at_all(tmp_path: Path) -> None:
    loaded(tmp_path, "")
    assert load_defects(tmp_path).defects == ()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            'package = "core"\nversions = { core = ">=1.2.0" }',
            'package = "core"\nversions = {}',
            "defects/late/versions",
        ),
        ('core = ">=1.2.0" }     #', 'core = "1.2.0 and later" }     #', "'1.2.0 and later' is no specifier"),
        ('core = ">=1.4.0"', 'core = "latest"', "'latest' is no specifier of versions of core"),
        ("cause = 'A \"queue\".'", "cause = 'So.'\nseverity = 3", "defects/late/severity is an unknown field"),
        ('["222222222222"]', "[]", "defects/late/shown_by/1/fingerprints: [] is shorter than 1"),
        ('"222222222222"', '"2222"', "defects/late/shown_by/1/fingerprints/0"),
        ("comes late.", "comes late", "defects/late/means"),
        ('"Everything  comes late."', '"""Everything\ncomes late."""', "defects/late/means"),
        ('means = "Nothing waits."\n', "", "defects/early/means is missing"),
        ('cause = "No lock."\n', "", "defects/early/cause is missing"),
        ('workaround = "Wait."', 'workaround = ""', "defects/early/workaround"),
        ('["lowest"]', '["oldest"]', "defects/early/shown_by/0/third_party/0"),
        ("[[defects.early.shown_by]]", "[[defects.early.show]]", "defects/early/shown_by is missing"),
        ("[defects.early]", "[defects.Early_One]", "defects/Early_One"),
        ("[defects.early]", "[defects.late]", "defects.toml"),
        ("[defects.early]", "[defects.early", "defects.toml"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, before: str, after: str, words: str) -> None:
    text = TEXT.replace('versions = { core = ">=1.2.0" }     # since the beginning', 'versions = { core = ">=1.2.0" }')
    text = text if before in text else TEXT
    assert before in text
    with pytest.raises(MetaError, match=r"defects\.toml") as raised:
        loaded(tmp_path, text.replace(before, after, 1))
    assert words in str(raised.value)


def changed_lines(text: str, new: str) -> dict[str, str]:
    """The lines that differ, old to new; the number of lines is the same."""
    old_lines, new_lines = text.splitlines(keepends=True), new.splitlines(keepends=True)
    assert len(old_lines) == len(new_lines)
    return {old: new for old, new in zip(old_lines, new_lines, strict=True) if old != new}


def test_a_defect_that_no_clause_shows_any_more_is_closed_as_a_whole() -> None:
    new = with_mended(TEXT, [mended("early", "area.first", "0.6.74", "store")])
    assert changed_lines(TEXT, new) == {
        'versions = { core = ">=1.2.0", store = ">=0.6.0,!=0.6.2" }\n': (
            'versions = { core = ">=1.2.0", store = ">=0.6.0,!=0.6.2,<0.6.74" }\n'
        )
    }


def test_a_package_that_mended_a_defect_of_others_is_added() -> None:
    new = with_mended(TEXT, [mended("early", "area.first", "0.8.71", "pipeline")])
    versions = tomllib.loads(new)["defects"]["early"]["versions"]
    assert versions == {"core": ">=1.2.0", "store": ">=0.6.0,!=0.6.2", "pipeline": "<0.8.71"}


def test_of_a_defect_that_another_clause_still_shows_only_that_clause_is_closed() -> None:
    new = with_mended(TEXT, [mended("late", "area.second", "1.4.62")])
    assert changed_lines(TEXT, new) == {
        'versions = { core = ">=1.4.0" }\n': 'versions = { core = ">=1.4.0,<1.4.62" }\n'
    }


def test_a_clause_without_versions_of_its_own_gets_them() -> None:
    """All else, comments too, stays as it is, byte for byte."""
    new = with_mended(TEXT, [mended("late", "area.first", "1.4.62")])
    added = 'versions = {core = ">=1.2.0,<1.4.62"}\n'
    assert new.replace(added, "", 1) == TEXT
    first, second = tomllib.loads(new)["defects"]["late"]["shown_by"]
    assert (first["versions"], second["versions"]) == ({"core": ">=1.2.0,<1.4.62"}, {"core": ">=1.4.0"})


def test_clauses_that_were_mended_by_different_releases_are_closed_each_by_itself() -> None:
    new = with_mended(TEXT, [mended("late", "area.first", "1.4.62"), mended("late", "area.second", "1.4.63")])
    table = tomllib.loads(new)["defects"]["late"]
    assert table["versions"] == {"core": ">=1.2.0"}
    assert [row["versions"]["core"] for row in table["shown_by"]] == [">=1.2.0,<1.4.62", ">=1.4.0,<1.4.63"]


def test_what_is_written_is_read_and_no_longer_covers_the_release(tmp_path: Path) -> None:
    changes = [mended("late", "area.first", "1.4.62"), mended("early", "area.first", "0.6.74", "store")]
    loaded(tmp_path, with_mended(TEXT, changes))
    late, early = load_defects(tmp_path).defects
    assert late.shown_by[0].versions == {"core": ">=1.2.0,<1.4.62"}
    assert early.versions["store"] == ">=0.6.0,!=0.6.2,<0.6.74"
    assert with_mended(TEXT, []) == TEXT


def test_every_real_defect_can_be_closed_and_the_rest_stays(contract: Contract, ledger: Ledger) -> None:
    text = defects_path(contract.root).read_text()
    for defect in load_defects(contract.root).defects:
        newest = ledger.newest(defect.package).version
        changes = [mended(defect.id, by.clause, newest, defect.package) for by in defect.shown_by]
        changed = changed_lines(text, with_mended(text, changes))
        if any(by.versions for by in defect.shown_by):
            continue
        ((_, line),) = changed.items()
        assert line.startswith("versions = { ")
        assert f"<{newest}" in line


def test_each_script_is_the_text_of_a_known_defect(contract: Contract) -> None:
    scripts = reproducers(contract.root)
    assert scripts.keys() <= {defect.id for defect in load_defects(contract.root).defects}
    assert all(text.endswith("\n") for text in scripts.values())
