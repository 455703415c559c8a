"""Checks that the contract's data is valid and that clauses, checks, breaks, defects, ledger and tox.ini agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from jsonschema import Draft202012Validator
from packaging.specifiers import SpecifierSet

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.contract_files import CapabilitiesFile, ClausesFile, PackagesFile, load_contract
from market_data_meta.errors import MetaError
from market_data_meta.files import read_json, read_toml, write_whole
from market_data_meta.judging.check_files import check_words, checks_of, with_rules
from market_data_meta.judging.defect_file import DefectsFile, load_defects, reproducers
from market_data_meta.judging.defects import KnownDefects, ShownBy
from market_data_meta.judging.observation_rule_file import (
    ObservationRulesFile,
    load_observation_rules,
    rule_problems,
    rules_path,
)
from market_data_meta.models import InputFile, input_faults, read_input
from market_data_meta.promises import PromisesFile, load_promises, promises_path
from market_data_meta.prove.change_files import BreaksFile
from market_data_meta.releases import pins
from market_data_meta.releases.ledger import Ledger
from market_data_meta.releases.ledger_files import ReleasesFile, SnapshotFile, load_ledger


def problems(root: Path) -> list[str]:
    """A sentence for everything that is wrong with ``contracts/`` or disagrees with it; empty if nothing is wrong."""
    schema_problems, file_problems = list(_until_an_error(lambda: _schema_problems(root))), list(_file_problems(root))
    disagreements: list[str] = []
    try:
        contract = load_contract(root)
        disagreements += _until_an_error(lambda: _clause_problems(contract))
        disagreements += _until_an_error(lambda: _capability_problems(contract))
        ledger = load_ledger(root, contract.packages)
        disagreements += _until_an_error(lambda: _pinned_block_problems(contract, ledger))
        known = load_defects(root)
        disagreements += _defect_problems(contract, ledger, known)
        disagreements += _until_an_error(lambda: _break_problems(contract, known))
        disagreements += _until_an_error(lambda: _rule_problems(root))
        disagreements += _until_an_error(lambda: _promise_problems(contract))
    except MetaError as error:
        # A file that cannot be loaded because of its content is among the problems of files already.
        disagreements += [] if file_problems else [str(error)]
    return schema_problems + file_problems + disagreements


def _until_an_error(problems_of: Callable[[], Iterable[str]]) -> Iterator[str]:
    """The problems, and as the last of them the error that ended the search, if there was an error."""
    try:
        yield from problems_of()
    except MetaError as error:
        yield str(error)


def _schema_problems(root: Path) -> Iterator[str]:
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
    models |= {contracts / "packages.toml": PackagesFile, contracts / "defects.toml": DefectsFile}
    models |= {contracts / "capabilities.toml": CapabilitiesFile, rules_path(root): ObservationRulesFile}
    models |= {promises_path(root): PromisesFile}
    models |= dict.fromkeys(sorted(contracts.glob("releases/*.json")), ReleasesFile)
    models |= {contracts / "releases" / "snapshot.json": SnapshotFile}
    for file, model in models.items():
        try:
            data = read_toml(file) if file.suffix == ".toml" else read_json(file)
        except MetaError as error:
            yield str(error)
        else:
            yield from (f"{file.relative_to(root)}: {fault}" for fault in input_faults(model, data))


def _clause_problems(contract: Contract) -> Iterator[str]:
    """Problems of clauses and checks: each clause has a test of its name, whose docstring is the clause's rule."""
    checks = {
        check.clause: check
        for file in _suite_files(contract.root)
        for check in checks_of(file.name, _area(file), file.read_text(encoding="utf-8"))
    }
    for name in sorted(contract.clauses.keys() - checks.keys()):
        yield f"clause {name} has no check: write {check_words(name)}"
    for name in sorted(checks.keys() - contract.clauses.keys()):
        area, slug = name.split(".", 1)
        table = f"[clauses.{slug}] in contracts/clauses/{area}.toml"
        yield f"check {name} has no clause: write {table}, or remove {check_words(name)}"
    for name in sorted(checks.keys() & contract.clauses.keys()):
        clause, check = contract.clauses[name], checks[name]
        if check.docstring != clause.rule:
            yield f"{name}: the check's docstring is not the clause's rule (mdmeta check --fix rewrites it)"
        if check.unwritten:
            yield f"{name}: its check is not written yet: write the body of {check_words(name)}"
        if clause.scope == "deployment" and contract.service_of(clause) is None:
            yield f"{name}: its scope is deployment, and no service of packages.toml has {' and '.join(clause.binds)}"
        if unknown := (set(clause.binds) | set(clause.applies)) - contract.packages.keys():
            yield f"{name}: binds or applies to {', '.join(sorted(unknown))}, which packages.toml does not have"


def _capability_problems(contract: Contract) -> Iterator[str]:
    """Every clause but the controls belongs to exactly one capability; ids and areas that are named exist."""
    file = contract.root / "contracts" / "capabilities.toml"
    path, tables = file.relative_to(contract.root), read_input(CapabilitiesFile, read_toml(file), file).capabilities
    clauses = contract.clauses.keys() - contract.controls.keys()
    areas = {name.split(".")[0] for name in clauses}
    places: dict[str, str] = {}
    for name, table in tables.items():
        if name in areas:
            yield f"{path}: capabilities/{name}: an area has that name, and mdmeta explain takes both"
        for field, entries in (("essential", table.essential), ("others", table.others)):
            for number, entry in enumerate(entries):
                place = f"capabilities/{name}/{field}/{number}"
                if entry not in clauses and (field == "essential" or entry not in areas):
                    yield f"{path}: {place}: {entry} is no clause{'' if field == 'essential' else ' and no area'}"
                elif entry in places:
                    yield f"{path}: {place}: {entry} is named already in {places[entry]}"
                places.setdefault(entry, place)
    covered = {
        clause for capability in contract.capabilities.values() for clause in capability.essential + capability.others
    }
    for name in sorted(clauses - covered):
        yield f"{path}: capabilities: {name} belongs to none: name it, or its area {name.split('.')[0]}, in one"


