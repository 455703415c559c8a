"""``mdmeta upgrade``: which service may get its new releases first, and in which steps."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from market_data_meta.commands.common import (
    Checkout,
    as_of_option,
    cache_option,
    json_option,
    names_of,
    say,
    verbose_option,
)
from market_data_meta.commands.words import CommandWithWords, WordsOption
from market_data_meta.releases.combinations import DEPLOYED, NEWEST


@click.command("upgrade", cls=CommandWithWords)
@click.option(
    "--from",
    "before",
    cls=WordsOption,
    multiple=True,
    default=(DEPLOYED,),
    metavar="[[SERVICE:]PACKAGE==V | newest | deployed]...",
    help="What is out now [deployed].",
)
@click.option(
    "--to",
    "after",
    cls=WordsOption,
    multiple=True,
    default=(NEWEST,),
    metavar="[[SERVICE:]PACKAGE==V | newest | deployed]...",
    help="What is to be out. A package that is left out stays as it is [newest].",
)
@click.option("--needs", multiple=True, metavar="CAPABILITY,…", help="Only these matter, and must not be broken.")
@as_of_option
@cache_option
@verbose_option
@json_option
@click.pass_obj
def upgrade_command(
    checkout: Checkout,
    before: tuple[str, ...],
    after: tuple[str, ...],
    needs: tuple[str, ...],
    cache: Path | None,
    *,
    verbose: bool,
    as_json: bool,
) -> None:
    r"""Say in which order the services may be upgraded, each with its own Core, and nothing gets worse meanwhile.

    The services are those of contracts/packages.toml. One after the other gets its new releases: at once, or, where no
    such order is safe, Core before its own package or after it. What a service sends is recorded and given to the other
    one, so that each is run by itself; what the cache knows is not run again. Where no order is safe it is said why,
    with the clause, what was sent and got, and the command that shows it.

    A version is that of each service which does not name its own: store:core==1.4.59 is of one service. A build that is
    not released may stand in place of a version: a wheel, a source tree or git+URL@REF.

    Ends with 0 where there is a safe order; with 1 where there is none, where something is worse at the end or a needed
    capability is broken there, or where the packages' own requirements forbid the new releases; with 3 where that is
    not known.

    \b
    Example: mdmeta upgrade
             mdmeta upgrade --from deployed --to newest
             mdmeta upgrade --from core==1.4.59 pipeline==0.8.68 store==0.6.70 --to core==1.4.61 store==newest
             mdmeta upgrade --from core==1.4.0 pipeline==0.8.26 store==0.6.30 --to newest --as-of 2025-10-28
             mdmeta upgrade --from deployed store:core==1.4.61 --to newest --needs redis
             mdmeta upgrade --from newest --to store==../market-data-store
    """
    # Imported here: they load pydantic, which --help can do without.
    from market_data_meta.candidates.words import CandidateWords
    from market_data_meta.commands.deployments import deployment_evidence
    from market_data_meta.commands.progress import progress
    from market_data_meta.deployment.needs import check_deployment_needs
    from market_data_meta.deployment.upgrade import UpgradeQuestion, upgrade_answer
    from market_data_meta.models import json_text
    from market_data_meta.releases.services import parse_services
    from market_data_meta.render.upgrade.terminal import show_upgrade
    from market_data_meta.running.cache import default_cache
    from market_data_meta.running.cells import RunOptions

    contract = checkout.contract
    needed = names_of(needs)
    check_deployment_needs(contract, needed)
    members = {name: service.packages for name, service in contract.services.items()}
    with tempfile.TemporaryDirectory(prefix="mdmeta-upgrade-") as folder, progress() as on_progress:
        words = CandidateWords(contract, checkout.ledger, Path(folder), lambda step: say(f"[dim]{escape(step)} …[/]"))
        versions_before, versions_after = words.versions(before), words.versions(after)
        old = parse_services(versions_before, members, words.ledger)
        new = parse_services(versions_after, members, words.ledger, before=old)
        options = RunOptions(cache or default_cache())
        evidence = deployment_evidence(checkout, options, on_progress, words.candidates)
        answer = upgrade_answer(UpgradeQuestion(old, new, before, after, needed), evidence)
    if as_json:
        click.echo(json_text(answer), nl=False)
    else:
        show_upgrade(answer, Console(soft_wrap=True), verbose=verbose)
    sys.exit(answer.exit)
