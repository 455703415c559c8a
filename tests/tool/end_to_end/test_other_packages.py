"""Packages are data: a contract about two others, and one about four, runs everything without a change in the tool.

The packages are made up, and served by an index on loopback; what the suite needs beside them comes from the index
that the user's uv or pip is set up to use.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from examples import PATIENCE, ROOT
from jsonschema import Draft202012Validator
from made_wheels import made_wheel
from own_cache import own_cache

from market_data_meta.consistency import problems
from market_data_meta.contract_files import load_contract
from market_data_meta.files import write_all
from market_data_meta.releases.index import refreshed_ledger
from market_data_meta.releases.index_settings import configured_indexes
from market_data_meta.releases.ledger_files import ledger_texts
from market_data_meta.schemas import schema

PACKAGES = {2: ("talker", "listener"), 4: ("alphabet", "talker", "wire", "listener")}
"""The first of each chain requires nothing, and each other one the one before it."""

CHECKS = '''"""What made-up packages promise each other."""

from importlib import import_module

from mdm_clause import ClauseCheck
from mdm_plan import Plan


def test_chain(clause: ClauseCheck, plan: Plan) -> None:
    """What the first package says arrives at the last one."""
    said = "hello"
    for package in plan.packages.values():
        said = import_module(package.imports[0]).carry(said)
    clause.equal("what arrives", said, clause.expect["arrives"])


def test_first_is_named(clause: ClauseCheck, plan: Plan) -> None:
    """The first package says its name."""
    first = next(iter(plan.packages.values())).imports[0]
    clause.equal("its name", import_module(first).NAME, first)


def test_alone(clause: ClauseCheck, plan: Plan) -> None:
    """A package is installed under its own name."""
    clause.equal("its name", plan.release.package in plan.packages, True)
'''
CAPABILITIES = """
[capabilities.talk]
title = "Let the packages talk"
about = "What the first package says arrives at the last one."
source = "Our own demand."
essential = ["area.chain"]
others = ["area"]
why = "Nobody talks to packages that do not listen."
"""
CLAUSE = """[clauses.{slug}]
rule = "{rule}"
level = "must"
scope = "{scope}"
binds = {binds}
source = "This test."
expect = {{ arrives = "hello" }}

"""
BREAK = """[[break]]
clause = "area.{slug}"
package = "{package}"
file = "made_{package}/__init__.py"
before = "NAME"
after = "OTHER"
why = "A constant is renamed."

"""
TOX_INI = "[tox]\nenv_list =\n    # >>> pinned by `mdmeta releases --refresh`; edit nothing up to <<<\n    # <<<\n"


def module(name: str, carried: str = "text") -> dict[str, str]:
    """The code of a release: its name, and what it makes of a text."""
    return {f"made_{name}/__init__.py": f"NAME = 'made_{name}'\n\ndef carry(text):\n    return {carried}\n"}


class LocalIndex:
    """An index on loopback that serves the wheels in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                kind, name = self.path.strip("/").split("/")
                page = index.page(name) if kind == "simple" else None
                file = folder / name if kind == "files" else None
                data = json.dumps(page).encode() if page else file.read_bytes() if file and file.is_file() else b""
                self.send_response(200 if data else 404)
                json_page = "application/vnd.pypi.simple.v1+json"
                self.send_header("Content-Type", json_page if kind == "simple" else "application/zip")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where its projects are."""
        return f"http://127.0.0.1:{self.server.server_port}/simple/"

    def page(self, project: str) -> dict[str, Any] | None:
        """The project's page, or None where it has no wheel."""
        wheels = sorted(self.folder.glob(f"{project.replace('-', '_')}-*.whl"))
        files = [
            {
                "filename": wheel.name,
                "url": f"/files/{wheel.name}",
                "hashes": {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()},
                "upload-time": f"2026-01-01T00:00:{number:02}Z",
            }
            for number, wheel in enumerate(wheels)
        ]
        return {"meta": {"api-version": "1.1"}, "name": project, "versions": [], "files": files} if files else None


