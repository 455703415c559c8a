"""``mdmeta can-i-deploy``: may these releases go out together, and on what evidence."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from market_data_meta.commands.common import Checkout, json_option
from market_data_meta.commands.matrix import cache_option, known_matrix
from market_data_meta.errors import undecided
from market_data_meta.judging.findings import evidence, printable
from market_data_meta.matrix.deploy_answer import Answer, answer, partners
from market_data_meta.releases.combinations import Combination, parse_pins


@click.command("can-i-deploy")
@click.argument("pins", nargs=-1, required=True, metavar="core==V pipeline==V store==V")
@cache_option
@json_option
@click.pass_obj
def can_i_deploy_command(here: Checkout, pins: tuple[str, ...], cache: Path | None, *, as_json: bool) -> None:
    r"""Say whether releases may go out together, from what mdmeta matrix has seen; nothing is run.

    With a package left out: the newest releases of it with which the others may go out.

    \b
    Example: mdmeta can-i-deploy core==1.4.61 pipeline==0.8.70 store==0.6.73
             mdmeta can-i-deploy core==1.4.61 store==0.6.73
    """
    contract, ledger = here.contract, here.ledger
    given = parse_pins(pins, contract.packages, ledger)
    matrix = known_matrix(here, cache)
    if len(given) == len(contract.packages):
        combination = Combination(tuple((name, given[name]) for name in contract.packages))
        said = answer(contract, ledger, matrix, combination)
    else:
        found = partners(contract, ledger, matrix, given)
        if found is None:
            what = f"no published partners of {' '.join(f'{n}=={v}' for n, v in given.items())} are known to work"
            raise undecided("no-partners", what, hint="mdmeta matrix shows what there is evidence of")
        said = found
    if as_json:
        click.echo(json.dumps(answer_json(said), indent=1))
    else:
        _show(said, Console(soft_wrap=True))
    sys.exit(said.exit)


def answer_json(said: Answer) -> dict[str, Any]:
    """The answer with its evidence, in the shape of ``contracts/schemas/can-i-deploy.schema.json``."""
    header = said.judged.record.header if said.judged.record else {}
    return {
        "format": 1,
        "exit": int(said.exit),
        "deploy": said.yes,
        "combination": said.combination.as_dict(),
        "verdict": said.judged.verdict,
        "reasons": list(said.judged.reasons),
        "forbidden": list(said.forbidden),
        "evidence": {
            "counts": dict(said.judged.counts),
            "lane": header.get("lane"),
            "suite": header.get("suite"),
            "start": header.get("start"),
            "interpreter": header.get("interpreter", {}).get("version"),
            "attestation": header.get("attestation"),
            "stands_for": said.stands_for,
        },
        "waived": sorted({f.clause.id for f in said.judged.findings if f.waiver}),
        "failed": sorted({f.clause.id for f in said.judged.findings if not f.waiver}),
    }


def _show(said: Answer, console: Console) -> None:
    data = answer_json(said)
    word = "[green]yes[/]" if said.yes else "[red]no[/]" if said.exit == 1 else "[yellow]undecided[/]"
    console.print(f"{word}  {said.combination}  ({data['verdict']})", highlight=False)
    for why in said.forbidden:
        console.print(f"  forbidden  {escape(why)}", highlight=False)
    for why in said.judged.reasons:
        console.print(f"  because    {escape(printable(why))}", highlight=False)
    proof = data["evidence"]
    if proof["start"]:
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(proof["start"]))
        console.print(f"  evidence   {evidence(dict(said.judged.counts))}", highlight=False)
        about = f"{proof['lane']} lane, {when}, Python {proof['interpreter']}, suite {proof['suite'][:12]}"
        console.print(f"  run        {about}; it stands for {said.stands_for:,} combinations", highlight=False)
        for name, seen in (proof["attestation"] or {}).items():
            console.print(f"  installed  {name} {seen['version']}, content {seen['content'][:12]}", highlight=False)
    else:
        console.print("  evidence   none: mdmeta matrix makes it", highlight=False)
    for title in ("failed", "waived"):
        for name in data[title]:
            console.print(f"  {title:9}  {name}", highlight=False)
