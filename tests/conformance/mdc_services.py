"""Start a service as its documents say or forked from this process, and look at what both services must do alike."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

from mdc_forked_service import ForkedService
from mdc_metrics import exposed
from mdc_ports import LOOPBACK
from mdc_process import PATIENCE, ServerError
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


def answers_as(clause: ClauseCheck, service: ServiceProcess, paths: dict[str, str]) -> dict[str, Response]:
    """The answers on these paths, which must have the clause's status and these types of content."""
    answers = {path: service.get(path) for path in paths}
    clause.equal(
        "statuses",
        {path: answer.status for path, answer in answers.items()},
        dict.fromkeys(paths, clause.expect["status"]),
    )
    clause.equal("content types", {path: content_type(answer) for path, answer in answers.items()}, paths)
    clause.that("samples on /metrics", bool(exposed(answers["/metrics"].text)), expected="some", got="none")
    return answers


def secrets_in_output(clause: ClauseCheck, plan: Plan, settings: dict[str, str]) -> None:
    """Hold if what Store writes with these settings while it is asked for its health holds none of the secrets."""
    with ServiceProcess("-m", "uvicorn", app(plan, "store"), "--port", "{port}", environment=settings) as service:
        if service.running:
            statuses = [service.get(path).status for path in clause.expect["paths"]]
            service.terminate()
            service.wait()
        else:
            statuses = []
        output = service.output
    if statuses and str(statuses[-1]) not in output:
        raise ServerError(f"the service's output does not tell of its requests: {output[-500:]}")
    secrets = [secret for secret in ("password", "token") if clause.expect[secret] in output]
    clause.none("secrets in Store's output", secrets, examined=len(output.splitlines()))


def ended_as_expected(clause: ClauseCheck, code: int | None) -> None:
    """Hold if a service has ended, and with an exit code that the clause expects."""
    got = "it did not end" if code is None else code
    clause.that("exit code", code in clause.expect["exit_codes"], expected=clause.expect["exit_codes"], got=got)


def ends_and_starts_again(clause: ClauseCheck, service: ServiceProcess, path: str, status: int) -> None:
    """Hold if the service ends as the clause expects, and serves the path after another start on its port."""
    ended_as_expected(clause, service.wait())
    service.start_again()
    clause.that("the service", service.running, expected="starts on its port", got=last_line(service.output))
    clause.equal("status after another start", service.get(path).status, status)


def refuses_unknown(clause: ClauseCheck, service: ServiceProcess) -> None:
    """Hold if the service answers 404 and 405 to what the clause says it does not have."""
    expect, problems = clause.expect, []
    for method, path in expect["unknown"]:
        answer = service.request(method, path)
        if (answer.status, content_type(answer)) != (404, expect["content_type"]):
            problems.append(f"{method} {path}: {answer.status} {content_type(answer)}")
    for path, method in expect["disallowed"].items():
        answer = service.request(method, path)
        allowed = answer.headers.get("allow", "")
        if answer.status != 405 or not allowed or method in allowed:
            problems.append(f"{method} {path}: {answer.status}, Allow {allowed!r}")
    clause.none("requests that were not refused", problems, examined=len(expect["unknown"]))
