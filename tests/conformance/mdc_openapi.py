"""Read an app's OpenAPI document, and try the operations in it on generated input."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mdc_asgi import BASE_URL, client_of

# schemathesis imports most of itself at the first document: a second, paid once here and not in every check's process.
with contextlib.suppress(ImportError):
    import schemathesis.specs.openapi.schemas  # noqa: F401

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Answer:
    """What one generated request brought: the operation's label, the status, and what is not as declared."""

    operation: str
    status: int
    complaints: tuple[str, ...] = ()


def explore(app: Any, *, examples: int, leave_out: dict[str, str]) -> list[Answer]:
    """The answers of ``app`` to valid input generated from its own document, a few for each operation."""
    import schemathesis

    answers: list[Answer] = []
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        client = client_of(app)
        schema: Any = schemathesis.openapi.from_dict(app.openapi())
        for result in schema.get_all_operations():
            operation = result.ok()
            if operation.label not in leave_out:
                strategy = operation.as_strategy()
                exchanges = _exchanges(strategy, examples, lambda request: runner.run(client.request(**request)))
                answers += [
                    Answer(operation.label, response.status_code, tuple(_complaints(case, response)))
                    for case, response in exchanges
                ]
        runner.run(client.aclose())
        runner.run(lifespan.__aexit__(None, None, None))
    return answers


def refused(document: dict[str, Any], url: str, *, operations: list[str], examples: int) -> list[Answer]:
    """What a server at ``url`` answers to input that its ``document`` does not allow, a few for each operation.

    The input is generated, so that it need not hold every kind of mistake (see ``mistyped``).
    """
    import schemathesis
    from schemathesis import GenerationMode

    answers: list[Answer] = []
    schema: Any = schemathesis.openapi.from_dict(document)
    with _client_of(url) as client:
        for result in schema.get_all_operations():
            operation = result.ok()
            if operation.label in operations:
                strategy = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
                exchanges = _exchanges(strategy, examples, lambda request: client.request(**request), url)
                # Whether the answer is as declared is no question.
                answers += [Answer(operation.label, response.status_code) for _, response in exchanges]
    return answers


def mistyped(
    document: dict[str, Any], url: str, *, bodies: dict[str, dict[str, Any]], values: list[Any]
) -> list[Answer]:
    """What a server answers to the ``bodies`` (by operation), of which one member has one of the ``values`` instead.

    Only what its ``document`` does not allow is sent.
    """
    import jsonschema

    answers: list[Answer] = []
    content = {label: _body_schema(operation) for label, _, operation in _operations(document)}
    with _client_of(url) as client:
        for label, body in bodies.items():
            allowed = jsonschema.Draft202012Validator({**document, **content[label]})
            method, path = label.split()
            changed = ({**body, name: value} for name in body for value in values)
            answers += [
                Answer(label, client.request(method, path, json=each).status_code)
                for each in changed
                if not allowed.is_valid(each)
            ]
    return answers


def _client_of(url: str) -> Any:
    """A client that connects anew for each request: a server that fails hangs up after the answer, and not at once."""
    import httpx

    return httpx.Client(timeout=60, base_url=url, limits=httpx.Limits(max_keepalive_connections=0))


def _body_schema(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    return schema


def _exchanges(strategy: Any, examples: int, send: Any, url: str = BASE_URL) -> list[tuple[Any, Any]]:
    """So many cases of the strategy, each with the response that sending it has brought."""
    from hypothesis import HealthCheck, Phase, given, settings

    exchanges: list[tuple[Any, Any]] = []

    # The probe never fails: all answers are wanted, and hypothesis would shrink and repeat the first bad one.
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def probe(case: Any) -> None:
        request = case.as_transport_kwargs(base_url=url)
        wanted = ("method", "url", "headers", "params", "json")
        response = send({key: request[key] for key in wanted if request.get(key) is not None})
        exchanges.append((case, response))

    probe()
    return exchanges


def _complaints(case: Any, response: Any) -> Iterator[str]:
    """What schemathesis finds undeclared or unlike its declaration."""
    from schemathesis.specs.openapi import checks

    conformance = [
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    try:
        case.validate_response(response, checks=conformance)
    # schemathesis groups what it finds, and its groups are BaseExceptionGroups.
    except BaseExceptionGroup as group:
        yield from (getattr(failure, "title", type(failure).__name__).lower() for failure in group.exceptions)
    except AssertionError as failure:
        yield getattr(failure, "title", type(failure).__name__).lower()


def document_problems(document: dict[str, Any]) -> tuple[list[str], int]:
    """What is unsound in an OpenAPI document, and how many operations were examined."""
    import jsonschema

    problems, ids = [], []
    operations = list(_operations(document))
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            problems.append(f"schema {name}: {error.message}")
    problems += [f"reference {ref} leads nowhere" for ref in set(_references(document)) if not _resolves(document, ref)]
    for label, path, operation in operations:
        ids.append(operation.get("operationId"))
        declared = {each["name"] for each in operation.get("parameters", []) if each.get("in") == "path"}
        for name in set(re.findall(r"{([^}]+)}", path)) ^ declared:
            problems.append(f"{label}: path parameter {name} is in only one of path and parameters")
        if not operation.get("responses"):
            problems.append(f"{label}: declares no response")
    problems += [f"operation id {each} is used more than once" for each in set(ids) if ids.count(each) > 1]
    return problems, len(operations)


def guards(document: dict[str, Any]) -> list[str]:
    """The operations for which the document demands that who asks says who it is."""
    return [
        label for label, _, operation in _operations(document) if operation.get("security", document.get("security"))
    ]


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", path, item[method]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _resolves(document: dict[str, Any], reference: str) -> bool:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    return reference.startswith("#/") and node is not None
