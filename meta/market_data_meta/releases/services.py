"""Which releases each service runs, as it is written on a command line: ``core==1.4.61 store:core==1.4.59``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.releases.combinations import Combination, parse_pins
from market_data_meta.releases.interpreters import PYTHON
from market_data_meta.releases.ledger import Ledger

Services = Mapping[str, Combination]
"""The releases that each service runs, by its name."""
Members = Mapping[str, tuple[str, ...]]
"""The packages of each service, by its name."""


def service_pins(words: Iterable[str], services: Iterable[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The words about all services, and those about one: ``store:core==1.4.59`` is ``core==1.4.59`` of store.

    Raises MetaError for a service that does not exist.
    """
    names = list(services)
    shared: list[str] = []
    own: dict[str, list[str]] = {}
    for word in (part for text in words for part in text.split()):
        match = re.fullmatch(r"([A-Za-z_-]+):(.+)", word)
        if not match:
            shared.append(word)
        elif match[1] not in names:
            what = f"{match[1]!r} is not a service ({', '.join(names)})"
            raise MetaError(ErrorCode.UNKNOWN_SERVICE, what, hint=f"{next(iter(names), 'service')}:{match[2]}")
        else:
            own.setdefault(match[1], []).append(match[2])
    return shared, own


def parse_services(
    words: Iterable[str],
    services: Members,
    ledger: Ledger,
    before: Services | None = None,
    python: str = PYTHON,
) -> Services:
    """The releases of each service. A package with one version has it in every service that does not name its own.

    What no word is about stays as it was ``before``. Raises MetaError as ``parse_pins`` does, and where a version is
    missing.
    """
    shared_words, own_words = service_pins(words, services)
    packages = tuple(dict.fromkeys(package for members in services.values() for package in members))
    shared = parse_pins(shared_words, packages, ledger, python=python)
    combinations: dict[str, Combination] = {}
    for service, members in services.items():
        own = parse_pins(own_words.get(service, ()), members, ledger, python=python)
        known = before[service].as_dict() if before else {}
        versions = {**known, **{name: v for name, v in shared.items() if name in members}, **own}
        if missing := [package for package in members if package not in versions]:
            hint = f"add {' '.join(f'{name}==newest' for name in missing)}, or newest for the newest of the others"
            what = f"no version of {' and '.join(missing)} is given for {service}"
            raise MetaError(ErrorCode.INCOMPLETE, what, hint=hint)
        combinations[service] = Combination(tuple((package, versions[package]) for package in members))
    return combinations
