"""The operations of an application as its OpenAPI document has them, and the requests that each is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from asgi import Request
from compared_words import WORDS
from describing import Json
from json_schemas import plain_schema
from values import samples

METHODS = ("get", "post", "put", "patch", "delete")
TOKEN = "right-token"  # noqa: S105 - made up, and put into the environment of the app
_LISTED = re.compile(r"(\w+)(\|\w+)+")
_PATH_VALUES = {"integer": "3", "number": "2.5", "boolean": "true"}


@dataclass(frozen=True)
class Operation:
    """A method on a path, with what the document says of it; references in it are replaced by what they refer to."""

    method: str
    path: str
    document: Mapping[str, Any]
    security: tuple[Mapping[str, Any], ...]
    words: Mapping[str, Any]
    """The body's schema with its descriptions: they may list what is allowed."""

    @property
    def name(self) -> str:
        """What it is called: how its parameters are named changes nothing for who sends a request."""
        return f"{self.method.upper()} {re.sub(r'{[^}]*}', '{}', self.path)}"

    def parameters(self, place: str) -> list[Mapping[str, Any]]:
        """The parameters in the path, the query or the headers."""
        return [each for each in self.document.get("parameters", ()) if each.get("in") == place]

    def body_schema(self) -> Mapping[str, Any]:
        """The schema of a JSON body; empty if it takes none."""
        schema: Mapping[str, Any] = self.words
        return schema

    def described(self) -> Json:
        """What the document promises of it."""
        said: dict[str, Json] = {"parameters": {}, "responses": {}}
        for number, each in enumerate(self.parameters("path")):
            said["parameters"][f"path {number}"] = plain_schema(each.get("schema", {}), {})
        for place in ("query", "header", "cookie"):
            for each in self.parameters(place):
                shown = {"schema": plain_schema(each.get("schema", {}), {}), "required": each.get("required", False)}
                said["parameters"][f"{place} {each['name']}"] = shown
        if body := self.document.get("requestBody"):
            said["body"] = {
                "required": body.get("required", False),
                "content": plain_schema(body.get("content", {}), {}),
            }
        for status, response in self.document.get("responses", {}).items():
            said["responses"][status] = plain_schema(response, {})
        said["security"] = {
            str(scheme.get("scheme") or scheme.get("name")): scheme.get("in", "header") for scheme in self.security
        }
        said["deprecated"] = self.document.get("deprecated", False)
        return said


def operations_of(document: Mapping[str, Any]) -> list[Operation]:
    """The operations of an OpenAPI document, in its order."""
    definitions = document.get("components", {}).get("schemas", {})
    schemes = document.get("components", {}).get("securitySchemes", {})
    found = []
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                raw = item[method]
                schema = raw.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
                security = tuple(schemes[name] for each in raw.get("security", ()) for name in each if name in schemes)
                plain = {name: _resolved(part, definitions) for name, part in raw.items()}
                found.append(Operation(method, path, plain, security, _resolved(schema, definitions)))
    return found


def _resolved(part: Any, definitions: Mapping[str, Any], depth: int = 0) -> Any:
    """The part with the definitions in the place of the references to them."""
    if isinstance(part, list):
        return [_resolved(each, definitions, depth) for each in part]
    if not isinstance(part, dict):
        return part
    if (reference := part.get("$ref")) is not None:
        name = str(reference).rpartition("/")[2]
        return _resolved(definitions.get(name, {}), definitions, depth + 1) if depth < 6 else {}
    return {name: _resolved(each, definitions, depth) for name, each in part.items()}


