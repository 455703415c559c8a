"""The interpreters that cells are run with, and which of them a release is for, by its Requires-Python."""

from __future__ import annotations

import functools

from packaging.specifiers import SpecifierSet

PYTHONS = ("3.11", "3.12", "3.13")
"""The interpreters that a cell may name, as tox.ini lists them."""
PYTHON = PYTHONS[0]
"""The interpreter of a cell that names none."""
_PATCH_RELEASES = 100
"""More patch releases than a minor version of Python has."""


# Cached, as releases repeat their Requires-Python, and the matrix asks thousands of times.
@functools.cache
def is_for(requires_python: str, python: str) -> bool:
    """Whether a release with that Requires-Python can be installed on an interpreter: ``3.12`` or ``3.12.4``.

    A minor version stands for its patch releases: a release that is for one of them is for it.
    """
    specifier = SpecifierSet(requires_python)
    if python.count(".") > 1:
        return specifier.contains(python, prereleases=True)
    return any(specifier.contains(f"{python}.{patch}") for patch in range(_PATCH_RELEASES))


def for_pythons(requires_python: str) -> tuple[str, ...]:
    """Those of the interpreters that cells are run with on which such a release can be installed."""
    return tuple(python for python in PYTHONS if is_for(requires_python, python))
