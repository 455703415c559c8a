"""A network of one's own: the loopback and nothing else, kept by the kernel for code of any language.

A network namespace (network_namespaces(7)) has no way out to another one. Linux gives one to root, and to others within
a user namespace (user_namespaces(7)) where the machine allows these.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41
"""Of linux/sockios.h and linux/if.h: how an interface is brought up."""


def cut_off() -> bool:
    """Leave this process, and all that it starts, the loopback alone; whether the kernel has done so.

    What is connected already stays so. Call it before anything is renounced: it takes rights that root has.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if library.unshare(_NEW_NETWORK) != 0:
        if library.unshare(_NEW_USER | _NEW_NETWORK) != 0:
            return False
        try:
            # The same user and group as before; without this it would be nobody.
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        except OSError:
            pass
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH22x", b"lo", _UP_AND_RUNNING))
    except OSError:
        # Not even the loopback is there now: what needs it fails, and says so.
        pass
    return True