def sample_of(schema: Mapping[str, Any], name: str = "", *, full: bool = False) -> Any:  # noqa: C901 - a case for each form
    """A value that a schema allows: the plainest, or one with everything that is optional."""
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            kinds = [each for each in schema[choice] if each.get("type") != "null"]
            return sample_of(kinds[0], name, full=full) if kinds else None
    if schema.get("allOf"):
        return sample_of(schema["allOf"][0], name, full=full)
    if "const" in schema or "enum" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    if schema.get("default") is not None and schema.get("type") not in ("object", "array"):
        return schema["default"]
    if listed := _LISTED.match(schema.get("description", "")):
        return listed.group(1)
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        required = schema.get("required", ())
        fields = {field: part for field, part in schema.get("properties", {}).items() if full or field in required}
        return {field: sample_of(part, field, full=full) for field, part in fields.items()} or (
            {"key": 1} if full else {}
        )
    if kind == "array":
        return [sample_of(schema.get("items", {}), name.removesuffix("s"), full=full)]
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
        return max(3, low + 1) if low is not None and low >= 3 else min(3, high) if high is not None else 3
    if kind == "boolean":
        return True
    if schema.get("format") == "date-time":
        return "2024-03-01T14:30:15Z"
    if schema.get("format") == "date":
        return "2024-03-01"
    found = [] if re.search("path|file|folder", name) else samples(str, name)
    return found[0].make() if found else "abc"


def path_of(operation: Operation, given: Mapping[str, str]) -> str:
    """The path with values for its parameters: those that are given, and else a plain one."""
    path = operation.path
    for each in operation.parameters("path"):
        plain = _PATH_VALUES.get(each.get("schema", {}).get("type", ""), "abc")
        path = path.replace(f"{{{each['name']}}}", quote(given.get(each["name"], plain), safe=""))
    return path


def right_request(operation: Operation, *, full: bool = False, ids: Mapping[str, str] | None = None) -> Request:
    """A request with everything that the operation asks for; ``full`` has what is optional as well."""
    query = {
        each["name"]: _text(sample_of(each.get("schema", {}), each["name"]))
        for each in operation.parameters("query")
        if full or each.get("required")
    }
    headers = {
        each["name"]: _text(sample_of(each.get("schema", {}), each["name"]))
        for each in operation.parameters("header")
        if full or each.get("required")
    }
    request = Request(
        operation.method.upper(),
        path_of(operation, ids or {}),
        urlencode(query),
        headers | credentials(operation, TOKEN),
    )
    return with_body(request, sample_of(operation.body_schema(), full=full)) if operation.body_schema() else request


def right_requests(operation: Operation) -> list[Request]:
    """Right requests with everything: the plainest, and those with another of the values that a member may have."""
    full = right_request(operation, full=True)
    requests = [full]
    if full.body and isinstance(body := json.loads(full.body), dict):
        for name, part in operation.body_schema().get("properties", {}).items():
            listed = _LISTED.match(part.get("description", ""))
            others = part.get("enum") or WORDS.with_name(name) if part.get("type", "string") == "string" else ()
            values = listed.group().split("|")[1:] if listed else others[1:]
            requests += [with_body(full, body | {name: value}) for value in values]
            requests += [with_body(full, {key: value for key, value in body.items() if key != name})]
    return requests


def credentials(operation: Operation, token: str) -> dict[str, str]:
    """The headers that say who asks, by the schemes that the operation names."""
    headers = {}
    for scheme in operation.security:
        if scheme.get("type") == "apiKey" and scheme.get("in") == "header":
            headers[str(scheme["name"])] = token
        elif scheme.get("scheme") == "basic":
            headers["authorization"] = f"Basic {token}"
        else:
            headers["authorization"] = f"Bearer {token}"
    return headers


