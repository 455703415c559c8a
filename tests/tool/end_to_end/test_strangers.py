"""Libraries that a candidate brings along: they are named, run in the sandbox, and decide for nothing else."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from made_index import MadeIndex, serving
from made_wheels import changed_wheel, made_wheel

from market_data_meta.candidates.builds import build_wheel
from market_data_meta.candidates.sources import read_candidate
from market_data_meta.cli import cli
from market_data_meta.contract import Contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.inside.mdm_landlock import version
from market_data_meta.models import parse_document
from market_data_meta.releases.index_settings import configured_indexes
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.gate.markdown import gate_markdown
from market_data_meta.results.gate import GateResult
from market_data_meta.running import environments
from market_data_meta.running.plans import suite_plan
from market_data_meta.running.sandbox import run_in_sandbox
from market_data_meta.running.template_process import TemplateProcess
from market_data_meta.running.third_party import ThirdPartyLock, group_digests, install
from market_data_meta.schemas import schema

pytestmark = pytest.mark.skipif(version() < 1, reason="the kernel has no Landlock")

FIRST = "import pathlib; pathlib.Path({target!r}).write_text('was here')\n"
"""What Python would run at its start, from a .pth file."""
GIT = "evil-dep @ git+https://git.example/evil-dep"

Build = Callable[[str], Path]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file outside of every run, which the library that is brought along tries to write."""
    return tmp_path_factory.mktemp("outside") / "target"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, target: Path) -> Path:
    """The wheel of evil-dep."""
    files = {"evil_dep/__init__.py": "", "evil_dep.pth": FIRST.format(target=str(target))}
    return made_wheel(tmp_path_factory.mktemp("index"), "evil-dep", "1.0", files)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeIndex]:
    """An index that is asked first, so that no name that only these tests know is looked for anywhere else."""
    default = configured_indexes()[-1].url
    with serving(MadeIndex()) as made:
        monkeypatch.setenv("UV_INDEX", made.url)
        monkeypatch.setenv("UV_DEFAULT_INDEX", default)
        yield made


@pytest.fixture
def build(ledger: Ledger, tmp_path: Path) -> Build:
    """Build the next release of core, with a requirement more and no change that anybody could notice."""

    def make(requirement: str) -> Path:
        newest = ledger.newest("core").version
        head, _, last = newest.rpartition(".")
        name = f"market_data_core-{newest}.dist-info/METADATA"
        changes = {
            name: ("\nRequires-Python:", f"\nRequires-Dist: {requirement}\nRequires-Python:"),
            # Other code, or nothing of it would have to be run.
            "market_data_core/telemetry/backpressure.py": ("Current queue size", "How many items wait"),
        }
        return changed_wheel(ledger, "core", "market-data-core", f"{head}.{int(last) + 1}", tmp_path, changes)

    return make


def gate(contract: Contract, folder: Path, *words: str) -> Result:
    arguments = ["--root", str(contract.root), "gate", *words, "--quick", "--out", str(folder / "results"), "--json"]
    return CliRunner().invoke(cli, arguments)


def document(result: Result) -> dict[str, Any]:
    """What the gate printed, or the error that kept it from printing."""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    data: dict[str, Any] = json.loads(result.stdout)
    return data


def test_a_direct_reference_is_refused_by_name(
    part: Contract, build: Build, stranger: Path, target: Path, tmp_path: Path
) -> None:
    result = gate(part, tmp_path, "--core", str(build(f"evil-dep @ {stranger.as_uri()}")))
    assert isinstance(result.exception, MetaError)
    assert result.exception.exit == Exit.BAD_INPUT
    assert f" asks for evil-dep @ {stranger.as_uri()}" in result.exception.what
    assert not target.exists()


@pytest.mark.parametrize("way", ["an index", "an address that may be followed"])
def test_code_that_runs_at_every_start_of_python_is_named_and_makes_the_gate_undecided(
    part: Contract,
    build: Build,
    stranger: Path,
    target: Path,
    tmp_path: Path,
    index: MadeIndex,
    way: str,
) -> None:
    index.files["evil-dep"] = {stranger.name: stranger.read_bytes()}
    direct = way != "an index"
    wheel = build(f"evil-dep @ {stranger.as_uri()}" if direct else "evil-dep")
    result = gate(part, tmp_path, "--core", str(wheel), *(["--allow-direct"] * direct))
    data = document(result)
    Draft202012Validator(schema(part.root, "gate")).validate(data)
    origin = stranger.as_uri() if direct else index.url
    assert data["brings_along"] == [{"name": "evil-dep", "version": "1.0", "origin": origin}]
    assert "brings along: evil-dep 1.0, from " in gate_markdown(parse_document(GateResult, data, "gate.json"))
    assert result.exit_code == 3
    assert any("evil_dep 1.0" in row["why"] and "evil_dep.pth" in row["why"] for row in data["undecided"])
    assert not target.exists()


