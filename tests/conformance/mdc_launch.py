"""Become the process of a server: ``python -S -P mdc_launch.py INSIDE PARENT KIND ARGUMENTS…``.

INSIDE is the folder of ``mdm_parent``; PARENT is the process with whose end this one ends. The KIND ``program`` is
another program, and ``no-root`` one that refuses to run as root and does not. ``python`` is Python (``-m MODULE …`` or
``-c CODE …``), whose path is the first of the arguments, a folder a line.

A process of its own does this before it becomes the server, as no code can run safely between fork and exec in one that
has threads. It loads as little as it can: there is one for every server of every check.
"""

from __future__ import annotations

import ctypes
import os
import sys

_NEW_USER, _NEW_IPC = 0x10000000, 0x08000000


def main(inside: str, parent: str, kind: str, *arguments: str) -> None:
    """Tie this process to its parent and become what the arguments say."""
    sys.path.insert(0, inside)
    from mdm_parent import die_with_parent

    if kind == "no-root":
        _leave_root(arguments[0])
    # Last: a change of who the process is takes it back.
    die_with_parent(int(parent))
    if kind != "python":
        os.execv(arguments[0], arguments)  # noqa: S606 - running a command is what this is for
    _become_python(*arguments)


def _become_python(path: str, option: str, what: str, *arguments: str) -> None:
    import runpy

    from mdm_start import set_up_folders

    set_up_folders()
    sys.path[:] = path.split("\n")
    for name in ("mdm_parent", "mdm_start"):
        del sys.modules[name]
    sys.argv[1:] = arguments
    if option == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv[0] = "-c"
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as python -c does


def _leave_root(program: str) -> None:
    """Be nobody in a user namespace of one's own (user_namespaces(7)), where root's files stay one's own.

    Its System V memory is its own too, where that can be had: what PostgreSQL leaves of it when it is killed goes with
    the last process. Whoever is not root needs no more than that.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_NEW_USER | _NEW_IPC) != 0 and os.geteuid() == 0 and library.unshare(_NEW_USER) != 0:
        sys.exit(
            f"{program} does not run as root, and the kernel gives root no user namespace here "
            f"({os.strerror(ctypes.get_errno())}): start the run as another user, or name a server of your own"
        )
    if os.geteuid() == 0:
        sys.exit(f"{program} does not run as root, which this process is in its own user namespace too")


if __name__ == "__main__":
    main(*sys.argv[1:])
