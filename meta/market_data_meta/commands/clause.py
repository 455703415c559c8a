"""``mdmeta clause``: write the contract."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from market_data_meta.commands.common import Checkout, json_option, say
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
from market_data_meta.models import json_text
from market_data_meta.releases.combinations import package_named
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
@click.option("--about", help="For a new area: the sentence that its two files begin with.")
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
    about: str | None,
    *,
    as_json: bool,
) -> None:
    r"""Write a new clause: its table in contracts/clauses, and the skeleton of its check in tests/conformance.

    On a terminal, the command asks for each field that no option gives. For a new area it makes both files. The check
    fails until its body is written.

    \b
    Example: mdmeta clause new chain.hard-pauses
             mdmeta clause new chain.hard-pauses --rule "A hard event sets the scale to 0.0." --level must \
               --scope combination --binds core --binds pipeline --source "RateCoordinator." --expect scale=0.0
    """
    contract, root = checkout.contract, checkout.root
    check_id(contract, name)
    area, packages = name.split(".", maxsplit=1)[0], tuple(contract.packages)
    table_file = root / "contracts" / "clauses" / f"{area}.toml"
    check_file = root / "tests" / "conformance" / f"test_{area}.py"
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


def _answers(questions: Mapping[str, tuple[str | None, str]], *, may_ask: bool) -> dict[str, str]:
    """The values of the options; those left out are asked for at the terminal. Raises MetaError where there is none."""
    missing = [option for option, (value, _) in questions.items() if not value]
    if missing and not may_ask:
        hint = "give them as options, or run it on a terminal, where it asks"
        raise MetaError(ErrorCode.INCOMPLETE, f"the clause lacks {', '.join(missing)}", hint=hint)
    return {option: value or click.prompt(text, err=True) for option, (value, text) in questions.items()}


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None
