"""Command lines as texts show them: found in help texts and in Markdown, and parsed without running them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click

from market_data_meta.cli import cli
from market_data_meta.commands.common import Checkout

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
_SPAN = re.compile(r"`((?:\./scripts/|mdmeta )[^`]*)`")


def parse_mdmeta(arguments: list[str]) -> None:
    """Parse the arguments of ``mdmeta`` and run nothing.

    Raises click.UsageError where there is no such command or option, or a value is none that the option takes.
    """
    command: click.Command = cli
    # The checkout: the options of some commands are the packages of its contract.
    context = click.Context(cli, info_name="mdmeta", obj=Checkout(ROOT))
    while True:
        values, rest, _ = command.make_parser(context).parse_args(list(arguments))
        for parameter in command.get_params(context):
            value = values.get(str(parameter.name))
            if isinstance(parameter.type, click.Choice | click.types.IntParamType) and isinstance(value, str):
                parameter.type(value, parameter, context)
        if not isinstance(command, click.Group) or not rest:
            return
        name, subcommand, arguments = command.resolve_command(context, rest)
        assert subcommand
        command, context = subcommand, click.Context(subcommand, parent=context, info_name=name)


def command_named(names: list[str]) -> click.Command:
    """The command of that name, such as ``["clause", "new"]``."""
    command: click.Command = cli
    for name in names:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name) or command
    return command


def words(line: str) -> list[str]:
    """The words of a command line as a shell splits them, without its comment."""
    return shlex.split(line, comments=True)


def help_examples(text: str) -> list[str]:
    """The examples at the end of a help text; one that goes on in the next line is one."""
    _, _, examples = text.partition("Example: ")
    examples, _, _ = examples.partition("\n\n")
    return [" ".join(line.split()) for line in examples.replace("\\\n", " ").splitlines()]


def markdown_commands(text: str) -> list[str]:
    """The command lines of a Markdown text: those of its console and shell blocks, and those within a sentence."""
    lines = []
    for language, block in _FENCE.findall(text):
        joined = re.sub(r"<<'EOF'\n.*?\nEOF\n", "\n", block, flags=re.DOTALL).replace("\\\n", " ")
        if language == "console":
            lines += [line.removeprefix("$ ") for line in joined.splitlines()]
        elif language == "sh":
            lines += joined.splitlines()
    return lines + _SPAN.findall(_FENCE.sub("", text).replace("\n", " "))
