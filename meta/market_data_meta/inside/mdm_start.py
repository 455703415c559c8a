"""Start pytest in an environment and run nothing of it before: ``python -S mdm_start.py ARGUMENTS…``.

Python runs what a distribution has put into a ``.pth`` file, or into ``sitecustomize``, at every start. What
judges others is not to be changed by that before its first line: the folders are set up as ever, those that ``.pth``
files name among them, and code is passed over.
"""

from __future__ import annotations

import site
import sys
from pathlib import Path


def main() -> int:
    """Set up the environment's folders, and run pytest on the arguments."""
    set_up_folders()
    import pytest

    return int(pytest.main(sys.argv[1:]))


def set_up_folders() -> None:
    """Put the environment's folders on the path as ``site`` does, and run no code that lies in them."""
    site.ENABLE_USER_SITE = False
    site.addpackage = _named  # type: ignore[assignment]
    site.execsitecustomize = site.execusercustomize = lambda: None
    site.main()


def _named(folder: str, name: str, known: set[str]) -> set[str]:
    """Add the folders that a ``.pth`` file names, as ``site`` does, and run none of its lines."""
    for line in (Path(folder) / name).read_text(encoding="utf-8", errors="replace").splitlines():
        if line.strip() and not line.startswith(("#", "import ", "import\t")):
            named = Path(folder) / line.rstrip()
            if named.exists() and str(named) not in known:
                sys.path.append(str(named))
                known.add(str(named))
    return known


if __name__ == "__main__":
    sys.exit(main())
