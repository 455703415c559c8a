"""Machine-made changes: a sample of the mutants of all functions of releases, which no author has chosen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from market_data_meta.prove.changes import Edit
from market_data_meta.prove.independent import ChangedRelease, IndependentChange, shuffled
from market_data_meta.prove.mutations import mutations


def machine_made_changes(sites: Mapping[tuple[str, str], Path], number: int) -> tuple[list[IndependentChange], int]:
    """So many changes of the releases in ``sites`` (by package and version), always the same, and how many there are.

    The releases take turns, so that a large one does not take the place of the others. Some of the changes nobody can
    notice: a mutant may do the same in other words, or be in code that nothing calls.
    """
    made = {release: shuffled(_changes(*release, site)) for release, site in sites.items()}
    turns = itertools.chain.from_iterable(itertools.zip_longest(*made.values()))
    return [change for change in turns if change][:number], sum(map(len, made.values()))


def _changes(package: str, version: str, site: Path) -> Iterator[IndependentChange]:
    for file in sorted(site.rglob("*.py")):
        name, text = file.relative_to(site).as_posix(), file.read_bytes().decode("utf-8").replace("\r\n", "\n")
        for mutation in mutations(name, text, range(1, text.count("\n") + 2)):
            before, after = (piece.partition("\n")[0] for piece in (mutation.before, mutation.after))
            parts = (ChangedRelease(package, version, (Edit(name, text, mutation.text),)),)
            why = f"{name}:{mutation.line}: {before} → {after}"
            yield IndependentChange(parts, mutation.kind, why, name, harmless=False)
