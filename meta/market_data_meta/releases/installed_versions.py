"""Which versions of the packages are installed in an environment: asked of its interpreter, which imports none."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from packaging.version import InvalidVersion, Version

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.project_versions import FoundVersions
from market_data_meta.releases.requested_versions import VersionRequest

TIMEOUT = 30.0
"""Seconds in which the interpreter must have answered."""

# What importlib.metadata says of each distribution: its version, and whether it was installed from an address.
_PROGRAM = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        continue
    found[name] = [distribution.version, distribution.read_text("direct_url.json") is not None]
print(json.dumps(found))
"""
_HINT = "name the interpreter of the environment, such as .venv/bin/python"


def installed_versions(python: str, distributions: Mapping[str, str], timeout: float = TIMEOUT) -> FoundVersions:
    """The versions of the packages, whose ``distributions`` are by package, that the interpreter ``python`` sees.

    Neither the current folder nor PYTHONPATH counts. Raises MetaError where it cannot be asked.
    """
    program = shutil.which(str(Path(python) / "bin" / "python") if Path(python).is_dir() else python)
    if program is None:
        raise MetaError(ErrorCode.NO_INTERPRETER, f"there is no interpreter {python}", hint=_HINT)
    command = [program, "-I", "-c", _PROGRAM, *distributions.values()]
    try:
        process = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=timeout, check=False
        )
        # What the environment prints as it starts comes before the answer.
        answer = json.loads(process.stdout.splitlines()[-1])
        found = {str(name): (Version(version), bool(direct)) for name, (version, direct) in answer.items()}
    except subprocess.TimeoutExpired:
        what = f"{python} did not answer within {timeout:g} seconds"
        raise MetaError(ErrorCode.NO_INTERPRETER, what, hint=_HINT) from None
    except (OSError, LookupError, ValueError, TypeError, AttributeError, InvalidVersion) as error:
        why = next(iter(process.stderr.splitlines()[-1:]), "") if not isinstance(error, OSError) else str(error)
        what = f"{python} does not say what is installed"
        raise MetaError(ErrorCode.NO_INTERPRETER, what, why[:300], _HINT) from None
    requests, notes = [], []
    for package, distribution in distributions.items():
        if distribution not in found:
            notes.append(f"{distribution} is not installed in {python}")
            continue
        version, direct = found[distribution]
        requests.append(VersionRequest(package, f"=={version}", python))
        if direct:
            notes.append(f"{distribution} in {python} is not from an index; this is about the published {version}")
    return FoundVersions(tuple(requests), tuple(notes))
