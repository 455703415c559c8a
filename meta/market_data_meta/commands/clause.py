"""``mdmeta clause``: write the contract."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from market_data_meta.commands.common import Checkout, cache_option, json_option, say
from market_data_meta.commands.progress import progress
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.files import write_whole
from market_data_meta.judging.check_files import check_place
from market_data_meta.judging.new_clauses import (
    LEVELS,
    SCOPES,
    NewClause,
    applying_releases,
    check_id,
    checks_text,
    choice,
    clauses_text,
    expected_value,
    sentence,
)
from market_data_meta.judging.observation_document import package_named_by
from market_data_meta.judging.observed_clauses import OBSERVED, check_lines, expected_observation, observation_named
from market_data_meta.judging.observed_runs import name_of
from market_data_meta.models import json_text
from market_data_meta.releases.combinations import NEWEST, package_named, published_release
from market_data_meta.render.new_clause.terminal import new_clause_lines
from market_data_meta.results.new_clause import NewClauseResult


@click.group("clause")
def clause_command() -> None:
    r"""Write a new clause with its check.

    \b
    Example: mdmeta clause new chain.hard-pauses
    """


@clause_command.command("new")
@click.argument("name", metavar="AREA.NAME")
@click.option("--rule", help="One sentence that can be checked.")
@click.option("--level", type=click.Choice(LEVELS), help="must: a combination that breaks it violates the contract.")
@click.option("--scope", type=click.Choice(SCOPES), help="One release alone, one of each package, or two services.")
@click.option("--binds", multiple=True, metavar="PACKAGE", help="A package whose code decides it (repeat it).")
@click.option("--source", help="Where it is written that it must be so.")
@click.option("--expect", multiple=True, metavar="KEY=VALUE", help="A value that the check compares with, as TOML.")
@click.option("--applies", multiple=True, metavar="PACKAGE>=V", help="Releases that it applies to [all].")
@click.option(
    "--from",
    "observation",
    metavar="OBSERVATION",
    help="An id that mdmeta gate prints: what it shows now is what is to be expected.",
)
@click.option("--of", metavar="PACKAGE==V", help="The release that is observed [the newest of the package].")
@click.option("--about", help="For a new area: the sentence that its two files begin with.")
@cache_option
@json_option
@click.pass_obj
def new_command(
    checkout: Checkout,
    name: str,
    rule: str | None,
    level: str | None,
    scope: str | None,
    binds: tuple[str, ...],
    source: str | None,
    expect: tuple[str, ...],
    applies: tuple[str, ...],
    observation: str | None,
    of: str | None,
    about: str | None,
    cache: Path | None,
    *,
    as_json: bool,
) -> None:
    r"""Write a new clause: its table in contracts/clauses, and the skeleton of its check in tests/conformance.

    On a terminal, the command asks for each field that no option gives. For a new area it makes both files. The check
    fails until its body is written. With --from the fields say what a release was observed to do, and the check begins
    with what was observed; what the cache does not know is run.

    \b
    Example: mdmeta clause new chain.hard-pauses
             mdmeta clause new chain.hard-pauses --rule "A hard event sets the scale to 0.0." --level must \
               --scope combination --binds core --binds pipeline --source "RateCoordinator." --expect scale=0.0
             mdmeta clause new health.service --from "http:GET /health[plain]" --binds pipeline
    """
    contract, root = checkout.contract, checkout.root
    check_id(contract, name)
    area, packages = name.split(".", maxsplit=1)[0], tuple(contract.packages)
    table_file = root / "contracts" / "clauses" / f"{area}.toml"
    check_file = root / "tests" / "conformance" / f"test_{area}.py"
    if of and not observation:
        raise click.UsageError("--of says of which release --from is an observation")
    observed = _observed(checkout, observation, of, binds, cache) if observation else None
    if observed:
        rule, level, scope = rule or observed.rule, level or "should", scope or "combination"
        binds, source, about = binds or (observed.package,), source or observed.source, about or observed.about
        expect = (*expect, f"{OBSERVED}={expected_observation(observed.value)}")
    questions = {
        "--rule": (rule, "The rule, one sentence"),
        "--level": (level, f"The level ({', '.join(LEVELS)})"),
        "--scope": (scope, f"The scope ({', '.join(SCOPES)})"),
        "--binds": (" ".join(binds), f"The packages whose code decides it ({', '.join(packages)})"),
        "--source": (source, "The source: where it is written that it must be so"),
    }
    if not (table_file.exists() and check_file.exists()):
        questions["--about"] = (about, f"What the area {area} is about, one sentence")
    answers = _answers(questions, may_ask=sys.stdin.isatty() and not as_json)
    clause = NewClause(
        name,
        sentence("--rule", answers["--rule"]),
        choice("--level", answers["--level"], LEVELS),
        choice("--scope", answers["--scope"], SCOPES),
        tuple(package_named(package, packages) for package in answers["--binds"].replace(",", " ").split()),
        answers["--source"],
        dict(applying_releases(text, packages) for text in applies),
        dict(map(expected_value, expect)),
        tuple(check_lines(observed.key)) if observed else (),
    )
    subject = sentence("--about", answers["--about"]) if "--about" in answers else ""
    texts = {
        table_file: clauses_text(_text(table_file), clause, subject),
        check_file: checks_text(_text(check_file), clause, subject),
    }
    for file, text in texts.items():
        write_whole(file, text)
    files = tuple(file.relative_to(root).as_posix() for file in texts)
    # Read again, with what was written: a clause belongs to a capability by itself only where its area does.
    capabilities = Checkout(checkout.start).contract.capabilities.values()
    has_capability = any(name in capability.others for capability in capabilities)
    result = NewClauseResult(clause=name, files=files, check=check_place(name), has_capability=has_capability)
    if as_json:
        click.echo(json_text(result), nl=False)
    else:
        for line in new_clause_lines(result):
            say(line)


@dataclass(frozen=True)
class _Observation:
    """What was observed of a release, and what a clause says that holds it."""

    package: str
    version: str
    key: str
    value: str

    @property
    def rule(self) -> str:
        """That it stays so."""
        return f"{self.key} is as {self.package} {self.version} has it."

    @property
    def source(self) -> str:
        """In which release it was observed."""
        return f"Observed in {self.package} {self.version}: {self.key}."

    @property
    def about(self) -> str:
        """What a new area is about."""
        return "What was observed of published releases, and is to stay so."


def _observed(
    checkout: Checkout, observation: str, of: str | None, binds: tuple[str, ...], cache: Path | None
) -> _Observation:
    """What an observation shows of the release that is named, or of the newest of the package."""
    # Imported here: they load pydantic, which --help can do without.
    from market_data_meta.running.cache import default_cache
    from market_data_meta.running.cells import RunOptions
    from market_data_meta.running.observed_releases import observe_release

    contract = checkout.contract
    name, _, version = (of or (binds[0] if len(binds) == 1 else "")).partition("==")
    if not name:
        name = package_named_by(contract, ())(name_of(observation))
    if not name:
        hint = "say whose it is: --of pipeline==newest, or --binds pipeline"
        raise MetaError(ErrorCode.INCOMPLETE, f"{observation} does not say of which package it is", hint=hint)
    package = package_named(name, contract.packages)
    release = published_release(package, version or NEWEST, checkout.ledger)
    options = RunOptions(cache or default_cache())
    with progress() as on_progress:
        side = observe_release(contract, checkout.ledger, package, release, options, on_progress)
    key, value = observation_named(side, observation, f"{package} {release.version}")
    return _Observation(package, release.version, key, value)


def _answers(questions: Mapping[str, tuple[str | None, str]], *, may_ask: bool) -> dict[str, str]:
    """The values of the options; those left out are asked for at the terminal. Raises MetaError where there is none."""
    missing = [option for option, (value, _) in questions.items() if not value]
    if missing and not may_ask:
        hint = "give them as options, or run it on a terminal, where it asks"
        raise MetaError(ErrorCode.INCOMPLETE, f"the clause lacks {', '.join(missing)}", hint=hint)
    return {option: value or click.prompt(text, err=True) for option, (value, text) in questions.items()}


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None
