"""The attestation: what is really installed, read inside the environment under test.

``python -S mdm_attest.py PLAN`` prints it as JSON; the suite's plugin calls ``attested`` where it shares the
environment.
"""

from __future__ import annotations

import json
import platform
import sys
import sysconfig
from collections.abc import Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mdm_content import content_of_installed
from mdm_json import from_json, to_json
from mdm_plan import Attestation, AttestedPackage, Interpreter, Plan, PlannedPackage


def installed_versions() -> dict[str, str]:
    """Distribution to version, of all that is installed."""
    return {name: dist.version for name, dist in _distributions(sys.path).items()}


def attested(
    packages: Mapping[str, PlannedPackage], path: list[str] | None = None, beside: Mapping[str, str] | None = None
) -> Attestation:
    """What is there: each package under test with its content id, the interpreter, and the third-party versions.

    With ``path``, only those folders are read; ``beside`` are the versions of what is installed in the others.
    """
    installed = _distributions(sys.path if path is None else path)
    names = {_canonical(package.distribution): name for name, package in packages.items()}
    third_party = {name: dist.version for name, dist in installed.items() if name not in names}
    return Attestation(
        attestation={name: _package(installed[dist]) for dist, name in names.items() if dist in installed},
        interpreter=Interpreter(platform.python_version(), sys.implementation.name, sys.platform),
        third_party=dict(sorted({**(beside or {}), **third_party}.items())),
    )


def _distributions(path: list[str]) -> dict[str, Distribution]:
    """Distributions by name; of several with one name the first, as it is the one that is imported."""
    by_name: dict[str, Distribution] = {}
    for dist in distributions(path=path):
        by_name.setdefault(_canonical(dist.metadata["Name"]), dist)
    return by_name


def _package(dist: Distribution) -> AttestedPackage:
    direct_url = dist.read_text("direct_url.json")
    return AttestedPackage(
        version=dist.version,
        content=content_of_installed(dist),
        direct_url=json.loads(direct_url)["url"] if direct_url else None,
    )


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    # The folder of installed distributions, which -S has left out together with what would be run from there. It is
    # that of an environment, wherever the interpreter itself has its own: Debian's says ``local/…/dist-packages``.
    base = str(Path(sys.executable).parent.parent)
    sys.path.append(sysconfig.get_path("purelib", "venv", vars={"base": base, "platbase": base}))
    plan = from_json(Plan, json.loads(Path(sys.argv[1]).read_text()))
    print(json.dumps(to_json(attested(plan.packages))))