def test_a_library_that_is_brought_along_is_named_and_shares_no_records(
    part: Contract, build: Build, index: MadeIndex, tmp_path: Path
) -> None:
    """It runs nothing at the start of Python, so the cells are run; their records are stored apart from others."""
    index.add("mild-dep", "1.0")
    result = gate(part, tmp_path, "--core", str(build("mild-dep")))
    data = document(result)
    assert [library["name"] for library in data["brings_along"]] == ["mild-dep"]
    assert (result.exit_code, data["differences"]) == (0, [])


def test_a_set_with_a_library_that_a_candidate_brought_along_shares_its_group_with_no_other() -> None:
    published, more = ThirdPartyLock("a==1\n", frozenset()), ThirdPartyLock("a==1\nevil-dep==1.0\n", frozenset())
    direct = ThirdPartyLock("a==1\nevil-dep @ file:///x.whl\n", frozenset())
    locks = [lock.compared_with([published]) for lock in (more, direct)]
    assert [lock.candidate_entries for lock in locks] == [("evil-dep==1.0",), ("evil-dep @ file:///x.whl",)]
    assert len(set(group_digests([published], locks).values())) == 3
    assert ThirdPartyLock("a==1\n", frozenset({"x"})).compared_with([published]).candidate_entries == ()


def test_an_environment_with_something_brought_along_lies_apart(tmp_path: Path) -> None:
    """Neither its folder nor its byte code is that of others."""
    lock = ThirdPartyLock("", frozenset(), ("evil-dep==1.0",))
    python = install(lock, sys.executable, tmp_path)
    assert tmp_path / "environments" not in python.parents
    assert lock.cache_folder(tmp_path) in python.parents


LOADED = """
import ctypes, os, pathlib, socket
library = ctypes.CDLL(None, use_errno=True)
for path in {paths!r}:
    try: pathlib.Path(path).write_text("forged")
    except OSError as error: print("refused", error.errno, flush=True)
    print("native", library.open(path.encode(), os.O_WRONLY | os.O_CREAT, 0o600), flush=True)
try: print("read", pathlib.Path({secret!r}).read_text(), flush=True)
except OSError: print("unread", flush=True)
raw = library.socket(2, 2, 0)
address = (ctypes.c_char * 16).from_buffer_copy(bytes([2, 0, 0, 53, 203, 0, 113, 5]) + bytes(8))
print("network", library.connect(raw, address, 16), flush=True)
"""


def test_a_template_is_caged_before_its_first_instruction(contract: Contract, tmp_path: Path) -> None:
    """Code at its start is not run; a library that it loads writes in no record and no cache, and reaches nobody."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (site,) = (environment / "lib").glob("python*/site-packages")
    (site / "tests.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    outside, record, secret = tmp_path / "outside", tmp_path / "record.jsonl", tmp_path / "secret"
    record.write_text("whole")
    secret.write_text("a-secret-of-the-caller")
    (site / "evil.pth").write_text(FIRST.format(target=str(tmp_path / "from-pth")))
    (site / "sitecustomize.py").write_text(f"{FIRST.format(target=str(tmp_path / 'from-site'))}\nprint('was run')")
    compiled = site / "forged.py"
    paths = [str(path) for path in (outside, record, compiled, contract.root / "tests" / "forged.py")]
    (site / "evil_module.py").write_text(LOADED.format(paths=paths, secret=str(secret)))
    plan = suite_plan(contract, tuple(contract.packages)).of_clauses(contract.controls)
    with TemplateProcess(contract.root, environment / "bin" / "python", plan, tmp_path / "template.log") as template:
        template.load(["evil_module"])
        template.wait_until_ready()
    output = (tmp_path / "template.log").read_text()
    assert output.count("refused 13") == output.count("native -1") == len(paths), output
    assert "unread" in output
    assert "was run" not in output
    assert record.read_text() == "whole"
    forged = [Path(path) for path in paths if path != str(record)]
    assert not [path for path in (*forged, tmp_path / "from-pth", tmp_path / "from-site") if path.exists()]


NETWORK = """
import ctypes, socket
library = ctypes.CDLL(None, use_errno=True)
def reached(address):
    raw = (ctypes.c_char * 16).from_buffer_copy(bytes([2, 0, 0, 53, *address]) + bytes(8))
    return library.connect(library.socket(2, 2, 0), raw, 16) == 0
