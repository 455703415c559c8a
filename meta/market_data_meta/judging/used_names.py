"""Which names of a package others use, read from source texts. Pure functions; no I/O.

A difference counts in full where there are consumers: in what a package exports or names in its README, and in what
another package imports. The texts are a stranger's, so they are searched and never handed to a parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

LETTERS = 1 << 20
"""How much of a file is searched."""
_FROM = re.compile(r"^[ \t]*from[ \t]+([\w.]{1,200})[ \t]+import[ \t]*(\([^()]{0,8000}\)|[^\n]{1,2000})", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+([\w., \t]{1,500})", re.MULTILINE)
_ALL = re.compile(r"^__all__\b[^\n]{0,40}?\+?=[ \t]*[\[(]([^\])]{0,20000})", re.MULTILINE)
_DEFINED = re.compile(r"^(?:async[ \t]+def|def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]{1,200})?=[^=]", re.MULTILINE)
_TEXT_WORD = re.compile(r"[\"'](\w{1,200})[\"']")
_CODE_WORD = re.compile(r"`[^`\n]{1,200}`|\b\w{1,200}\(|\b[A-Z]\w*[a-z]\w*[A-Z]\w*\b|\b\w+_\w+\b")


@dataclass(frozen=True)
class UsedNames:
    """Bare names that are exported or used, and modules that others import; for one package."""

    names: frozenset[str]
    modules: frozenset[str] = frozenset()

    def uses(self, symbol: str) -> bool:
        """Whether a consumer may have something to do with a symbol (``market_data_core.x.Foo.bar``)."""
        return symbol in self.modules or not self.names.isdisjoint(symbol.split(".")[1:])


def used_names(own_files: Mapping[str, str], readme: str, others: Iterable[str], imports: Iterable[str]) -> UsedNames:
    """The used names of a package: its own files by path, its README, and the texts of other packages.

    ``imports`` are the top-level packages that it installs.
    """
    tops = set(imports)
    names = {word for text in own_files.values() for found in _ALL.findall(text[:LETTERS]) for word in _words(found)}
    for path, text in own_files.items():
        if path.rpartition("/")[2] == "__init__.py":
            names |= {name for _, imported in _FROM.findall(text[:LETTERS]) for name in _imported(imported)}
            names |= {first or second for first, second in _DEFINED.findall(text[:LETTERS])}
    names |= {name for found in _CODE_WORD.findall(readme[:LETTERS]) for name in re.findall(r"[^\W\d]\w+", found)}
    modules = set()
    for text in others:
        for module, imported in _FROM.findall(text[:LETTERS]):
            if module.partition(".")[0] in tops:
                modules.add(module)
                names |= set(_imported(imported))
        for line in _IMPORT.findall(text[:LETTERS]):
            modules |= {name for name in re.findall(r"[\w.]+", line) if name.partition(".")[0] in tops}
    public = frozenset(name for name in names if not name.startswith("_"))
    return UsedNames(public - tops, frozenset(modules))


def _words(text: str) -> Iterator[str]:
    return (match[1] for match in _TEXT_WORD.finditer(text))


def _imported(text: str) -> Iterator[str]:
    """The names of ``(A, B as C)  # why``, as they are in the module and as they are called after it."""
    for line in text.strip("()").splitlines():
        for part in line.partition("#")[0].split(","):
            yield from (word for word in part.split() if word.isidentifier() and word != "as")
