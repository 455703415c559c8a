"""Become the process of a server: ``python -S -P mdc_launch.py SETTINGS ARGUMENTS…``.

SETTINGS is JSON. ``inside`` is the folder of ``mdm_tree``; ``parent`` is the process with whose end this one ends. With
``path`` the arguments are those of Python (``-m MODULE …`` or ``-c CODE …``), which runs with this path; without it
they are another program's. With ``no_root`` that program, which refuses to run as root, does not.

A process of its own does this before it becomes the server, as no code can run safely between fork and exec in one that
has threads.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import sys
from typing import Any

_NEW_USER, _NEW_IPC = 0x10000000, 0x08000000


def main(settings: dict[str, Any], arguments: list[str]) -> None:
    """Tie this process to its parent and become what the arguments say."""
    sys.path.insert(0, settings["inside"])
    from mdm_tree import die_with_parent

    if settings.get("no_root"):
        _leave_root()
    # Last: a change of who the process is takes it back.
    die_with_parent(settings["parent"])
    if "path" not in settings:
        os.execv(arguments[0], arguments)  # noqa: S606 - running a command is what this is for
    from mdm_start import set_up_folders

    set_up_folders()
    sys.path[:] = settings["path"]
    for name in ("mdm_tree", "mdm_start"):
        del sys.modules[name]
    kind, what, *sys.argv[1:] = arguments
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv[0] = "-c"
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as python -c does


def _leave_root() -> None:
    """Be nobody in a user namespace of one's own (user_namespaces(7)), where root's files stay one's own.

    Its System V memory is its own too, where that can be had: what PostgreSQL leaves of it when it is killed goes with
    the last process. Whoever is not root needs no more than that.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_NEW_USER | _NEW_IPC) != 0 and os.geteuid() == 0 and library.unshare(_NEW_USER) != 0:
        sys.exit(
            f"{sys.argv[2]} does not run as root, and the kernel gives root no user namespace here "
            f"({os.strerror(ctypes.get_errno())}): start the run as another user, or name a server of your own"
        )
    if os.geteuid() == 0:
        sys.exit(f"{sys.argv[2]} does not run as root, which this process is in its own user namespace too")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
