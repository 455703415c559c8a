"""What producers are known to send: the recordings of ``contracts/recordings``, and the releases that each is of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.ledger import Ledger


@dataclass(frozen=True)
class Recording:
    """What some producers have put on a stream: its name and file, and the contents of each producer by package."""

    name: str
    file: str
    producers: tuple[Mapping[str, str], ...]
    stream: str
    entries: tuple[Mapping[str, str], ...]


def load_recordings(root: Path, ledger: Ledger) -> tuple[Recording, ...]:
    """The recordings of all wires, each wire in a folder of its own. Raises MetaError for one that cannot be read."""
    folder = root / "contracts" / "recordings"
    # Of an earlier time too, recordings are of releases that came later.
    return tuple(_load(root, file, ledger.later or ledger) for file in sorted(folder.glob("*/*.json")))


def recordings_of(releases: Combination, recordings: Iterable[Recording], ledger: Ledger) -> tuple[Recording, ...]:
    """The recordings of what a service sends: releases with the same contents as a producer send the same."""
    contents = _contents(releases.as_dict(), ledger)
    return tuple(recording for recording in recordings if contents in recording.producers)


def _contents(versions: Mapping[str, str], ledger: Ledger) -> dict[str, str]:
    return {package: ledger.release(package, version).content for package, version in versions.items()}


def _load(root: Path, file: Path, ledger: Ledger) -> Recording:
    name = file.relative_to(root).as_posix()
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        versions = [_versions(producer) for producer in data["producers"]]
        stream, entries = str(data["stream"]), tuple(dict(entry) for entry in data["entries"])
    except (ValueError, KeyError, TypeError) as error:
        hint = 'each recording has "stream", "entries" and "producers": ["core 1.4.61 store 0.6.73", …]'
        raise MetaError(ErrorCode.BAD_FILE, f"{name} is not a recording", f"{error}", hint) from None
    return Recording(file.stem, name, tuple(_contents(one, ledger) for one in versions), stream, entries)


def _versions(producer: str) -> dict[str, str]:
    """Package to version, of ``core 1.4.61 store 0.6.73``."""
    words = str(producer).split()
    return dict(zip(words[::2], words[1::2], strict=True))
