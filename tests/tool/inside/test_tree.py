"""Process trees are found in both ways that a kernel may offer."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from market_data_meta.inside import mdm_tree

# A shell with a child of its own; that child has two, and says so when both are there.
SHELL = "sh -c 'sleep 600 & sleep 600 & echo ready; wait' & wait"


@pytest.fixture
def shell() -> Iterator[subprocess.Popen[str]]:
    """A process whose tree is complete."""
    with subprocess.Popen(["sh", "-c", SHELL], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        mdm_tree.end(lambda: mdm_tree.below(process.pid) | mdm_tree.alive(process.pid))


@pytest.mark.parametrize("lists_children", [False, True])
def test_all_that_comes_from_a_process_is_found_and_ended(
    shell: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch, *, lists_children: bool
) -> None:
    """Whether or not the kernel lists the children of a process."""
    if lists_children and not mdm_tree._LISTS_CHILDREN:
        pytest.skip("this kernel does not list the children of a process")
    monkeypatch.setattr(mdm_tree, "_LISTS_CHILDREN", lists_children)
    assert len(mdm_tree.below(shell.pid)) == 3
    assert mdm_tree.alive(shell.pid) == {shell.pid}
    mdm_tree.end(lambda: mdm_tree.below(shell.pid) | mdm_tree.alive(shell.pid))
    assert mdm_tree.below(shell.pid) | mdm_tree.alive(shell.pid) == set()