@dataclass(frozen=True)
class MadeCheckout:
    """A checkout with a contract about made-up packages, its ledger read from the local index."""

    root: Path
    packages: tuple[str, ...]

    def mdmeta(self, *words: str, status: int) -> str:
        """What a command prints; it ends with that exit status."""
        command = [sys.executable, "-m", "market_data_meta", "--root", str(self.root), *words]
        process = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert process.returncode == status, f"{process.stdout[-2000:]}{process.stderr[-2000:]}"
        return process.stdout

    def valid(self, kind: str, *words: str, status: int) -> dict[str, Any]:
        """What a command prints as JSON, of the published shape."""
        data: dict[str, Any] = json.loads(self.mdmeta(*words, "--json", status=status))
        Draft202012Validator(schema(self.root, kind)).validate(data)
        return data

    def candidate(self, package: str, version: str, carried: str) -> Path:
        """A build of a package that is not published."""
        requires = f"Requires-Dist: made-{self.packages[self.packages.index(package) - 1]}>=1.0"
        return made_wheel(self.root / "builds", f"made-{package}", version, module(package, carried), requires)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of runs for both contracts."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(params=PACKAGES)
def checkout(
    request: pytest.FixtureRequest, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MadeCheckout]:
    """A checkout whose contract is about two packages or about four."""
    packages, published = PACKAGES[request.param], tmp_path / "index"
    publish(packages, published)
    root = contract_folder(tmp_path / "checkout", packages)
    real, index = configured_indexes()[-1].url, LocalIndex(published)
    try:
        for variable in ("UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
            monkeypatch.delenv(variable, raising=False)
        # Asked first: whether the public index, or what stands for it, has the made-up names is no matter then.
        monkeypatch.setenv("UV_INDEX", index.url)
        monkeypatch.setenv("UV_DEFAULT_INDEX", real)
        own_cache(cache, monkeypatch)
        write_all(ledger_texts(root, refreshed_ledger(load_contract(root), None, lambda _: None)))
        yield MadeCheckout(root, packages)
    finally:
        index.server.shutdown()
        index.server.server_close()


def publish(packages: tuple[str, ...], folder: Path) -> None:
    """Three releases of each package, of two contents; the older one of the last package loses what it should carry."""
    for number, name in enumerate(packages):
        requires = f"Requires-Dist: made-{packages[number - 1]}>=1.0" if number else ""
        carried = "''" if name == packages[-1] else "text + ''"
        made_wheel(folder, f"made-{name}", "1.0", module(name, carried), requires)
        made_wheel(folder, f"made-{name}", "1.1", module(name), requires)
        made_wheel(folder, f"made-{name}", "1.2", module(name), requires.replace("1.0", "1.1"))
    pins = "\n".join(f"Requires-Dist: made-{name}==1.1" for name in packages)
    made_wheel(folder, "made-deployment", "3.0", {"made_deployment.py": ""}, pins)


def contract_folder(root: Path, packages: tuple[str, ...]) -> Path:
    """What a checkout has beside the tool: the contract, its checks, and a tox.ini."""
    contracts, checks = root / "contracts", root / "tests" / "conformance"
    shutil.copytree(ROOT / "contracts" / "schemas", contracts / "schemas", ignore=shutil.ignore_patterns("dto"))
    (contracts / "clauses").mkdir()
    checks.mkdir(parents=True)
    shutil.copy(ROOT / "contracts" / "clauses" / "controls.toml", contracts / "clauses")
    for name in ("pytest.ini", "test_controls.py"):
        shutil.copy(ROOT / "tests" / "conformance" / name, checks)
    tables = [f'[packages.{name}]\ndistribution = "made-{name}"\nimports = ["made_{name}"]\n' for name in packages]
    text = "\n".join([*tables, '[deployed]\ndistribution = "made-deployment"\n'])
    (contracts / "packages.toml").write_text(text)
    (contracts / "defects.toml").write_text("")
    (contracts / "observation_rules.toml").write_text("")
    (contracts / "promises.toml").write_text("")
    (contracts / "capabilities.toml").write_text(CAPABILITIES)
    all_packages, first_package = json.dumps(packages), json.dumps(packages[:1])
    both_ends = json.dumps([packages[0], packages[-1]])
    clauses = [
        ("chain", "What the first package says arrives at the last one.", "combination", all_packages),
        ("first-is-named", "The first package says its name.", "combination", first_package),
        ("alone", "A package is installed under its own name.", "release", both_ends),
    ]
    (contracts / "clauses" / "area.toml").write_text(
        "".join(CLAUSE.format(slug=slug, rule=rule, scope=scope, binds=binds) for slug, rule, scope, binds in clauses)
    )
    (root / "tests" / "breaks").mkdir()
    breaks = [BREAK.format(slug=slug, package=packages[0]) for slug, *_ in clauses]
    (root / "tests" / "breaks" / "area.toml").write_text("".join(breaks))
    (checks / "test_area.py").write_text(CHECKS)
    (root / "tox.ini").write_text(TOX_INI)
    return root


def test_everything_runs_on_other_packages(checkout: MadeCheckout) -> None:
    names, number = checkout.packages, len(checkout.packages)
    newest = dict.fromkeys(names, "1.2")

    # The pinned block, and what must agree with it.
    checkout.mdmeta("releases", "--pin", status=0)
    assert problems(checkout.root) == []
    text = (checkout.root / "tox.ini").read_text()
    assert "-".join(f"{name}1.2" for name in names) in text
    assert "-".join(f"{name}1.1" for name in names) in text

    # The matrix: two contents of each package; the older content of the last package fails with every partner.
    matrix = checkout.valid("matrix", "matrix", status=1)
    verdicts = {tuple(cell["combination"].values()): cell["verdict"] for cell in matrix["cells"]}
    assert len(verdicts) == 2**number
    assert {versions for versions, verdict in verdicts.items() if verdict == "conforms"} == {
        versions for versions in verdicts if versions[-1] == "1.2"
    }
    assert sum(cell["stands_for"] for cell in matrix["cells"]) == 3**number
    # Of two neighbours 1.2 does not let 1.0 in.
    assert sum(cell["allowed"] for cell in matrix["cells"]) == {2: 8, 4: 55}[number]
    assert [finding["clause"] for finding in matrix["findings"]] == ["area.chain"]

    # Its renderings: every capability in the picture, and everything that the page looks up in the page.
    picture = ET.fromstring((checkout.root / "results" / "matrix.svg").read_text())  # noqa: S314 - made a line above
    texts = ["".join(text.itertext()) for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {row["title"] for row in matrix["capabilities"]} <= set(texts)
    page = (checkout.root / "results" / "site" / "index.html").read_text()
    assert f"Newest set ({', '.join(f'{name} 1.2' for name in names)})" in page
    assert matrix["refused"] == {name: {">=1.0": [], ">=1.1": ["1.0"]} for name in names[:-1]} | {names[-1]: {}}

    # May they go out together? With one named, the newest partners.
    versions = [f"{name}==1.2" for name in names]
    assert checkout.valid("can-i-deploy", "can-i-deploy", *versions, status=0)["verdict"] == "conforms"
    partners = checkout.valid("can-i-deploy", "can-i-deploy", f"{names[0]}==1.0", status=0)["combination"]
    assert partners == newest | {names[0]: "1.0", names[1]: "1.1"}
    forbidden = checkout.valid("can-i-deploy", "can-i-deploy", f"{names[0]}==1.0", *versions[1:], status=1)["forbidden"]
    assert forbidden == [f"{names[1]} 1.2 requires made-{names[0]}>=1.1, not 1.0"]

    # One combination in an environment of its own, and its report.
    checkout.mdmeta("run", *versions, status=0)
    assert checkout.valid("report", "report", status=0)["exit"] == 0

    # A gate of a candidate that breaks the chain, and of one that does not.
    broken = checkout.candidate(names[-1], "1.3", "None")
    gate = checkout.valid("gate", "gate", f"--{names[-1]}", str(broken), status=1)
    assert {row["clause"] for row in gate["differences"] if row["kind"] == "regression"} == {"area.chain"}
    assert {cell["scope"] for cell in gate["cells"]} == {"combination", "release"}
    fine = checkout.candidate(names[-1], "1.4", "text + str()")
    checkout.mdmeta("gate", f"--{names[-1]}", str(fine), status=0)
