"""``mdmeta releases``: the ledger of releases."""

from __future__ import annotations

import click
from rich.console import Console
from rich.markup import escape

from market_data_meta.commands.common import Checkout, json_option, released_option, say
from market_data_meta.files import write_all
from market_data_meta.releases import pins
from market_data_meta.releases.announcements import announced_release, read_until_published
from market_data_meta.releases.combinations import package_named
from market_data_meta.releases.ledger import Ledger
from market_data_meta.render.releases.terminal import show_contents, show_ledger


@click.command("releases")
@click.argument("package", required=False)
@click.option("--refresh", is_flag=True, help="Read the index, extend the ledger and rewrite tox.ini's pinned block.")
@released_option
@click.option("--pin", is_flag=True, help="Only rewrite tox.ini's pinned block from the ledger.")
@json_option
@click.pass_obj
def releases_command(
    checkout: Checkout,
    package: str | None,
    released: tuple[str, str] | None,
    *,
    refresh: bool,
    pin: bool,
    as_json: bool,
) -> None:
    r"""Show the ledger of releases, or bring it up to date.

    With a package: its releases by content. Releases of the same content install the same files, and run the same code.
    With --released the index is read until it has that release.

    \b
    Example: mdmeta releases
             mdmeta releases core
             mdmeta releases --refresh
             mdmeta releases --released market-data-core v1.4.62
    """
    # Imported here: the models of files load pydantic.
    from market_data_meta.models import json_text
    from market_data_meta.releases.ledger_files import ledger_texts, listing

    contract = checkout.contract
    package = package_named(package, contract.packages) if package else None
    announced = announced_release(*released, contract) if released else None
    refresh = refresh or released is not None
    if refresh:
        # Imported here: the client of the index costs more to load than any other command takes.
        from market_data_meta.releases.index import refreshed_ledger

        earlier = checkout.ledger if (checkout.root / "contracts" / "releases" / "snapshot.json").exists() else None

        def read() -> Ledger:
            return refreshed_ledger(contract, earlier, lambda text: say(escape(text)))

        ledger = read_until_published(read, *announced) if announced else read()
        texts = ledger_texts(checkout.root, ledger)
    else:
        ledger, texts = checkout.ledger, {}
    if refresh or pin:
        file = checkout.root / "tox.ini"
        before, _, after = pins.split_tox_ini(file.read_text(encoding="utf-8"))
        texts[file] = before + pins.pinned_block(pins.pinned_cells(contract, ledger)) + after
        # All texts are there before one is written: what fails above leaves every file as it was.
        write_all(texts)
    if as_json:
        click.echo(json_text(listing(ledger, [package] if package else list(ledger.releases))), nl=False)
    elif package:
        show_contents(ledger, package, Console())
    else:
        show_ledger(ledger, Console())
