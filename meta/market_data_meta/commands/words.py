"""Options that take several words: ``--from core==1.4.61 store==0.6.73``."""

from __future__ import annotations

import click


class WordsOption(click.Option):
    """An option of a ``CommandWithWords`` that takes all words up to the next option; it is to be ``multiple``."""


class CommandWithWords(click.Command):
    """A command that has no arguments of its own, so that each word belongs to the option before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each further word of such an option the option's name again, which click can read."""
        names = {name for option in self.params if isinstance(option, WordsOption) for name in option.opts}
        repeated: list[str] = []
        option = ""
        for word in args:
            if word.startswith("-"):
                option = word.split("=")[0]
            elif option in names and repeated[-1] != option:
                repeated.append(option)
            repeated.append(word)
        return super().parse_args(ctx, repeated)
