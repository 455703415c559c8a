"""Releases that do harm: sources of a package, by name, each with a part of the sentence that the report says of it."""

from __future__ import annotations

import os
from collections.abc import Mapping

MARK = f"mdm-hostile-{os.getpid()}"
"""What the processes that are made to stay have in their command."""

HARMFUL: Mapping[str, tuple[str, str]] = {
    "hangs at import": (
        "did not end within 40 s of wall time",
        """
import time
while True: time.sleep(9)
""",
    ),
    "exits": (
        "ended before it was complete",
        "import os; os._exit(0)",
    ),
    "crashes": (
        "SIGSEGV",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    ),
    "raises": (
        "status 1",
        "raise BaseException('<b>no</b>')",
    ),
    "prints without end": (
        "printed more than 8 MiB",
        """
import os
while True:
    try: os.write(1, b'x' * (1 << 20))
    except OSError: pass
""",
    ),
    "prints and goes on": (
        "printed more than 8 MiB",
        """
import os
for _ in range(20): os.write(1, b'x' * (1 << 20))
""",
    ),
    "fills its home": (
        "wrote more than 16 MiB",
        """
import time
for n in range(20):
    with open(f'f{n}', 'wb') as f: f.write(bytes(1 << 20))
""",
    ),
    "fills what has no name": (
        "wrote more than 16 MiB",
        """
import os, time
f = open('f', 'wb')
os.unlink('f')
f.write(os.urandom(30 << 20))
f.flush()
time.sleep(60)
""",
    ),
    "makes many files": (
        "more than 500 files",
        """
import os
for n in range(600): os.mknod(f'd{n}')
""",
    ),
    "forks without end": (
        "more than 30 processes",
        """
import os, time
for _ in range(99):
    if not os.fork(): time.sleep(99); os._exit(0)
time.sleep(99)
""",
    ),
    "adds to the record": (
        "line that the run did not write",
        """
import json, os
for fd in range(3, 64):
    try:
        if not os.readlink(f"/proc/self/fd/{fd}").endswith(".jsonl"): continue
    except OSError:
        continue

    os.write(fd, b'{"kind": "footer"}\\n')
""",
    ),
    "passes a check in the record": (
        "line that the run did not write",
        """
import json, os
for fd in range(3, 64):
    try:
        if not os.readlink(f"/proc/self/fd/{fd}").endswith(".jsonl"): continue
    except OSError:
        continue

    line = dict(kind='check', clause='controls.must-fail', outcome='failed', message='', expected=5, got=4, duration=0)
    os.write(fd, (json.dumps(line) + '\\n').encode())
    os._exit(0)
""",
    ),
    "empties the record": (
        "line that the run did not write",
        """
import json, os
for fd in range(3, 64):
    try:
        if not os.readlink(f"/proc/self/fd/{fd}").endswith(".jsonl"): continue
    except OSError:
        continue

    os.ftruncate(fd, 0)
""",
    ),
    "writes beside the record": (
        "it tried to write",
        """
import os
for fd in range(64):
    try: p = os.readlink(f'/proc/self/fd/{fd}')
    except OSError: continue
    if p.endswith('.jsonl'):
        try: open(p + 'x', 'w')
        except OSError: pass
""",
    ),
    "replaces the judgement": (
        "control does not know its secret",
        """
import mdm_clause
mdm_clause.ClauseCheck.equal = lambda *_: None
""",
    ),
    "replaces the judgement but for the control": (
        "control does not know its secret",
        """
import mdm_clause
def equal(self, what, got, expected):
    if self.id.endswith('must-fail'): raise mdm_clause.ViolationError(what, 5, got)
mdm_clause.ClauseCheck.equal = equal
""",
    ),
    "connects": (
        "it tried to connect to 203.0.113.5:80",
        """
import socket
try: socket.create_connection(('203.0.113.5', 80), 1)
except Exception: pass
""",
    ),
    "sends": (
        "it tried to send to 203.0.113.5:53",
        """
import socket
try: socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('203.0.113.5', 53))
except Exception: pass
""",
    ),
    "asks": (
        "it tried to look up tokens.example",
        """
import socket
try: socket.getaddrinfo('tokens.example', 443)
except Exception: pass
""",
    ),
    "listens": (
        "it tried to listen on 0.0.0.0:0",
        """
import socket
try: socket.create_server(('0.0.0.0', 0))
except Exception: pass
""",
    ),
    "signals its parent": (
        "it tried to send signal 15 to process",
        """
import os, signal
try: os.kill(os.getppid(), signal.SIGTERM)
except OSError: pass
""",
    ),
    # Only where the kernel is known to keep signals within the run: it would end this machine's processes.
    "signals all": (
        "",
        """
import ctypes, os
library = ctypes.CDLL(None, use_errno=True)
if library.kill(os.getppid(), 0) == -1 and ctypes.get_errno() == 1:
    if library.kill(-1, 9) == 0: os._exit(7)
""",
    ),
    "removes its neighbours' files": (
        "it tried to remove",
        """
import os, pathlib
for n in range(40):
    try: os.unlink(pathlib.Path(__file__).parents[2] / str(n) / 'market_data_core' / '__init__.py')
    except OSError: pass
""",
    ),
    "writes into the environment": (
        "it tried to write",
        """
import pytest, os
try: open(os.path.join(os.path.dirname(pytest.__file__), 'mdm_hostile.py'), 'w')
except OSError: pass
""",
    ),
}

HARMLESS: Mapping[str, str] = {
    "behaves": "",
    "recurses": """
def f(): return f() + f()
f()
""",
    "eats": "hoard = [bytearray(1 << 26) for _ in range(1 << 12)]",
    "prints a passing run": 'print(\'251 passed in 9.00s\\n{"kind": "footer"}\', flush=True)',
    "leaves a thread": """
import threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
""",
    "leaves a child": """
import os, sys
if not os.fork():
    os.setsid()
    if not os.fork():
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "MARK"])
    os._exit(0)
os.wait()
""",
    "replaces json and os": """
import json, os
json.dumps = lambda *a, **k: '{}'
os.write = lambda *a: 0
os._exit = print
""",
}
"""What is no evidence against anybody: Python itself stops it, or it is over with the run."""
