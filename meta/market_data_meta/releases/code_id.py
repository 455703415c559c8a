"""Code ids: what of a release decides how it runs, as one digest.

Contents with the same code id differ in comments, layout, line endings, or in the value of ``__version__`` alone, and
should run alike. So a clause that is decided with one of them is not run again with each other one. That is checked:
the matrix runs every clause that binds their package once with each of them (see ``matrix/complete.py``).

What such contents do not share is which numbers their lines have, and what they say of their own version. The text of
a syntax tree may be put otherwise by another version of Python: then two contents seem to differ that do not.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
import zipfile
from pathlib import Path

from market_data_meta.inside.mdm_content import content_of_wheel, digest_of_member

LARGEST_SOURCE = 1 << 20
"""Bytes up to which a source is parsed. A larger one counts by its bytes, like whatever is no Python source."""


def code_of_wheel(wheel: Path) -> str:
    """Code id of a wheel file; 64 hexadecimal digits. Raises ``zipfile.BadZipFile`` for a damaged one."""
    return content_of_wheel(wheel, _digest)


def _digest(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> str:
    if name.endswith(".py") and info.file_size <= LARGEST_SOURCE:
        text = _code(archive.read(info))
        if text is not None:
            return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return digest_of_member(archive, info, name)


def _code(source: bytes) -> str | None:
    """The source without what does not decide how it runs; None where it is no valid source."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source)
        for statement in tree.body:
            match statement:
                case ast.Assign([ast.Name("__version__")], ast.Constant(str())):
                    statement.value = ast.Constant("")
        return ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
