"""What the services' OpenAPI documents say, held against what the services do."""

from __future__ import annotations

from typing import Any

import pytest

from mdc_asgi import app_of, configure_store, serving
from mdc_openapi import Answer, document_problems, explore
from mdm_clause import ClauseCheck
from mdm_plan import Plan


def explored(clause: ClauseCheck, plan: Plan, package: str) -> list[Answer]:
    """The answers of the package's app, as far as the clause wants it tried."""
    return explore(app_of(plan, package), examples=clause.expect["examples"], leave_out=clause.expect["leave_out"])


def no_server_error(clause: ClauseCheck, answers: list[Answer]) -> None:
    """Hold if no answer is a server error."""
    errors = {f"{each.operation}: {each.status}" for each in answers if each.status >= clause.expect["below"]}
    clause.none("server errors on valid input", sorted(errors), examined=len(answers))


def as_declared(clause: ClauseCheck, answers: list[Answer]) -> None:
    """Hold if every answer below a server error is as the document declares it."""
    complaints = {
        f"{each.operation}: {each.status}, {complaint}"
        for each in answers
        if each.status < clause.expect["below"]
        for complaint in each.complaints
    }
    clause.none("answers that are not as declared", sorted(complaints), examined=len(answers))


async def document_of(plan: Plan, package: str) -> Any:
    """The OpenAPI document as a client gets it."""
    async with serving(app_of(plan, package)) as client:
        return (await client.get("/openapi.json")).json()


async def test_pipeline_document(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline's OpenAPI document is sound: its schemas are valid, its references resolve, its operation ids are
    unique and its path parameters declared.
    """
    problems, examined = document_problems(await document_of(plan, "pipeline"))
    clause.none("what is unsound in Pipeline's document", problems, examined=examined)


async def test_store_document(clause: ClauseCheck, plan: Plan) -> None:
    """Store's OpenAPI document is sound: its schemas are valid, its references resolve, its operation ids are unique
    and its path parameters declared.
    """
    problems, examined = document_problems(await document_of(plan, "store"))
    clause.none("what is unsound in Store's document", problems, examined=examined)


def test_pipeline_no_server_error(clause: ClauseCheck, plan: Plan) -> None:
    """No operation of Pipeline answers valid input with a server error."""
    no_server_error(clause, explored(clause, plan, "pipeline"))


def test_store_no_server_error(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """No operation of Store answers valid input with a server error."""
    configure_store(monkeypatch, "sqlite://")
    no_server_error(clause, explored(clause, plan, "store"))


def test_pipeline_answers_as_declared(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline's answers are what its OpenAPI document declares: status, content type and body."""
    as_declared(clause, explored(clause, plan, "pipeline"))


def test_store_answers_as_declared(clause: ClauseCheck, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store's answers are what its OpenAPI document declares: status, content type and body."""
    configure_store(monkeypatch, "sqlite://")
    as_declared(clause, explored(clause, plan, "store"))


async def test_pipeline_refuses_malformed(clause: ClauseCheck, plan: Plan) -> None:
    """Pipeline refuses a malformed request for a pipeline with 422 and starts nothing."""
    expect = clause.expect
    bodies = [{}, *(expect["valid"] | change for change in expect["changes"])]
    async with serving(app_of(plan, "pipeline")) as client:
        let_in = []
        for body in bodies:
            status = (await client.post(expect["path"], json=body)).status_code
            if status != expect["status"]:
                let_in.append(f"{body}: {status}")
        running = (await client.get(expect["path"])).json()
    clause.none("malformed requests that were not refused", let_in, examined=len(bodies))
    clause.equal("pipelines that run afterwards", running, [])
