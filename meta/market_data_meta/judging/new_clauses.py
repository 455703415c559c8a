"""A clause that is to be new: the table and the check that it begins with, as text. Pure functions."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.judging.check_files import IMPORT, new_module, skeleton
from market_data_meta.releases.combinations import package_named

LEVELS = ("must", "should")
SCOPES = ("release", "combination")
_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class NewClause:
    """What the author of a clause says of it; ``expect`` has its values as they are written in TOML.

    ``observing`` are the lines that its check begins with, if it is written from an observation.
    """

    id: str
    rule: str
    level: str
    scope: str
    binds: tuple[str, ...]
    source: str
    applies: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, str] = field(default_factory=dict)
    observing: tuple[str, ...] = ()

    @property
    def area(self) -> str:
        """The file that it goes to."""
        return self.id.split(".")[0]

    @property
    def slug(self) -> str:
        """The name of its table."""
        return self.id.split(".", 1)[1]

    def table(self) -> str:
        """The table as it is written."""
        lines = [f"[clauses.{self.slug}]", f"rule = {toml_text(self.rule)}"]
        lines += [f"level = {toml_text(self.level)}", f"scope = {toml_text(self.scope)}"]
        lines += [f"binds = [{', '.join(map(toml_text, self.binds))}]", f"source = {toml_text(self.source)}"]
        if self.applies:
            pairs = ", ".join(f"{package} = {toml_text(specifier)}" for package, specifier in self.applies.items())
            lines.append(f"applies = {{ {pairs} }}")
        if self.expect:
            lines.append(f"expect = {{ {', '.join(f'{key} = {value}' for key, value in self.expect.items())} }}")
        return "\n".join(lines) + "\n"


def check_id(contract: Contract, clause: str) -> None:
    """Raise MetaError for an id that is not ``area.name-in-words`` or that a clause has already."""
    if not _ID.fullmatch(clause):
        hint = "write AREA.NAME in lower case, the words of the name with hyphens between them: chain.hard-pauses"
        raise MetaError(ErrorCode.BAD_CLAUSE, f"{clause!r} is not the id of a clause", hint=hint)
    if clause in contract.clauses:
        hint = f"mdmeta explain {clause} shows it; choose another name"
        raise MetaError(ErrorCode.CLAUSE_EXISTS, f"there is a clause {clause} already", hint=hint)


def sentence(option: str, text: str) -> str:
    """The text, if it is one sentence on one line. Raises MetaError that names the option."""
    if not re.fullmatch(r"[^\r\n]+\.", text.strip()):
        hint = "write one sentence on one line, with its full stop"
        raise MetaError(ErrorCode.BAD_CLAUSE, f"{option} {text!r} is not a sentence", hint=hint)
    return text.strip()


def choice(option: str, text: str, choices: tuple[str, ...]) -> str:
    """The text, if it is one of the choices. Raises MetaError that names the option."""
    if text not in choices:
        hint = f"choose {' or '.join(choices)}"
        raise MetaError(ErrorCode.BAD_CLAUSE, f"{text!r} is no {option.removeprefix('--')} of a clause", hint=hint)
    return text


def applying_releases(text: str, packages: tuple[str, ...]) -> tuple[str, str]:
    """Read ``pipeline>=0.8.20``: a package and its releases. Raises MetaError for what is not written so."""
    match = re.fullmatch(r"([A-Za-z_-]+)\s*([<>=!~].+)", text)
    try:
        if match:
            return package_named(match[1], packages), str(SpecifierSet(match[2]))
    except InvalidSpecifier:
        pass
    hint = "write a package and the versions of it: pipeline>=0.8.20"
    raise MetaError(ErrorCode.BAD_CLAUSE, f"{text!r} does not say to which releases it applies", hint=hint)


def expected_value(text: str) -> tuple[str, str]:
    """Read ``key=value``, the value as TOML has it. Raises MetaError for a value that is not TOML."""
    key, equals, value = (part.strip() for part in text.partition("="))
    try:
        data: dict[str, Any] = tomllib.loads(f"expect = {{ {key} = {value} }}") if equals else {}
    except ValueError:
        data = {}
    if data.keys() != {"expect"} or list(data["expect"]) != [key]:
        hint = 'write KEY=VALUE with a value of TOML: scale=0.0, level=\'"hard"\', levels=\'["soft", "hard"]\''
        raise MetaError(ErrorCode.BAD_CLAUSE, f"{text!r} is not an expected value", hint=hint)
    return key, value


def clauses_text(text: str | None, clause: NewClause, about: str) -> str:
    """The text of ``contracts/clauses/<area>.toml`` with the clause; ``text`` is None for an area that is new."""
    start = f"# {about}\n" if text is None else text.rstrip("\n") + "\n"
    return f"{start}\n{clause.table()}"


def checks_text(text: str | None, clause: NewClause, about: str) -> str:
    """The text of ``tests/conformance/test_<area>.py`` with the skeleton of the clause's check."""
    start = new_module(about) if text is None else text.rstrip("\n") + "\n"
    if not re.search(r"^from mdm_clause import .*\bClauseCheck\b", start, re.MULTILINE):
        start = start.replace(
            "from __future__ import annotations\n", f"from __future__ import annotations\n\n{IMPORT}\n"
        )
    return f"{start}\n\n{skeleton(clause.id, clause.rule, clause.observing)}"


def toml_text(text: str) -> str:
    """A text as TOML has it."""
    # A JSON string is a TOML string, but for the one control character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
