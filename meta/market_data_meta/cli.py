"""The command ``mdmeta``: its group, and the one way in which every command can end."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import click
from rich.markup import escape

from market_data_meta import __version__
from market_data_meta.commands.common import Checkout, say
from market_data_meta.errors import ErrorCode, Exit, MetaError

COMMANDS = {
    "backtest": "Would the gate have stopped the bad releases?",
    "can-i-deploy": "May these releases go out together?",
    "check": "Validate contracts/ and what must agree with it.",
    "clause": "Write a new clause with its check.",
    "defects": "List the known defects of published releases.",
    "explain": "Show a clause, area, capability or known defect, or errors.",
    "gate": "Compare candidates with the releases before them.",
    "history": "When did a clause hold, and what did a release break?",
    "matrix": "Decide every published combination.",
    "prove": "Measure which defects the suite detects.",
    "releases": "Show the ledger of releases, or bring it up to date.",
    "report": "Judge the records again and write the reports.",
    "run": "Run the suite on one combination.",
    "upgrade": "In which order may the services be upgraded?",
}
"""The commands, with a line for the list of them: to list them imports none, as several load slow libraries."""


class _Commands(click.Group):
    """The commands by name. A command is imported when it is called: none waits for what the others load."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Their names."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        """``can-i-deploy`` is ``can_i_deploy_command`` of ``commands/can_i_deploy.py``; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"market_data_meta.commands.{name}"), f"{name}_command")
        for part in (command, *(command.commands.values() if isinstance(command, click.Group) else ())):
            # Raw docstrings spell the sign by which click keeps the lines of the examples apart.
            part.help = (part.help or "").replace("\\b", "\b")
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mdmeta")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The checkout to work on [the one that the current folder is in].",
)
@click.pass_context
def cli(context: click.Context, root: Path) -> None:
    """Run one test suite on real combinations of market-data-core, -pipeline and -store, and judge the results.

    Exit codes: 0 nothing is violated, 1 a contract is violated, 2 bad usage or input, 3 undecided, 4 the tool failed.
    """
    context.obj = Checkout(root.resolve())


def main() -> None:
    """Run ``mdmeta``."""
    run(cli, "mdmeta")


def run(command: click.Command, name: str) -> None:
    """Run a command under its name; every way it can end has its exit code and at most one message."""
    # A polite end from outside (a cancelled job) is an interrupt: what was started is ended, nothing is left half-done.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        command.main(prog_name=name, standalone_mode=False)
    except MetaError as error:
        _fail(f"[bold red]error[/] {escape(str(error))}", error.exit)
    except click.exceptions.Exit as ending:
        sys.exit(ending.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.BAD_INPUT)
    except SystemExit as ending:
        # Click ends with 1 where nobody reads the output any more, which here would say that a contract is violated.
        if isinstance(ending.__context__, BrokenPipeError):
            sys.exit(Exit.TOOL_FAILED)
        raise
    except (KeyboardInterrupt, click.Abort):
        _fail("[yellow]stopped; nothing half-written was left behind[/]", Exit.INTERRUPTED)
    except OSError as error:
        hint = "free some space" if error.errno == 28 else "check the path and its permissions"
        _fail(f"[bold red]error[/] {escape(str(error))} \\[{ErrorCode.OS_ERROR}]\n  try: {hint}", Exit.TOOL_FAILED)
    except Exception as error:
        if os.environ.get("MDMETA_DEBUG"):
            raise
        what = escape(f"{type(error).__name__}: {error}")
        hint = "MDMETA_DEBUG=1 shows where; please report it"
        _fail(f"[bold red]the tool failed[/] {what} \\[{ErrorCode.BUG}]\n  try: {hint}", Exit.TOOL_FAILED)


def _fail(text: str, exit_code: Exit) -> None:
    say(text)
    sys.exit(exit_code)
