"""HTTP applications: what their documents promise, and what they answer to right and wrong requests, over a life."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import inspect
import json
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from answers import answer_seen, ids_in
from asgi import Answer, Request, RunningApp
from counting import changes_since, samples_now, watch_registries
from describing import Json, describe, masked
from edge import EDGE
from operations import TOKEN, Operation, operations_of, requests_of, right_request, right_requests
from surface import Surface, public_names
from unit import Observation, Unit
from values import argument_cases, samples

_FACTORY = re.compile(r"^(create|make|build|get)_?(\w+_)?app(lication)?$")
_FAILED = 400
_REFUSED = (401, 403)
_SECRETS = re.compile(r"\b([A-Za-z][A-Za-z0-9_]*(?:token|api_key|apikey|secret|password)s?)\b", re.IGNORECASE)
_SERVERS = re.compile(
    r"\b([A-Za-z][A-Za-z0-9_]*(?:database_url|db_url|_dsn|redis_url))\b|\b(database_url|dsn|redis_url)\b", re.IGNORECASE
)


def units(surface: Surface) -> Iterable[Unit]:
    """A unit for each operation and for each life of an application: what one request leaves, no other is to see."""
    with contextlib.suppress(ImportError):
        watch_registries()
    for name, make in _applications(surface).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            app = make()
            operations = _operations(app)
        yield Unit("http", name, functools.partial(_lifespan, name, make))
        for operation in operations:
            yield Unit(
                "http", f"{name} {operation.name}", functools.partial(_operation, name, make, surface, operation)
            )
        for group, members in _groups(operations).items():
            yield Unit(
                "http", f"{name} life of {group or '/'}", functools.partial(_life, name, make, surface, group, members)
            )
        for route in getattr(app, "routes", ()):
            if type(route).__name__.endswith("WebSocketRoute"):
                place = f"{name} WS {re.sub(r'{[^}]*}', '{}', route.path)}"
                yield Unit("http", place, functools.partial(_websocket, place, make, route.path))


def _applications(surface: Surface) -> dict[str, Callable[[], Any]]:
    """What makes each application, by its name: the one that is served, others, and what factories make."""
    found: dict[str, Callable[[], Any]] = {}
    seen: set[int] = set()
    for pattern in (_SECRETS, _SERVERS):
        _names_in_sources(surface.imports, pattern)
    served = str(surface.plan["packages"][surface.package].get("app") or "").replace(":", ".")
    places = [
        (f"{module}.{name}", value) for module, part in surface.modules.items() for name, value in public_names(part)
    ]
    for place, value in sorted(places, key=lambda each: (each[0] != served, each[0].count("."), each[0])):
        kinds = {base.__name__ for base in type(value).__mro__}
        if id(value) in seen or (not kinds & {"FastAPI", "Starlette", "APIRouter"} and not _makes_app(value)):
            continue
        seen.add(id(value))
        if kinds & {"FastAPI", "Starlette"}:
            found[place] = lambda place=place: _attribute(place)
        elif "APIRouter" in kinds:
            if not any(_has_routes_of(_attribute(place), other()) for other in found.values()):
                found[place] = lambda place=place: _around(_attribute(place))
        else:
            found[f"{place}()"] = lambda place=place: _attribute(place)()
    return found


def _is_application(value: Any) -> bool:
    return bool({base.__name__ for base in type(value).__mro__} & {"FastAPI", "Starlette", "APIRouter"})


def _makes_app(value: Any) -> bool:
    if not inspect.isfunction(value) or not _FACTORY.match(value.__name__) or inspect.iscoroutinefunction(value):
        return False
    return all(
        p.default is not p.empty or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        for p in inspect.signature(value).parameters.values()
    )


def _has_routes_of(router: Any, app: Any) -> bool:
    known = {operation.path for operation in _operations(app)}
    return bool(known & {getattr(route, "path", "") for route in router.routes})


def _around(router: Any) -> Any:
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(router)
    return app


def _attribute(place: str) -> Any:
    module, _, name = place.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _operations(app: Any) -> list[Operation]:
    try:
        return operations_of(app.openapi())
    except Exception:
        paths: dict[str, dict[str, Json]] = {
            route.path: {m.lower(): {} for m in getattr(route, "methods", None) or ()}
            for route in getattr(app, "routes", ())
            if hasattr(route, "path")
        }
        return operations_of({"paths": paths})


def _running(make: Callable[[], Any], surface: Surface, operation: Operation | None = None) -> RunningApp:
    """The application in an environment that names secrets, and servers that are not there.

    An application that has read its secrets when it was imported is imported once more.
    """
    warnings.simplefilter("ignore")
    for name in _names_in_sources(surface.imports, _SECRETS):
        os.environ.setdefault(name, TOKEN)
    for name in _names_in_sources(surface.imports, _SERVERS):
        os.environ.setdefault(
            name, "redis://127.0.0.1:1/0" if "REDIS" in name else f"postgresql://user:{TOKEN}@127.0.0.1:1/db"
        )
    _set_collaborators(surface)
    running = RunningApp(make())
    if operation and operation.security and running.request(right_request(operation)).status in _REFUSED:
        running.stop()
        _unregister_metrics()
        for name in [name for name in sys.modules if name.split(".")[0] in surface.imports]:
            del sys.modules[name]
        running = RunningApp(make())
    return running


@functools.cache
def _names_in_sources(imports: tuple[str, ...], pattern: re.Pattern[str]) -> list[str]:
    """Names in the sources that may be variables of the environment, with the prefixes that the same file speaks of."""
    found: set[str] = set()
    for top in imports:
        spec = importlib.util.find_spec(top)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for file in sorted(Path(folder).rglob("*.py")):
                text = file.read_text(errors="replace")
                names = {next(filter(None, match.groups())).upper() for match in pattern.finditer(text)}
                prefixes = {"", *re.findall(r"env_prefix\s*=\s*[\"'](\w+)[\"']", text)}
                found |= {prefix + name for name in names for prefix in prefixes}
    return sorted(found)


def _unregister_metrics() -> None:
    """Make room for the metrics that the modules register when they are imported once more."""
    with contextlib.suppress(ImportError):
        from prometheus_client import REGISTRY

        for collector in list(REGISTRY._collector_to_names):
            if not type(collector).__module__.endswith(("gc_collector", "platform_collector", "process_collector")):
                REGISTRY.unregister(collector)


def _set_collaborators(surface: Surface) -> None:
    """Hand the application what it says that somebody has to set: by functions whose names begin with ``set_``."""
    for module in surface.modules.values():
        names = dict(public_names(module))
        if not any(_is_application(value) for value in names.values()):
            continue
        for name, value in names.items():
            if name.startswith("set_") and inspect.isfunction(value) and len(inspect.signature(value).parameters) == 1:
                wanted = name.removeprefix("set_").replace("_", "")
                kinds = [each.value for each in surface.objects() if each.value.__name__.lower().endswith(wanted)]
                for kind in (kind for kind in kinds if isinstance(kind, type)):
                    with contextlib.suppress(Exception):
                        value(argument_cases(kind)[0].call(kind))


def _lifespan(name: str, make: Callable[[], Any]) -> Iterator[Observation]:
    warnings.simplefilter("ignore")

    def lived() -> Json:
        running = RunningApp(make())
        return {"start": running.started, "stop": running.stop()}

    yield f"{name}[lifespan]", lived
    yield f"{name}[lifespan again]", lived
    yield f"{name}[unknown path]", lambda: answer_seen(RunningApp(make()).request(Request("GET", "/no-such-path")))
    yield (
        f"{name}[documents]",
        lambda: {
            path: RunningApp(make()).request(Request("GET", path)).status
            for path in ("/docs", "/redoc", "/openapi.json")
        },
    )
    yield f"{name}[title]", lambda: masked(str(getattr(make(), "title", "")))


def _operation(name: str, make: Callable[[], Any], surface: Surface, operation: Operation) -> Iterator[Observation]:
    place = f"{name} {operation.name}"
    yield f"{place}[openapi]", operation.described
    if operation.security:
        yield f"{place}[as it is by default]", lambda: answer_seen(RunningApp(make()).request(right_request(operation)))
    running = _running(make, surface, operation)
    plain, full = right_request(operation), right_request(operation, full=True)
    before = samples_now()
    answers = {"plain": running.request(plain)}
    counted = changes_since(before)
    answers["full"] = running.request(full) if full != plain else answers["plain"]
    for label, answer in answers.items():
        yield f"{place}[{label}]", lambda answer=answer: answer_seen(answer)
    yield f"{place}[counted]", lambda: counted
    right = _accepted(running, operation) if _is_refused(answers["plain"]) else plain
    for label, request in requests_of(operation, right):
        yield f"{place}[{label}]", lambda request=request: answer_seen(running.request(request))
    yield f"{place}[counted in all]", lambda: changes_since(before)
    if running.request(right).sent:
        for mood in ("refuses", "fails", "fails once", "silent", "empty"):
            yield f"{place}[the server behind it {mood}]", lambda mood=mood: _in_mood(running, right, mood)


def _in_mood(running: RunningApp, request: Request, mood: str) -> Json:
    with EDGE.being(mood):
        return answer_seen(running.request(request))


def _accepted(running: RunningApp, operation: Operation) -> Request:
    """The first request that is not refused, of those with other values where the document lists some."""
    requests = right_requests(operation)
    return next((request for request in requests if not _is_refused(running.request(request))), requests[0])


def _is_refused(answer: Answer) -> bool:
    return answer.status is None or answer.status >= _FAILED


def _groups(operations: list[Operation]) -> dict[str, list[Operation]]:
    """The operations that work on the same things, by what their paths begin with."""
    static = {operation.path.partition("{")[0].rstrip("/") for operation in operations}
    groups: dict[str, list[Operation]] = {}
    for operation in operations:
        own = operation.path.partition("{")[0].rstrip("/")
        shortest = min(
            (each for each in static if each and (own == each or own.startswith(each + "/"))), key=len, default=""
        )
        parent = shortest.rpartition("/")[0]
        groups.setdefault(parent if parent and shortest == own and operation.path == own else shortest, []).append(
            operation
        )
    return {group: members for group, members in groups.items() if any(each.method != "get" for each in members)}


def _life(
    name: str, make: Callable[[], Any], surface: Surface, group: str, members: list[Operation]
) -> Iterator[Observation]:
    """Each change twice, and after each all that can be read; ids are taken from what was sent and answered."""
    running, ids = _running(make, surface, next((each for each in members if each.security), None)), dict[str, str]()
    place = f"{name} life of {group or '/'}"
    order = {"post": 0, "put": 1, "patch": 2, "delete": 3}
    changes = sorted((each for each in members if each.method != "get"), key=lambda each: order[each.method])
    readers = [each for each in members if each.method == "get"]

    def step(operation: Operation) -> Json:
        request = right_request(operation, ids=ids)
        answer = running.request(request)
        if _is_refused(answer) and request.body:
            request = _accepted(running, operation)
            answer = running.request(request)
        if operation.method == "post":
            with contextlib.suppress(ValueError):
                ids.update(ids_in(json.loads(request.body or b"{}")))
            with contextlib.suppress(ValueError):
                ids.update(ids_in(json.loads(b"".join(answer.parts) or b"{}")))
        return answer_seen(answer)

    for change in changes:
        for time in ("first", "again"):
            yield f"{place}[{change.name} {time}]", lambda change=change: step(change)
            for reader in readers:
                yield f"{place}[{reader.name} after {change.name} {time}]", lambda reader=reader: step(reader)
    yield f"{place}[end]", running.stop


def _websocket(place: str, make: Callable[[], Any], path: str) -> Iterator[Observation]:
    warnings.simplefilter("ignore")
    parameters = re.findall(r"{(\w+)[^}]*}", path)
    filled = re.sub(r"{(\w+)[^}]*}", lambda match: str(samples(str, match.group(1))[0].make()), path)
    yield f"{place}[first messages]", lambda: describe(RunningApp(make()).websocket(filled, []))
    yield (
        f"{place}[answers]",
        lambda: describe(
            RunningApp(make()).websocket(filled, ["ping", '{"type": "subscribe", "symbol": "AAPL"}', "{}"])
        ),
    )
    if parameters:
        yield (
            f"{place}[unknown]",
            lambda: describe(RunningApp(make()).websocket(re.sub(r"{[^}]*}", "no-such-thing", path), [])),
        )
