"""The command ``mdmeta``: reads arguments, calls one function, shows what it returns."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from market_data_meta import __version__, check, environment, pins, suite
from market_data_meta.combination import THIRD_PARTY, Cell, parse_cell
from market_data_meta.contract import Contract, find_root, load_contract
from market_data_meta.errors import Exit, MetaError
from market_data_meta.explain import explained, show_explained
from market_data_meta.ledger import Ledger, load_ledger, save_ledger, write_whole
from market_data_meta.propose import proposed
from market_data_meta.prove import Trial, load_breaks, prove, untried
from market_data_meta.record import read_record, read_records
from market_data_meta.render.as_json import report_json
from market_data_meta.render.junit import report_junit
from market_data_meta.render.markdown import report_markdown
from market_data_meta.render.terminal import show
from market_data_meta.run import run_cell
from market_data_meta.verdict import Report, judge_all
from market_data_meta.waivers import load_waivers


@dataclass
class Here:
    """The checkout that a command works on, read as far as it needs."""

    start: Path

    @cached_property
    def root(self) -> Path:
        """The checkout."""
        return find_root(self.start)

    @cached_property
    def contract(self) -> Contract:
        """Packages and clauses."""
        return load_contract(self.root)

    @cached_property
    def ledger(self) -> Ledger:
        """The committed ledger."""
        return load_ledger(self.root, self.contract.packages)

    @property
    def out(self) -> Path:
        """Where results go unless a command is told otherwise."""
        return self.root / "results"


def _say(text: str) -> None:
    Console(stderr=True).print(text, highlight=False, soft_wrap=True)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
out_option = click.option("--out", type=click.Path(path_type=Path), help="Folder for records and reports [results/].")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mdmeta")
@click.option("--root", type=click.Path(path_type=Path), default=Path(), help="The checkout to work on [the one around here].")
@click.pass_context
def cli(context: click.Context, root: Path) -> None:
    """Which releases of market-data-core, -pipeline and -store work together.

    Exit codes: 0 compatible, 1 a contract is violated, 2 bad usage or input, 3 undecided, 4 the tool failed.
    """
    context.obj = Here(root.resolve())


@cli.command("check")
@json_option
@click.pass_obj
def check_command(here: Here, *, as_json: bool) -> None:
    """Validate contracts/: schemas, clauses and their checks, waivers, ledger and tox.ini.

    \b
    Example: mdmeta check
    """
    found = check.problems(here.contract)
    if as_json:
        click.echo(json.dumps({"format": 1, "clauses": len(here.contract.clauses), "problems": found}, indent=1))
    else:
        for problem in found:
            _say(f"[red]✘[/] {escape(problem)}")
        if not found:
            _say(f"[green]✔[/] {len(here.contract.clauses)} clauses, their checks, the ledger and tox.ini agree")
    sys.exit(Exit.BAD_INPUT if found else Exit.COMPATIBLE)


@cli.command("releases")
@click.option("--refresh", is_flag=True, help="Read the index, extend the ledger and rewrite tox.ini's pinned block.")
@click.option("--pin", is_flag=True, help="Only rewrite tox.ini's pinned block from the ledger.")
@json_option
@click.pass_obj
def releases_command(here: Here, *, refresh: bool, pin: bool, as_json: bool) -> None:
    """Show the ledger of releases, or bring it up to date.

    \b
    Example: mdmeta releases
             mdmeta releases --refresh
    """
    contract = here.contract
    if refresh:
        # Imported here: the client of the index costs more to load than any other command takes.
        from market_data_meta.index import refreshed

        known = here.ledger if (here.root / "contracts" / "releases" / "snapshot.json").exists() else None
        ledger = refreshed(contract, known, _say)
        save_ledger(here.root, ledger)
    else:
        ledger = here.ledger
    if refresh or pin:
        file = here.root / "tox.ini"
        before, _, after = pins.split(file.read_text(encoding="utf-8"))
        write_whole(file, before + pins.block(pins.choose(contract, ledger)) + after)
    rows = {name: [_release_row(r) for r in releases] for name, releases in ledger.releases.items()}
    if as_json:
        data = {"format": 1, "as_of": ledger.as_of, "deployed": ledger.deployed, "releases": rows}
        click.echo(json.dumps(data, indent=1))
        return
    for name, releases in ledger.releases.items():
        contents = len({release.content for release in releases})
        _say(f"[bold]{name}[/]  {len(releases)} releases, {contents} distinct contents, newest {ledger.newest(name).version}")
    deployed = " ".join(f"{name}=={version}" for name, version in ledger.deployed["pins"].items())
    _say(f"[dim]deployed ({ledger.deployed['distribution']} {ledger.deployed['version']}): {deployed}; as of {ledger.as_of}[/]")


def _release_row(release: Any) -> dict[str, Any]:
    return {key: getattr(release, key) for key in ("version", "uploaded", "sha256", "content", "yanked")}


@cli.command("run")
@click.argument("pins", nargs=-1, required=True, metavar="core==V pipeline==V store==V")
@click.option("--python", "interpreter", help="Python version to use, or the interpreter of an environment to fill.")
@click.option("--third-party", type=click.Choice(THIRD_PARTY), help="Third-party versions [highest as of the ledger's date].")
@click.option("--verbose", is_flag=True, help="Show waived failures in full.")
@out_option
@json_option
@click.pass_obj
def run_command(
    here: Here,
    pins: tuple[str, ...],
    interpreter: str | None,
    third_party: str | None,
    out: Path | None,
    *,
    verbose: bool,
    as_json: bool,
) -> None:
    """Run the suite on one combination, in an environment of its own.

    One package alone runs the clauses of release scope. A combination that the packages' requirements forbid is
    forced, and its record says so.

    \b
    Example: mdmeta run core==1.4.9 pipeline==0.8.30 store==0.6.34
             mdmeta run store==0.6.73
             mdmeta run core1.4.61-pipeline0.8.70-store0.6.73 --third-party lowest
    """
    cell = parse_cell(pins, here.contract.packages, here.ledger)
    environment_python = interpreter if interpreter and Path(interpreter).is_file() else None
    version = None if environment_python else interpreter or cell.python
    cell = Cell(cell.combination, third_party or cell.third_party, version if interpreter else cell.python)
    if not as_json:
        _say(f"[dim]running {cell.name} …[/]")
    record = read_record(run_cell(here.contract, here.ledger, cell, out=out or here.out, python=environment_python))
    report = judge_all(here.contract, suite.digest(here.root), [record], load_waivers(here.root))
    _show(report, as_json=as_json, verbose=verbose)


@cli.command("report")
@click.option("--complete", is_flag=True, help="Expect a record of every combination pinned in tox.ini, and no idle waiver.")
@click.option("--propose", is_flag=True, help="Print waivers that would accept what is violated now, and stop.")
@click.option("--verbose", is_flag=True, help="Show waived failures in full.")
@out_option
@json_option
@click.pass_obj
def report_command(here: Here, out: Path | None, *, complete: bool, propose: bool, verbose: bool, as_json: bool) -> None:
    """Judge the records and write report.json, report.md and junit.xml beside them; nothing is run.

    \b
    Example: mdmeta report
             mdmeta report --complete --json
    """
    folder = out or here.out
    records = read_records(folder / "records")
    expected = pins.pinned_names(here.root) if complete else None
    missing = set(expected or ()) - {record.cell for record in records}
    absent = tuple(name for name in sorted(missing) if not _interpreter_exists(here, name))
    report = judge_all(
        here.contract, suite.digest(here.root), records, load_waivers(here.root), expected=expected, absent=absent
    )
    if propose:
        click.echo(proposed(here.contract, here.ledger, report))
        return
    write_whole(folder / "report.json", json.dumps(report_json(report), indent=1) + "\n")
    write_whole(folder / "report.md", report_markdown(report))
    write_whole(folder / "junit.xml", report_junit(report))
    if not as_json:
        _say(f"[dim]wrote report.json, report.md and junit.xml to {escape(str(folder))}[/]")
    _show(report, as_json=as_json, verbose=verbose)


def _interpreter_exists(here: Here, name: str) -> bool:
    """Whether the interpreter that a cell asks for is on this machine; a cell that asks for none has one."""
    python = parse_cell([name], here.contract.packages, here.ledger).python
    if python is None:
        return True
    try:
        environment.uv("python", "find", "--no-project", python)
    except MetaError:
        return False
    return True


def _show(report: Report, *, as_json: bool, verbose: bool) -> None:
    if as_json:
        click.echo(json.dumps(report_json(report), indent=1))
    else:
        show(report, Console(), verbose=verbose)
    sys.exit(report.exit)


@cli.command("explain")
@click.argument("clause")
@json_option
@click.pass_obj
def explain_command(here: Here, clause: str, *, as_json: bool) -> None:
    """Tell all about one clause: its rule, level, source, expected values, check and waivers.

    \b
    Example: mdmeta explain chain.hard-pauses
    """
    data = explained(here.contract, load_waivers(here.root), clause)
    if as_json:
        click.echo(json.dumps(data, indent=1))
    else:
        show_explained(data, Console())


@cli.command("prove")
@click.argument("areas", nargs=-1, metavar="[AREA|CLAUSE]...")
@out_option
@json_option
@click.pass_obj
def prove_command(here: Here, areas: tuple[str, ...], out: Path | None, *, as_json: bool) -> None:
    """Seed breaks into the newest releases and see whether the suite catches them.

    \b
    Example: mdmeta prove
             mdmeta prove chain enums.backpressure-level
    """
    breaks = [b for b in load_breaks(here.root) if not areas or b.clause in areas or b.clause.split(".")[0] in areas]
    folder = out or here.out
    folder.mkdir(parents=True, exist_ok=True)

    def done(trial: Trial) -> None:
        sign = "[green]✔ caught[/]" if trial.caught else f"[red]✘ {trial.outcome}[/]"
        _say(f"{sign} {trial.seeded.clause} [dim]({escape(trial.seeded.package)}: {escape(trial.seeded.why)})[/]")
        if not trial.caught and trial.said:
            _say(f"  [dim]{escape(trial.said)}[/]")

    trials = prove(here.contract, here.ledger, breaks, out=folder, done=done)
    missed = [trial for trial in trials if not trial.caught]
    if as_json:
        rows = [{"clause": t.seeded.clause, "package": t.seeded.package, "why": t.seeded.why, "outcome": t.outcome} for t in trials]
        data = {"format": 1, "caught": len(trials) - len(missed), "missed": len(missed), "trials": rows}
        click.echo(json.dumps(data | {"clauses_without_break": untried(here.contract, load_breaks(here.root))}, indent=1))
    else:
        _say(f"{len(trials) - len(missed)} of {len(trials)} breaks caught")
    sys.exit(Exit.VIOLATED if missed else Exit.COMPATIBLE if trials else Exit.UNDECIDED)


def main() -> None:
    """Run the command; every way it can end has its exit code and at most one message."""
    try:
        cli.main(standalone_mode=False)
    except MetaError as error:
        _fail(f"[bold red]error[/] {escape(str(error))}", error.exit)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        _fail("[yellow]stopped; nothing half-written was left behind[/]", Exit.INTERRUPTED)
    except OSError as error:
        hint = "free some space" if error.errno == 28 else "check the path and its permissions"
        _fail(f"[bold red]error[/] {escape(str(error))} \\[os-error]\n  try: {hint}", Exit.TOOL_FAILED)


def _fail(text: str, code: Exit) -> None:
    _say(text)
    sys.exit(code)
