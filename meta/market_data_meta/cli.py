"""The command ``mdmeta``: its group, and the one way in which every command can end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import click
from rich.markup import escape

from market_data_meta import __version__
from market_data_meta.commands.can_i_deploy import can_i_deploy_command
from market_data_meta.commands.check import check_command
from market_data_meta.commands.explain import explain_command
from market_data_meta.commands.gate import gate_command
from market_data_meta.commands.here import Here, say
from market_data_meta.commands.history import history_command
from market_data_meta.commands.matrix import matrix_command
from market_data_meta.commands.prove import prove_command
from market_data_meta.commands.releases import releases_command
from market_data_meta.commands.report import report_command
from market_data_meta.commands.run import run_command
from market_data_meta.errors import Exit, MetaError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mdmeta")
@click.option(
    "--root", type=click.Path(path_type=Path), default=Path(), help="The checkout to work on [the one around here]."
)
@click.pass_context
def cli(context: click.Context, root: Path) -> None:
    """Which releases of market-data-core, -pipeline and -store work together.

    Exit codes: 0 compatible, 1 a contract is violated, 2 bad usage or input, 3 undecided, 4 the tool failed.
    """
    context.obj = Here(root.resolve())


for command in (
    can_i_deploy_command,
    check_command,
    explain_command,
    gate_command,
    history_command,
    matrix_command,
    prove_command,
    releases_command,
    report_command,
    run_command,
):
    # Raw docstrings spell the sign by which click keeps the lines of the examples apart.
    command.help = (command.help or "").replace("\\b", "\b")
    cli.add_command(command)


def main() -> None:
    """Run the command; every way it can end has its exit code and at most one message."""
    # A polite end from outside (a cancelled job) is an interrupt: what was started is ended, nothing is left half-done.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
    except Exception as error:
        if os.environ.get("MDMETA_DEBUG"):
            raise
        what = escape(f"{type(error).__name__}: {error}")
        hint = "MDMETA_DEBUG=1 shows where; please report it"
        _fail(f"[bold red]the tool failed[/] {what} \\[bug]\n  try: {hint}", Exit.TOOL_FAILED)


def _fail(text: str, code: Exit) -> None:
    say(text)
    sys.exit(code)
