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
from market_data_meta.errors import Exit, MetaError

COMMANDS = (
    "can-i-deploy",
    "check",
    "explain",
    "gate",
    "history",
    "matrix",
    "prove",
    "releases",
    "report",
    "run",
)


class _Commands(click.Group):
    """The commands by name. Each is imported when it is asked for: none pays for what the others load."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as click calls it
        """``can-i-deploy`` is ``can_i_deploy_command`` of ``commands/can_i_deploy.py``; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"market_data_meta.commands.{name}"), f"{name}_command")
        # Raw docstrings spell the sign by which click keeps the lines of the examples apart.
        command.help = (command.help or "").replace("\\b", "\b")
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mdmeta")
@click.option(
    "--root", type=click.Path(path_type=Path), default=Path(), help="The checkout to work on [the one around here]."
)
@click.pass_context
def cli(context: click.Context, root: Path) -> None:
    """Which releases of market-data-core, -pipeline and -store work together.

    Exit codes: 0 compatible, 1 a contract is violated, 2 bad usage or input, 3 undecided, 4 the tool failed.
    """
    context.obj = Checkout(root.resolve())


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
