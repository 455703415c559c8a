"""Which definitions a later build or release has changed: what its changed lines are within. Pure functions; no I/O.

The lines are read by their indentation and never parsed, as they are a stranger's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from market_data_meta.inside.mdm_source import ChangedPlace, SourceChanges
from market_data_meta.judging.observation_findings import ChangedDefinition

_DEFINITION = re.compile(r"(?:async\s+def|def|class)\s+(\w+)")
_ASSIGNMENT = re.compile(r"(\w+)\s*(?::[^=]*)?=(?!=)")
_NO_CODE = re.compile(r"\s*(?:#.*|@.*|import\b.*|from\b.*)?")


def changed_definitions(
    package: str, changes: SourceChanges, lines_of: Callable[[str], Sequence[str]]
) -> tuple[ChangedDefinition, ...]:
    """The definitions with changed lines, each once, in the order of the files.

    ``lines_of`` has the lines of a file of the candidate. What changed outside of every definition, such as an import,
    is a definition of nothing.
    """
    found: dict[tuple[str, str], ChangedDefinition] = {}
    for place in changes.places:
        module = place.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in _names(place, lines_of(place.file)):
            definition = ChangedDefinition(package, module, name, place.file, place.line)
            found.setdefault((module, name), definition)
    return tuple(found.values())


def _names(place: ChangedPlace, lines: Sequence[str]) -> Iterator[str]:
    """The definitions that the lines of a place make, or that they are within."""
    if place.line is None:
        yield ""
        return
    changed = [line for line in (*place.after, *place.before) if line.strip()]
    if not any(not _NO_CODE.fullmatch(line) for line in changed):
        return
    depth = min(_depth(line) for line in changed)
    owner = _owner(lines[: place.line - 1], depth)
    outermost = [line.strip() for line in changed if _depth(line) == depth]
    defined = [match[1] for line in outermost if (match := _DEFINITION.match(line))]
    if not owner and not defined:
        defined = [match[1] for line in outermost if (match := _ASSIGNMENT.match(line))]
    if defined:
        yield from dict.fromkeys(".".join((*owner, name)) for name in defined)
    elif owner:
        yield ".".join(owner)


def _owner(lines: Iterable[str], depth: int) -> tuple[str, ...]:
    """The definitions around a line of that depth which follows these lines, the outermost first."""
    owner: list[str] = []
    for line in reversed(list(lines)):
        if depth == 0:
            break
        if line.strip() and _depth(line) < depth and not line.lstrip().startswith("#"):
            if match := _DEFINITION.match(line.strip()):
                owner.append(match[1])
                depth = _depth(line)
            elif line.strip().startswith((")", "]", "}")):
                # The end of a definition's parameters: the definition itself stands above, at the same depth.
                continue
            else:
                depth = _depth(line)
    return tuple(reversed(owner))


def _depth(line: str) -> int:
    expanded = line.expandtabs()
    return len(expanded) - len(expanded.lstrip())
