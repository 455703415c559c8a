"""Runs parts of the matrix on other machines, as tasks of a ``concurrent.futures`` executor, such as Dask's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, as_completed
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.files import write_whole
from market_data_meta.matrix.complete import decide_matrix
from market_data_meta.releases.earlier_ledger import ledger_at
from market_data_meta.running.cache import default_cache
from market_data_meta.running.cells import RunOptions


@contextmanager
def dask(address: str) -> Iterator[Executor]:
    """The executor of a running Dask cluster. Raises MetaError where it cannot be reached or Dask is not installed."""
    try:
        from distributed import Client
    except ImportError:
        hint = "install market-data-meta[distributed] where mdmeta runs"
        raise MetaError(ErrorCode.NO_DASK, "the distributed engine is not installed", hint=hint) from None
    try:
        client = Client(address, timeout=10)  # type: ignore[no-untyped-call]  # distributed has no types
    except (OSError, ValueError) as error:
        raise undecided(ErrorCode.NO_CLUSTER, f"no Dask scheduler answers at {address}", str(error)) from None
    with client, client.get_executor(pure=False) as executor:  # type: ignore[no-untyped-call]  # as above
        yield executor


def run_part(root: str, shard: tuple[int, int], *, exhaustive: bool, moment: str | None) -> dict[str, str]:
    """Run a part of the matrix on a worker, with its own cache, and return the records by their names in that cache.

    ``moment`` is the time as of which the releases are taken, if it is not the ledger's date.

    The worker needs this checkout at the same path, and uv's index.
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.contract_files import load_contract
    from market_data_meta.releases.ledger_files import load_ledger

    contract = load_contract(Path(root))
    ledger = load_ledger(contract.root, contract.packages)
    if moment:
        ledger = ledger_at(ledger, moment)
    options = RunOptions(default_cache(), shard=shard, exhaustive=exhaustive)
    cell_records = decide_matrix(contract, ledger, options, lambda _: None)
    return {
        file.relative_to(options.cache).as_posix(): file.read_text(encoding="utf-8")
        for store in cell_records.cache_folders
        for file in sorted(store.glob("*.jsonl"))
    }


def spread(
    executor: Executor,
    root: Path,
    cache: Path,
    *,
    parts: list[tuple[int, int]],
    exhaustive: bool,
    moment: str | None = None,
) -> int:
    """Have the executor run the parts, write their records into ``cache``, and return how many there were.

    A part whose worker fails is left out: its cells are run on this machine afterwards. Raises MetaError where a worker
    names a file outside the cache's folder of runs.
    """
    tasks = [executor.submit(run_part, str(root), shard, exhaustive=exhaustive, moment=moment) for shard in parts]
    written = 0
    for task in as_completed(tasks):
        if task.exception() is not None:
            continue
        for name, text in task.result().items():
            path = PurePosixPath(name)
            if len(path.parts) != 3 or path.parts[0] != "runs" or ".." in path.parts:
                raise MetaError(ErrorCode.BAD_ANSWER, f"a worker named the file {name[:200]!r}")
            write_whole(cache / path, text)
            written += 1
    return written
