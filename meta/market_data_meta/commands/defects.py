"""``mdmeta defects``: the known defects of published releases, and what of them a release has mended."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from market_data_meta.commands.common import Checkout, json_option, out_option, say
from market_data_meta.files import read_text, write_whole
from market_data_meta.judging.defect_document import defect_list, defect_named
from market_data_meta.judging.defect_file import defects_path, reproducers, with_mended
from market_data_meta.judging.defects import (
    DefectChanges,
    KnownDefects,
    MendedDefect,
    StaleDefect,
    defect_changes,
)
from market_data_meta.judging.records import read_records
from market_data_meta.judging.verdicts import why_not_evidence
from market_data_meta.models import json_text
from market_data_meta.render.defects.markdown import defects_markdown, defects_report
from market_data_meta.render.defects.terminal import show_defects
from market_data_meta.render.matrix.files import NAME, read_matrix
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.suite import digest


@click.command("defects")
@click.option("--package", metavar="NAME", help="Only those that this package has to mend.")
@click.option("--capability", metavar="NAME", help="Only those that break or limit this capability.")
@click.option("--markdown", is_flag=True, help="Print the list as Markdown.")
@click.option("--report", "reported", metavar="ID", help="Print the text of an issue for the package's repository.")
@click.option("--update", is_flag=True, help="Write into contracts/defects.toml what releases have mended.")
@click.option(
    "--matrix",
    "matrix_file",
    type=click.Path(path_type=Path),
    help="Read what is mended from this matrix.json [that in results/, if it is of the same suite].",
)
@out_option
@json_option
@click.pass_obj
def defects_command(
    checkout: Checkout,
    package: str | None,
    capability: str | None,
    reported: str | None,
    matrix_file: Path | None,
    out: Path | None,
    *,
    markdown: bool,
    update: bool,
    as_json: bool,
) -> None:
    r"""List the known defects of published releases: what each means for a user, whose code it is, and since when.

    Those that break a capability come first. What the known runs (of mdmeta matrix, and the records of mdmeta run) say
    otherwise stands below the list; --update writes what was mended into contracts/defects.toml, whose comments stay.

    \b
    Example: mdmeta defects
             mdmeta defects --package store --markdown
             mdmeta defects --capability redis
             mdmeta defects --report paused-provider-goes-on
             mdmeta defects --update
             mdmeta defects --update --matrix results/matrix.json
    """
    if sum((markdown, update, as_json, reported is not None)) > 1:
        raise click.UsageError("--markdown, --report, --update and --json are four answers: ask for one")
    contract, known = checkout.contract, checkout.known_defects
    scripts = reproducers(checkout.root)
    if reported is not None:
        only = KnownDefects((defect_named(known, reported),))
        (description,) = defect_list(contract, only, scripts, DefectChanges()).defects
        click.echo(defects_report(description, contract), nl=False)
        return
    changes = _changes(checkout, matrix_file, out or checkout.out)
    if update:
        _update(checkout.root, changes)
        return
    listed = defect_list(contract, known, scripts, changes)
    chosen = tuple(
        defect
        for defect in listed.defects
        if package in (None, defect.package) and capability in (None, *defect.broken, *defect.limited)
    )
    if not chosen and (package or capability):
        raise click.UsageError("no known defect is of this package and capability")
    listed = listed.model_copy(update={"defects": chosen})
    if as_json:
        click.echo(json_text(listed), nl=False)
    elif markdown:
        click.echo(defects_markdown(listed, contract), nl=False)
    else:
        show_defects(listed, contract, Console())


def _changes(checkout: Checkout, matrix_file: Path | None, out: Path) -> DefectChanges:
    """How what was run differs from the list: the matrix that was written last, and the records in ``out``."""
    suite = digest(checkout.root)
    records = [
        record
        for record in read_records(out / "records")
        if record.header.suite == suite and not record.header.uninstallable and not why_not_evidence(record)
    ]
    changes = defect_changes(checkout.known_defects, records, complete=False)
    if matrix_file is None and not (out / NAME).is_file():
        return changes
    matrix = read_matrix(matrix_file or out / NAME)
    if matrix_file is None and matrix.suite != suite:
        return changes
    mended, stale = _of_matrix(checkout, matrix)
    return DefectChanges(
        tuple(dict.fromkeys((*changes.mended, *mended))), tuple(dict.fromkeys((*changes.stale, *stale)))
    )


def _of_matrix(checkout: Checkout, matrix: MatrixResult) -> tuple[list[MendedDefect], list[StaleDefect]]:
    """What a matrix says of known defects, as far as they and the releases are in this checkout."""
    clauses = {(defect.id, shown.clause) for defect, shown in checkout.known_defects.shown}
    versions = {(name, release.version) for name, releases in checkout.ledger.releases.items() for release in releases}
    mended = [
        MendedDefect(**one.model_dump())
        for one in matrix.mended
        if (one.defect, one.clause) in clauses and (one.package, one.version) in versions
    ]
    stale = [StaleDefect(**one.model_dump()) for one in matrix.stale_defects if (one.defect, one.clause) in clauses]
    return mended, stale


def _update(root: Path, changes: DefectChanges) -> None:
    if not changes.mended:
        say("nothing to write: every known defect is still there, as far as was run")
        return
    file = defects_path(root)
    write_whole(file, with_mended(read_text(file), changes.mended))
    for mended in changes.mended:
        say(f"{mended.defect}: mended in {mended.package} {mended.version} ({mended.clause})")
