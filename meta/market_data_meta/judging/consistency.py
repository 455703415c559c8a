"""Is the contract's data valid, and do clauses, checks, waivers, ledger and tox.ini agree? Problems as sentences."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from market_data_meta import suite
from market_data_meta.contract import Contract, read_toml
from market_data_meta.errors import MetaError
from market_data_meta.judging.waivers import load_waivers
from market_data_meta.releases import pins
from market_data_meta.releases.ledger import Ledger, load_ledger
from market_data_meta.schemas import schema


def problems(contract: Contract) -> list[str]:
    """Everything that is wrong with ``contracts/`` and what must agree with it; empty if nothing is."""
    return [
        *_guarded(lambda: _schemas(contract.root)),
        *_guarded(lambda: _clauses_and_checks(contract)),
        *_guarded(lambda: _waivers(contract, load_ledger(contract.root, contract.packages))),
        *_guarded(lambda: _pinned(contract, load_ledger(contract.root, contract.packages))),
    ]


def _guarded(find: Any) -> Iterator[str]:
    try:
        yield from find()
    except MetaError as error:
        yield str(error)


def _schemas(root: Path) -> Iterator[str]:
    contracts = root / "contracts"
    for file in sorted(contracts.glob("schemas/**/*.json")):
        data = _json(file)
        # A DTO's baseline holds two schemas: what its model accepts, and what it emits.
        for part in [data[mode] for mode in ("validation", "serialization") if mode in data] or [data]:
            for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(part):
                yield f"{file.relative_to(root)}: not a JSON Schema: {error.message}"
    tables = [("clauses", contracts.glob("clauses/*.toml")), ("packages", [contracts / "packages.toml"])]
    tables.append(("waivers", [contracts / "waivers.toml"]))
    for name, files in tables:
        validator = Draft202012Validator(schema(root, name))
        for file in sorted(files):
            yield from _errors(root, file, validator, read_toml(file))
    for file in sorted(contracts.glob("releases/*.json")):
        validator = Draft202012Validator(schema(root, "snapshot" if file.stem == "snapshot" else "releases"))
        yield from _errors(root, file, validator, _json(file))


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MetaError("not-json", f"{file} is not JSON", str(error)) from None


def _errors(root: Path, file: Path, validator: Draft202012Validator, data: object) -> Iterator[str]:
    for error in validator.iter_errors(data):
        yield f"{file.relative_to(root)}: {'/'.join(map(str, error.absolute_path))}: {error.message}"


def _clauses_and_checks(contract: Contract) -> Iterator[str]:
    """One id everywhere: each clause has one test of the derived name, whose docstring is the clause's rule."""
    checks = dict(_checks(suite.folder(contract.root)))
    for name in sorted(contract.clauses.keys() - checks.keys()):
        yield f"clause {name} has no check"
    for name in sorted(checks.keys() - contract.clauses.keys()):
        yield f"check {name} has no clause"
    for name in sorted(checks.keys() & contract.clauses.keys()):
        clause = contract.clauses[name]
        if " ".join(checks[name].split()) != clause.rule:
            yield f"{name}: the check's docstring is not the clause's rule"
        if unknown := (set(clause.binds) | set(clause.applies)) - contract.packages.keys():
            yield f"{name}: binds or applies to {', '.join(sorted(unknown))}, which is no package"


def _checks(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.glob("test_*.py")):
        try:
            body = ast.parse(file.read_text(encoding="utf-8")).body
        except SyntaxError as error:
            raise MetaError("bad-check", f"{file}:{error.lineno} is not Python", str(error.msg)) from None
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                slug = node.name.removeprefix("test_").replace("_", "-")
                if any("parametrize" in ast.unparse(decorator) for decorator in node.decorator_list):
                    raise MetaError(
                        "bad-check", f"{file}:{node.lineno}: a clause has one check, not a parametrized one"
                    )
                yield f"{file.stem.removeprefix('test_')}.{slug}", ast.get_docstring(node) or ""


def _waivers(contract: Contract, ledger: Ledger) -> Iterator[str]:
    seen = set()
    for waiver in load_waivers(contract.root, ledger):
        if waiver.clause not in contract.clauses:
            yield f"waivers.toml: {waiver.clause} is no clause"
        if not waiver.reason.strip():
            yield f"waivers.toml: {waiver.clause} {waiver.fingerprint} has no reason"
        if unknown := waiver.versions.keys() - contract.packages.keys():
            yield f"waivers.toml: {waiver.clause}: {', '.join(sorted(unknown))} is no package"
        key = (waiver.clause, waiver.fingerprint, str(waiver.versions), waiver.third_party)
        if key in seen:
            yield f"waivers.toml: {waiver.clause} {waiver.fingerprint} is there twice"
        seen.add(key)


def _pinned(contract: Contract, ledger: Ledger) -> Iterator[str]:
    _, text, _ = pins.split((contract.root / "tox.ini").read_text(encoding="utf-8"))
    if text != pins.block(pins.choose(contract, ledger)):
        yield "tox.ini: the pinned block is not what the ledger says (mdmeta releases --pin rewrites it)"