print(reached([127, 0, 0, 1]), reached([203, 0, 113, 5]))
"""


def test_a_run_has_no_network_but_its_own_loopback(tmp_path: Path) -> None:
    """Code that is not Python's finds no way out, and none to the services of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    service = f"print(socket.socket().connect_ex(('127.0.0.1', {port})) == 0)"
    with listening:
        command = [sys.executable, "-c", f"{NETWORK}{service}"]
        log = tmp_path / "log"
        ending = run_in_sandbox(command, log, home=str(tmp_path), variables={}, writable=[], seconds=30.0)
    assert ending.cause is None
    assert log.read_text().split() == ["True", "False", "False"]


def test_what_stands_at_an_address_is_taken_only_as_a_wheel(tmp_path: Path) -> None:
    """To build it would run its code outside of the sandbox, whoever has allowed the address."""
    built = tmp_path / "built"
    source = tmp_path / "evil"
    source.mkdir()
    setup = f"{FIRST.format(target=str(built))}from setuptools import setup\nsetup(name='evil-dep', version='1.0')\n"
    (source / "setup.py").write_text(setup)
    sdist = tmp_path / "evil_dep-1.0.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        archive.add(source, "evil_dep-1.0")
    git = ["git", "-C", str(source), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "--quiet"], ["add", "setup.py"], ["commit", "--quiet", "--message", "x"]):
        subprocess.run([*git, *words], check=True)
    for address in (source.as_uri(), sdist.as_uri(), f"git+{source.as_uri()}"):
        requirement = f"evil-dep @ {address}"
        with pytest.raises(MetaError) as caught:
            environments.uv("pip", "compile", "-", "--python", sys.executable, text=requirement)
        assert caught.value.exit == Exit.BAD_INPUT
        # uv may leave the name of what it finds in a folder out.
        assert caught.value.what.endswith(f"{address} is not a wheel, and only wheels are taken from an address")
    assert not built.exists()


METADATA: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "in an extra": (f"Requires-Dist: {GIT} ; extra == 'dev'", ("extra dev names " + GIT,)),
    "by way of another extra": (
        f"Requires-Dist: {GIT} ; extra == 'dev'\nRequires-Dist: market-data-core[dev]; extra == 'all'",
        ("extra all names " + GIT, "extra dev names " + GIT),
    ),
    "nowhere": ("Requires-Dist: pydantic; extra == 'dev'", ()),
}


@pytest.mark.parametrize("where", METADATA)
def test_an_extra_with_an_address_is_skipped_and_does_not_stop_the_gate(
    contract: Contract, ledger: Ledger, tmp_path: Path, where: str
) -> None:
    metadata, skipped_extras = METADATA[where]
    wheel = made_wheel(tmp_path, "market-data-core", "9.0", {"market_data_core/__init__.py": ""}, metadata)
    candidate = read_candidate(contract, ledger, "core", str(wheel), tmp_path / "work", lambda _: None)
    assert candidate.skipped_extras == skipped_extras
    follows = replace(ledger, allows_direct_references=True)
    assert read_candidate(contract, follows, "core", str(wheel), tmp_path / "work", lambda _: None).skipped_extras == ()


def test_a_marker_hides_no_address(contract: Contract, ledger: Ledger, tmp_path: Path) -> None:
    """What would be installed without any extra is refused, however its marker is written."""
    for number, marker in enumerate(('extra != "x"', 'python_version >= "3.99"', 'extra == "x" or os_name != "x"')):
        metadata = f"Requires-Dist: {GIT} ; {marker}"
        wheel = made_wheel(tmp_path, "market-data-core", f"9.{number}", {"market_data_core/__init__.py": ""}, metadata)
        with pytest.raises(MetaError, match="asks for evil-dep @ git"):
            read_candidate(contract, ledger, "core", str(wheel), tmp_path / "work", lambda _: None)


@pytest.mark.parametrize(
    ("requires", "message"),
    [(GIT, "the build of tree asks for evil-dep @ git"), ("-e /somewhere", "what it is built with cannot be read")],
)
def test_a_build_follows_no_address_and_takes_no_option(tmp_path: Path, requires: str, message: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").write_text(f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "evil"\n')
    with pytest.raises(MetaError, match=message):
        build_wheel(tree, tmp_path / "work", "2026-11-22T00:00:00Z", lambda _: None)
