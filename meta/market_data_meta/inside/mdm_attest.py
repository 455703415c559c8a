"""The attestation: what is really installed, read inside the environment under test.

``python -S mdm_attest.py PLAN`` prints it as JSON; the suite's plugin calls ``observed`` where it shares the
environment.
"""

from __future__ import annotations

import json
import platform
import sys
import sysconfig
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from mdm_content import content_of_installed


def third_party() -> dict[str, str]:
    """Distribution to version, of all that is here before any package under test is."""
    return {name: dist.version for name, dist in _found(sys.path).items()}


def observed(plan: dict[str, Any]) -> dict[str, Any]:
    """What is here: each package under test with its content id, the interpreter, and the third-party versions.

    Where the plan has ``third_party``, what was here before, only its ``path`` (what was put in front) is read.
    """
    found = _found(plan.get("path", sys.path))
    ours = {_canonical(package["distribution"]): name for name, package in plan["packages"].items()}
    others = {name: dist.version for name, dist in found.items() if name not in ours}
    return {
        "attestation": {name: _attested(found[dist]) for dist, name in ours.items() if dist in found},
        "interpreter": {
            "version": platform.python_version(),
            "implementation": sys.implementation.name,
            "platform": sys.platform,
        },
        "third_party": dict(sorted((plan.get("third_party", {}) | others).items())),
    }


def _found(path: list[str]) -> dict[str, Distribution]:
    """Distributions by name; of several with one name the first, as it is the one that is imported."""
    found: dict[str, Distribution] = {}
    for dist in distributions(path=path):
        found.setdefault(_canonical(dist.metadata["Name"]), dist)
    return found


def _attested(dist: Distribution) -> dict[str, Any]:
    direct = dist.read_text("direct_url.json")
    return {
        "version": dist.version,
        "content": content_of_installed(dist),
        "direct_url": json.loads(direct)["url"] if direct else None,
    }


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    # The folder of installed distributions, which -S has left out together with what would be run from there.
    base = str(Path(sys.executable).parent.parent)
    sys.path.append(sysconfig.get_path("purelib", vars={"base": base, "platbase": base}))
    print(json.dumps(observed(json.loads(Path(sys.argv[1]).read_text()))))
