"""A template may use no more than a run: what its libraries do when they are loaded ends as an error with its cause."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.running import sandbox
from market_data_meta.running.limits import Bounds
from market_data_meta.running.plans import suite_plan
from market_data_meta.running.template_process import TemplateProcess

GREEDY = {
    "hoard = [bytearray(1 << 26) for _ in range(30)]": "used more than 1024 MiB of memory",
    "for n in range(1000): open(f'f{n}', 'wb').write(bytes(1 << 20))": "wrote more than 64 MiB",
    "f = open('f', 'wb'); import os; os.unlink('f'); f.write(bytes(1 << 27)); f.flush()": "wrote more than 64 MiB",
    "import os; p = os.environ['HYPOTHESIS_STORAGE_DIRECTORY']; open(p + '/f', 'wb').write(bytes(1 << 27))": (
        "wrote more than 64 MiB"
    ),
    "for n in range(25_000): open(f'f{n}', 'w').close()": "had more than 20000 files",
    "print('x' * (1 << 24), flush=True)": "printed more than 8 MiB",
    "import os; [os.fork() or time.sleep(99) for _ in range(40)]": "had more than 20 processes",
}
"""What a library does when it is loaded, before it sleeps, and what is said of it."""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment with what the suite needs."""
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "tests.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return folder


def installed(environment: Path, module: str, source: str) -> Path:
    """Put a module into an environment; the path of its interpreter."""
    (site,) = (environment / "lib").glob("python*/site-packages")
    (site / f"{module}.py").write_text(source)
    return environment / "bin" / "python"


@pytest.mark.parametrize("source", GREEDY)
def test_a_library_that_takes_too_much_when_it_is_loaded_is_an_error_with_its_cause(
    contract: Contract, environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    python = installed(environment, "greedy", f"import time\n{source}\ntime.sleep(99)\n")
    monkeypatch.setattr(sandbox, "BOUNDS", Bounds(1 << 30, 20, written=64 << 20, printed=8 << 20))
    plan = suite_plan(contract, tuple(contract.packages)).of_clauses(contract.controls)
    with TemplateProcess(contract.root, python, plan, tmp_path / "template.log") as template:
        template.load(["greedy"])
        with pytest.raises(MetaError) as caught:
            template.wait_until_ready()
    assert caught.value.exit == Exit.UNDECIDED
    assert caught.value.why == f"the process that loads the libraries {GREEDY[source]} and was stopped"
    assert not Path(template.home.name).exists()


def test_a_template_that_cannot_start_is_an_error_with_what_it_said(
    contract: Contract, environment: Path, tmp_path: Path
) -> None:
    """A request to a process that is gone is an error of the same kind, never the end of this one."""
    python = installed(environment, "pytest", "raise SystemExit('this is no pytest')")
    plan = suite_plan(contract, tuple(contract.packages)).of_clauses(contract.controls)
    with TemplateProcess(contract.root, python, plan, tmp_path / "template.log") as template:
        while "this is no pytest" not in (tmp_path / "template.log").read_text():
            template.load(["json"])
        with pytest.raises(MetaError, match="this is no pytest"):
            template.wait_until_ready()
