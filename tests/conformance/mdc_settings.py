"""Build settings as a service does: from nothing but the environment and the working directory."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from typing import Any

import pytest

from mdm_clause import ClauseCheck

# A machine that runs the suite may have some of them set for its own purposes.
PREFIXES = ("MDP_", "MDS_", "MARKET_DATA_", "IBKR_", "ADMIN_")
NAMES = ("DATABASE_URL", "APP_PORT", "METRICS_PORT", "LOG_LEVEL", "TELEMETRY_ENABLED")


def only(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Let ``environment`` be all that the settings find."""
    for name in list(os.environ):
        if name.upper().startswith(PREFIXES) or name.upper() in NAMES:
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def named(path: str) -> Any:
    """The class that ``module:name`` names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def built(clause: ClauseCheck, path: str) -> Any:
    """An instance of the class that ``path`` names, from what the environment says."""
    with clause.works(f"building {path.partition(':')[2]} from the environment"):
        return named(path)()


def picked(settings: Any, like: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the settings that ``like`` names; ``<missing>`` for one that is not there."""
    return {name: getattr(settings, name, "<missing>") for name in like}


def refused(settings: Any, names: str, given: str) -> list[str]:
    """What is wrong with how ``settings`` refuses its environment: nothing, or that it does not, or how it says so."""
    try:
        settings()
    except ValueError as error:
        # pydantic's ValidationError is a ValueError whose text leads with the settings at fault.
        found = re.search(rf"\b{names}\b", str(error), re.IGNORECASE)
        return [] if found else [f"{given}: the error does not name {names}"]
    return [f"{given}: accepted"]
