"""A cache for a test, apart from the user's in what it knows of runs, and not in what is installed to run them."""

from __future__ import annotations

from pathlib import Path

import pytest

from market_data_meta.running.cache import default_cache


def own_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the commands of this test use a cache in ``folder``. Resolved and installed libraries are the user's.

    To install and compile them takes longer than all that such a test asks about.
    """
    cache = folder / default_cache().name
    cache.mkdir(parents=True, exist_ok=True)
    for name in ("environments", "locks", "servers", "wheels"):
        shared = default_cache() / name
        shared.mkdir(parents=True, exist_ok=True)
        if not (cache / name).exists():
            (cache / name).symlink_to(shared)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
