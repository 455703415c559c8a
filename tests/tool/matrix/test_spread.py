"""The matrix on an executor: a worker's records reach the cache, and the part of a worker that fails is left out."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster
from own_cache import own_cache
from small_suite import small_suite

from market_data_meta.errors import MetaError
from market_data_meta.judging.records import read_record
from market_data_meta.judging.verdicts import why_not_evidence
from market_data_meta.matrix.spread import dask, spread


class FixedAnswer(Executor):
    """An executor whose worker always gives the same answer, or fails."""

    def __init__(self, answer: dict[str, str] | Exception) -> None:
        self._answer = answer

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if isinstance(self._answer, Exception):
            future.set_exception(self._answer)
        else:
            future.set_result(self._answer)
        return future


@pytest.mark.filterwarnings("default")  # distributed and what it brings warn of their own matters
def test_a_cell_run_by_a_local_cluster_is_evidence_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = small_suite(tmp_path / "checkout", {"enums": ("fields", "members")})
    own_cache(tmp_path / "worker", monkeypatch)
    cluster = LocalCluster(  # type: ignore[no-untyped-call]  # distributed has no types
        n_workers=1, threads_per_worker=1, dashboard_address=None
    )
    with cluster, dask(cluster.scheduler_address) as executor:
        written = spread(executor, root, tmp_path / "here", parts=[(1, 480)], exhaustive=False)
    (file,) = (tmp_path / "here" / "runs").rglob("*.jsonl")
    assert written == 1
    assert not why_not_evidence(read_record(file))


def test_a_part_whose_worker_fails_is_left_to_be_run_here(root: Path, tmp_path: Path) -> None:
    engine = FixedAnswer(RuntimeError("gone"))
    assert spread(engine, root, tmp_path, parts=[(1, 1)], exhaustive=False) == 0


@pytest.mark.parametrize(
    "name",
    ["", ".", "runs", "runs/a/", "runs//x", "../x.jsonl", "runs/../../x.jsonl", "/etc/x.jsonl", "wheels/a/x.jsonl"],
)
def test_a_worker_may_write_into_the_cache_of_runs_only(root: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(MetaError, match="a worker named the file"):
        spread(FixedAnswer({name: "x"}), root, tmp_path / "cache", parts=[(1, 1)], exhaustive=False)
    assert not list(tmp_path.rglob("*"))


def test_a_cluster_that_is_not_there_is_undecided() -> None:
    with pytest.raises(MetaError, match="no Dask scheduler"), dask("tcp://127.0.0.1:1"):
        pass
