"""Which versions are installed: asked of the environment's own interpreter."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from market_data_meta.errors import MetaError
from market_data_meta.releases.installed_versions import installed_versions


def program(folder: Path, script: str) -> str:
    """A program that stands in for an interpreter."""
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_the_interpreter_says_what_is_installed_and_what_is_not() -> None:
    found = installed_versions(sys.executable, {"click": "click", "core": "made-up-core"})
    assert [(request.package, request.exact, request.source) for request in found.requests] == [
        ("click", version("click"), sys.executable)
    ]
    assert found.notes == (f"made-up-core is not installed in {sys.executable}",)


def test_the_current_folder_and_pythonpath_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = tmp_path / "made_up_core-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: made-up-core\nVersion: 1.0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert installed_versions(sys.executable, {"core": "made-up-core"}).requests == ()


def test_a_folder_stands_for_the_environment_in_it(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin", """echo '{"made-up-core": ["1.0", false]}'""")
    (request,) = installed_versions(str(tmp_path), {"core": "made-up-core"}).requests
    assert request.exact == "1.0"


def test_what_was_installed_from_an_address_is_told(tmp_path: Path) -> None:
    python = program(tmp_path, """echo hello; echo '{"made-up-core": ["1.0", true]}'""")
    found = installed_versions(python, {"core": "made-up-core"})
    assert found.notes == (f"made-up-core in {python} is not from an index; this is about the published 1.0",)


@pytest.mark.parametrize(
    "script",
    [
        "echo broken >&2; exit 3",
        "echo no answer",
        "echo '[]'",
        "echo 3",
        """echo '{"a": 1}'""",
        """echo '{"a": [null, false]}'""",
        """echo '{"a": ["x", false]}'""",
    ],
)
def test_an_interpreter_that_does_not_answer_is_told(tmp_path: Path, script: str) -> None:
    with pytest.raises(MetaError, match="does not say what is installed") as error:
        installed_versions(program(tmp_path, script), {"core": "made-up-core"})
    assert (error.value.code, error.value.exit) == ("no-interpreter", 2)
    assert error.value.why == ("broken" if "broken" in script else "")


def test_an_interpreter_that_is_not_there_or_never_answers_is_told(tmp_path: Path) -> None:
    with pytest.raises(MetaError, match=r"there is no interpreter .*nowhere"):
        installed_versions(str(tmp_path / "nowhere"), {})
    with pytest.raises(MetaError, match=r"did not answer within 0.2 seconds"):
        installed_versions(program(tmp_path, "exec sleep 30"), {}, timeout=0.2)
    file = tmp_path / "no-program"
    file.write_bytes(b"\x7fELF")
    file.chmod(0o755)
    with pytest.raises(MetaError, match="does not say what is installed"):
        installed_versions(str(file), {})