def fix_docstrings(contract: Contract) -> list[str]:
    """Make the docstring of each check the rule of its clause, in place, and return the clauses of the changed checks.

    Raises MetaError for a file of the suite that is not Python.
    """
    rules = {clause.id: clause.rule for clause in contract.clauses.values()}
    clauses = []
    for file in _suite_files(contract.root):
        # Read as bytes, because read_text would change the ends of lines.
        text = file.read_bytes().decode("utf-8")
        new_text, changed_clauses = with_rules(file.name, _area(file), text, rules)
        if changed_clauses:
            write_whole(file, new_text)
        clauses += changed_clauses
    return clauses


def _suite_files(root: Path) -> list[Path]:
    return sorted(suite.folder(root).glob("test_*.py"))


def _area(file: Path) -> str:
    return file.stem.removeprefix("test_")


def _break_problems(contract: Contract, known: KnownDefects) -> Iterator[str]:
    """Problems of breaks: each is of a clause and a package that exist, and each clause has a failure to show."""
    clauses_that_fail = set(known.clauses)
    for file in sorted((contract.root / "tests" / "breaks").glob("*.toml")):
        path, data = file.relative_to(contract.root), read_toml(file)
        faults = input_faults(BreaksFile, data)
        yield from (f"{path}: {fault}" for fault in faults)
        for number, table in enumerate(() if faults else read_input(BreaksFile, data, file).breaks, 1):
            place = f"{path}: break {number}"
            clauses_that_fail.add(table.clause)
            area = table.clause.split(".")[0]
            if table.clause not in contract.clauses:
                yield f"{place} is aimed at {table.clause}, which is no clause"
            elif area != file.stem:
                yield f"{place} is aimed at {table.clause}: move it to tests/breaks/{area}.toml"
            if table.package not in contract.packages:
                yield f"{place} changes {table.package}, which packages.toml does not have"
    for name in sorted(contract.clauses.keys() - contract.controls.keys() - clauses_that_fail):
        area = name.split(".")[0]
        yield (
            f"{name} has never been seen to fail: write a [[break]] of it in tests/breaks/{area}.toml, "
            f"then mdmeta prove {name} shows whether {check_words(name)} catches it"
        )


def _rule_problems(root: Path) -> Iterator[str]:
    """Problems of rules about observations: the two cases of each show what it decides, and what it leaves alone."""
    path = rules_path(root).relative_to(root)
    for rule in load_observation_rules(root):
        yield from (f"{path}: rules/{rule.id}: {problem}" for problem in rule_problems(rule))


def _promise_problems(contract: Contract) -> Iterator[str]:
    """Problems of promises that no clause speaks of: their packages exist, and no clause quotes them."""
    path = promises_path(contract.root).relative_to(contract.root)
    for promise in load_promises(contract.root):
        if promise.package not in contract.packages:
            yield f"{path}: {promise.says!r}: there is no package {promise.package}"
        for clause in contract.clauses.values():
            if promise.package in clause.binds and promise.says in clause.source:
                yield f"{path}: {promise.says!r}: {clause.id} speaks of it"


def _defect_problems(contract: Contract, ledger: Ledger, known: KnownDefects) -> Iterator[str]:
    """Problems of known defects: what they name exists, and no failure of a release is two defects."""
    places: dict[tuple[str, str], list[tuple[str, ShownBy, Mapping[str, str]]]] = {}
    for defect, shown in known.shown:
        place = f"contracts/defects.toml: {defect.id}"
        if shown.clause not in contract.clauses or shown.clause in contract.controls:
            yield f"{place}: {shown.clause} is no clause that a release can fail"
        versions = shown.versions or defect.versions
        if unknown := {defect.package, *defect.versions, *shown.versions} - contract.packages.keys():
            yield f"{place}: {', '.join(sorted(unknown))} is no package"
            continue
        for fingerprint in shown.fingerprints:
            others = places.setdefault((shown.clause, fingerprint), [])
            for name, other, other_versions in others:
                third_party = not shown.third_party or not other.third_party
                third_party = third_party or bool(set(shown.third_party) & set(other.third_party))
                if third_party and _share_releases(ledger, versions, other_versions):
                    yield f"{place}: {shown.clause} {fingerprint} is said of {name} already"
            others.append((defect.id, shown, versions))
    for script in sorted(reproducers(contract.root)):
        if script not in {defect.id for defect in known.defects}:
            yield f"contracts/reproducers/{script}.py: defects.toml has no defect of that name"


def _share_releases(ledger: Ledger, first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether a published combination is in both; a package that is not named may be of any version."""
    return all(
        any(
            SpecifierSet(first[name]).contains(release.version, prereleases=True)
            and SpecifierSet(second[name]).contains(release.version, prereleases=True)
            for release in ledger.releases[name]
        )
        for name in first.keys() & second.keys()
    )


def _pinned_block_problems(contract: Contract, ledger: Ledger) -> Iterator[str]:
    _, text, _ = pins.split_tox_ini((contract.root / "tox.ini").read_text(encoding="utf-8"))
    if text != pins.pinned_block(pins.pinned_cells(contract, ledger)):
        yield "tox.ini: the pinned block is not what the ledger says (mdmeta releases --pin rewrites it)"
