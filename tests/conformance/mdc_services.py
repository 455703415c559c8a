"""Start a service as its documents say or forked from this process, and what its answers and settings are."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

from mdc_forked_service import ForkedService
from mdc_ports import LOOPBACK
from mdc_process import PATIENCE
from mdc_service import Response, ServiceProcess
from mdm_clause import ClauseCheck
from mdm_plan import Plan


def app(plan: Plan, package: str) -> str:
    """Where the package has its application, as uvicorn wants it."""
    return plan.packages[package].app or ""


def store_settings(url: str, token: str = "sesame") -> dict[str, str]:
    """The settings without which Store asks no database."""
    return {"DATABASE_URL": url, "ADMIN_DATABASE_URL": url, "ADMIN_TOKEN": token}


def in_form(url: str, form: str) -> str:
    """A database's URL in the documented ``form`` of its beginning."""
    return form + url.partition("://")[2]


@contextmanager
def by_command(clause: ClauseCheck, environment: dict[str, str] | None = None) -> Iterator[ServiceProcess]:
    """The service that the clause's documented command starts, on the check's host and port."""
    words = clause.expect["command"].split()
    words[words.index("--port") + 1] = "{port}"
    if "--host" in words:
        words[words.index("--host") + 1] = LOOPBACK
    with ServiceProcess("-m", *words, environment=environment) as service:
        got = "running" if service.running else f"ended with {service.wait()}: {last_line(service.output)}"
        clause.equal("the service after its command", got, "running")
        yield service


@contextmanager
def forked(app: str, environment: dict[str, str] | None = None) -> Iterator[ForkedService]:
    """The application under uvicorn in a process that is forked from this one."""
    with ForkedService(app, environment) as service:
        if not service.running:
            raise AssertionError(f"the service ended with {service.wait()}: {last_line(service.output)}")
        yield service


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def content_type(response: Response) -> str:
    """What kind of body the response says it has."""
    return response.headers.get("content-type", "").partition(";")[0]


def open_request(service: ServiceProcess, method: str, path: str) -> http.client.HTTPConnection:
    """A connection on which a request has been sent, and no answer read."""
    connection = http.client.HTTPConnection(LOOPBACK, service.port, timeout=PATIENCE)
    connection.request(method, path)
    return connection


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}
