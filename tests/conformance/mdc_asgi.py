"""A package's FastAPI app, served in process: no port, its startup and shutdown run around the requests."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mdm_plan import Plan

# Store's health paths import it at the first request, which takes 0.4 s: paid once here, not in every check's process.
with contextlib.suppress(ImportError):
    import sqlalchemy.dialects.sqlite  # noqa: F401

BASE_URL = "http://under.test"


def app_of(plan: Plan, package: str) -> Any:
    """The FastAPI application that ``package`` names as its own."""
    module, _, name = (plan.packages[package].app or "").partition(":")
    return getattr(importlib.import_module(module), name)


def client_of(app: Any) -> httpx.AsyncClient:
    """A client of ``app``. What the app raises becomes the 500 that a server would send."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url=BASE_URL)


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of ``app`` between its startup and its shutdown."""
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


def configure_store(monkeypatch: pytest.MonkeyPatch, database: str, token: str = "configured-token") -> None:
    """Set the environment that Store's service requires."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("ADMIN_DATABASE_URL", database)
    monkeypatch.setenv("ADMIN_TOKEN", token)
