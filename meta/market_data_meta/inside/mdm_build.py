"""Call one hook of a project's build backend, and write down what it answers.

``python mdm_build.py SETTINGS``, where SETTINGS are JSON: the project's ``tree``, its ``backend`` and ``backend_path``,
the ``hook`` with its ``arguments``, and the file for the ``answer``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller, HookMissing, UnsupportedOperation

settings = json.loads(sys.argv[1])
try:
    caller = BuildBackendHookCaller(settings["tree"], settings["backend"], settings["backend_path"] or None)
    answer = getattr(caller, settings["hook"])(*settings["arguments"])
except subprocess.CalledProcessError as failure:
    # It has printed why.
    sys.exit(failure.returncode if failure.returncode > 0 else 1)
except (BackendUnavailable, HookMissing, UnsupportedOperation) as failure:
    sys.exit(f"the build backend {settings['backend']} cannot be used: {type(failure).__name__} {failure}")
except ValueError as failure:
    sys.exit(str(failure))
Path(settings["answer"]).write_text(json.dumps(answer), encoding="utf-8")