def with_body(request: Request, body: Any) -> Request:
    """The request with a JSON body."""
    headers = request.headers | {"content-type": "application/json"}
    return Request(request.method, request.path, request.query, headers, json.dumps(body).encode())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def requests_of(operation: Operation, right: Request) -> Iterator[tuple[str, Request]]:
    """The requests that an operation is sent beside the right one, each with what is wrong with it."""
    yield from _of_credentials(operation, right)
    yield from _of_query(operation, right)
    yield from _of_body(operation, right)
    for each in operation.parameters("path"):
        for label, value in (("unknown", "no-such-thing"), ("odd", "ü b%:c")):
            yield (
                f"{label} {operation.parameters('path').index(each)}",
                right_request(operation, ids={each["name"]: value}),
            )
    other = next(method for method in ("PUT", "DELETE", "PATCH", "POST") if method != right.method)
    yield "another method", Request(other, right.path, "", right.headers)
    yield "trailing slash", Request(right.method, right.path + "/", right.query, right.headers, right.body)
    yield "upper case", Request(right.method, right.path.upper(), right.query, right.headers, right.body)
    yield "head", Request("HEAD", right.path, right.query, right.headers)
    asked = {"origin": "https://dashboard.example", "access-control-request-method": right.method}
    yield "preflight", Request("OPTIONS", right.path, "", asked | {"access-control-request-headers": "authorization"})
    yield "other origin", Request(right.method, right.path, right.query, right.headers | asked, right.body)


def _of_credentials(operation: Operation, right: Request) -> Iterator[tuple[str, Request]]:
    if operation.security:
        without = {name: value for name, value in right.headers.items() if name not in credentials(operation, "")}
        for label, headers in (
            ("no credentials", {}),
            ("wrong credentials", credentials(operation, "wrong")),
            (
                "credentials in other case",
                {name: value.lower() for name, value in credentials(operation, TOKEN.upper()).items()},
            ),
            (
                "scheme in lower case",
                {n: v.replace("Bearer", "bearer") for n, v in credentials(operation, TOKEN).items()},
            ),
            ("another scheme", {"authorization": f"Basic {TOKEN}"}),
            ("empty credentials", credentials(operation, "")),
            ("default credentials", credentials(operation, "changeme")),
        ):
            yield label, Request(right.method, right.path, right.query, without | headers, right.body)


def _of_query(operation: Operation, right: Request) -> Iterator[tuple[str, Request]]:
    asked = {each["name"]: each for each in operation.parameters("query")}
    plain = {
        name: _text(sample_of(each.get("schema", {}), name)) for name, each in asked.items() if each.get("required")
    }
    for name in asked:
        variants = {
            "without": None,
            "empty": "",
            "text": "x",
            "negative": "-1",
            "large": "1000000",
            "number": "3",
            "list": "A,B",
        }
        for label, value in variants.items():
            query = {key: part for key, part in plain.items() if key != name} | (
                {name: value} if value is not None else {}
            )
            yield f"{label} {name}", Request(right.method, right.path, urlencode(query), right.headers, right.body)
    yield (
        "surplus query",
        Request(right.method, right.path, urlencode(plain | {"surplus": "1"}), right.headers, right.body),
    )


def _of_body(operation: Operation, right: Request) -> Iterator[tuple[str, Request]]:
    schema = operation.body_schema()
    if not schema:
        return
    body = json.loads(right.body)
    yield "no body", Request(right.method, right.path, right.query, right.headers)
    yield "not json", Request(right.method, right.path, right.query, right.headers, b"{not json")
    yield (
        "another type",
        Request(right.method, right.path, right.query, right.headers | {"content-type": "text/plain"}, right.body),
    )
    yield "a list", with_body(right, [body])
    if not isinstance(body, dict):
        return
    yield "surplus field", with_body(right, body | {"surplus_field": 1})
    for name in schema.get("properties", {}):
        if name in body:
            yield f"without {name}", with_body(right, {key: value for key, value in body.items() if key != name})
        odd: dict[str, Any] = {
            "null": None,
            "object": {"a": 1},
            "text": "x",
            "empty text": "",
            "number": 5,
            "negative": -1,
            "list": ["x", 5],
            "true": True,
        }
        if isinstance(given := body.get(name), str) and re.match(r"\d{4}-\d\d-\d\dT", given):
            moment = given[:19]
            odd |= {"naive": moment, "west": f"{moment}-05:00", "date": given[:10], "epoch": 1_709_303_415}
        for label, value in odd.items():
            yield f"{label} {name}", with_body(right, body | {name: value})
        if isinstance(value := body.get(name, (schema["properties"][name]).get("default")), str):
            yield f"other case {name}", with_body(right, body | {name: value.swapcase()})
