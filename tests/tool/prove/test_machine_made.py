"""Machine-made changes: a sample of all mutants of releases, always the same, in which each release has its turn."""

from __future__ import annotations

from pathlib import Path

from market_data_meta.prove.machine_made import machine_made_changes


def test_each_release_has_its_turn_and_the_sample_is_always_the_same(tmp_path: Path) -> None:
    """A release with many functions takes no place of one with few; what is outside of functions is left alone."""
    small, large = tmp_path / "small", tmp_path / "large"
    for folder, number in ((small, 1), (large, 9)):
        folder.mkdir()
        rows = [f"def f{each}(x):\n    return x == {each}\n" for each in range(number)]
        (folder / "a.py").write_text("LIMIT = 3\n" + "".join(rows))
    sites = {("core", "1.0"): small, ("store", "2.0"): large}
    changes, possible = machine_made_changes(sites, 6)
    assert machine_made_changes(sites, 6) == (changes, possible)
    assert [change.package for change in changes] == ["core", "store", "core", "store", "core", "store"]
    assert possible > 20
    assert not any(change.harmless or "LIMIT" in change.why for change in changes)
    first = changes[0].parts[0]
    assert (first.version, first.edits[0].before) == ("1.0", (small / "a.py").read_text())
    assert first.edits[0].after != first.edits[0].before
