"""Is the contract's data valid, and do clauses, checks, waivers, ledger and tox.ini agree? Problems as sentences."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from jsonschema import Draft202012Validator

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.contract_files import ClausesFile, PackagesFile, load_contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.files import read_json, read_toml
from market_data_meta.judging.waiver_file import WaiversFile, load_waivers
from market_data_meta.judging.waivers import Waiver
from market_data_meta.models import InputFile, input_faults
from market_data_meta.releases import pins
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import ReleasesFile, SnapshotFile, load_ledger


def problems(root: Path) -> list[str]:
    """Everything that is wrong with ``contracts/`` and what must agree with it; empty if nothing is."""
    in_schemas, in_files = list(_guarded(lambda: _schemas(root))), list(_file_problems(root))
    disagreements: list[str] = []
    try:
        contract = load_contract(root)
        disagreements += _guarded(lambda: _clauses_and_checks(contract))
        ledger = load_ledger(root, contract.packages)
        disagreements += _guarded(lambda: _pinned(contract, ledger))
        disagreements += _waivers(contract, load_waivers(root, ledger))
    except MetaError as error:
        # What cannot be loaded for what a file holds is among that file's problems.
        disagreements += [] if in_files else [str(error)]
    return in_schemas + in_files + disagreements


def _guarded(find: Callable[[], Iterable[str]]) -> Iterator[str]:
    try:
        yield from find()
    except MetaError as error:
        yield str(error)


def _schemas(root: Path) -> Iterator[str]:
    for file in sorted((root / "contracts").glob("schemas/**/*.json")):
        data = read_json(file)
        # A DTO's baseline holds two schemas: what its model accepts, and what it emits.
        modes = data if isinstance(data, dict) else {}
        for part in [modes[mode] for mode in ("validation", "serialization") if mode in modes] or [data]:
            for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(part):
                yield f"{file.relative_to(root)}: not a JSON Schema: {error.message}"


def _file_problems(root: Path) -> Iterator[str]:
    contracts = root / "contracts"
    models: dict[Path, type[InputFile]] = dict.fromkeys(sorted(contracts.glob("clauses/*.toml")), ClausesFile)
    models |= {contracts / "packages.toml": PackagesFile, contracts / "waivers.toml": WaiversFile}
    models |= dict.fromkeys(sorted(contracts.glob("releases/*.json")), ReleasesFile)
    models |= {contracts / "releases" / "snapshot.json": SnapshotFile}
    for file, model in models.items():
        try:
            data = read_toml(file) if file.suffix == ".toml" else read_json(file)
        except MetaError as error:
            yield str(error)
        else:
            yield from (f"{file.relative_to(root)}: {fault}" for fault in input_faults(model, data))


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
            raise MetaError(ErrorCode.BAD_CHECK, f"{file}:{error.lineno} is not Python", str(error.msg)) from None
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                slug = node.name.removeprefix("test_").replace("_", "-")
                if any("parametrize" in ast.unparse(decorator) for decorator in node.decorator_list):
                    raise MetaError(
                        ErrorCode.BAD_CHECK, f"{file}:{node.lineno}: a clause has one check, not a parametrized one"
                    )
                yield f"{file.stem.removeprefix('test_')}.{slug}", ast.get_docstring(node) or ""


def _waivers(contract: Contract, waivers: Iterable[Waiver]) -> Iterator[str]:
    seen = set()
    for waiver in waivers:
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
