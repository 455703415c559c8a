"""``mdmeta releases``: the ledger of releases."""

from __future__ import annotations

import click

from market_data_meta.commands.common import Checkout, json_option, say
from market_data_meta.files import write_whole
from market_data_meta.releases import pins


@click.command("releases")
@click.option("--refresh", is_flag=True, help="Read the index, extend the ledger and rewrite tox.ini's pinned block.")
@click.option("--pin", is_flag=True, help="Only rewrite tox.ini's pinned block from the ledger.")
@json_option
@click.pass_obj
def releases_command(here: Checkout, *, refresh: bool, pin: bool, as_json: bool) -> None:
    r"""Show the ledger of releases, or bring it up to date.

    \b
    Example: mdmeta releases
             mdmeta releases --refresh
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.models import json_text
    from market_data_meta.releases.ledger_files import listing, save_ledger

    contract = here.contract
    if refresh:
        # Imported here: the client of the index costs more to load than any other command takes.
        from market_data_meta.releases.index import refreshed_ledger

        known = here.ledger if (here.root / "contracts" / "releases" / "snapshot.json").exists() else None
        ledger = refreshed_ledger(contract, known, say)
        save_ledger(here.root, ledger)
    else:
        ledger = here.ledger
    if refresh or pin:
        file = here.root / "tox.ini"
        before, _, after = pins.split(file.read_text(encoding="utf-8"))
        write_whole(file, before + pins.block(pins.choose(contract, ledger)) + after)
    if as_json:
        click.echo(json_text(listing(ledger)), nl=False)
        return
    for name, releases in ledger.releases.items():
        contents = len({release.content for release in releases})
        newest = ledger.newest(name).version
        say(f"[bold]{name}[/]  {len(releases)} releases, {contents} distinct contents, newest {newest}")
    deployed = " ".join(f"{name}=={version}" for name, version in ledger.deployed.pins.items())
    by = f"{ledger.deployed.distribution} {ledger.deployed.version}"
    say(f"[dim]deployed ({by}): {deployed}; as of {ledger.as_of}[/]")
