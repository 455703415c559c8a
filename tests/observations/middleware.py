"""What works within an HTTP server is handed: a request, what comes next and answers it, a WebSocket."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable
from typing import Any

from collaborators import HANDED

ANSWERS = (200, 404, 503)
"""The statuses that what comes next answers with: well, the caller's fault, its own."""
_SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "server": ("127.0.0.1", 8000),
    "client": ("203.0.113.7", 50000),
    "root_path": "",
    "path": "/abc/7",
    "raw_path": b"/abc/7",
    "query_string": b"q=1",
    "path_params": {"number": "7"},
    "route": types.SimpleNamespace(path="/abc/{number}", name="abc", path_format="/abc/{number}"),
    "headers": [(b"host", b"h.example"), (b"x-request-id", b"abc")],
}


_SOCKETS: list[Any] = []
"""All that there were: as long as they are there, no other one is taken for one of them by its id."""


def is_request(kind: type) -> bool:
    """Whether it is the request of Starlette, whoever offers it."""
    return kind.__module__ == "starlette.requests" and kind.__name__ in ("Request", "HTTPConnection")


def request(kind: Callable[..., Any], path: str = "") -> Any:
    """A request without a body, for a path that has no parameters if there is one."""
    route = types.SimpleNamespace(path=path, name="abc", path_format=path)
    other = {"path": path, "raw_path": path.encode(), "path_params": {}, "route": route} if path else {}
    return kind(dict(_SCOPE, headers=list(_SCOPE["headers"]), **other))


def is_websocket(kind: type) -> bool:
    """Whether it is the WebSocket of Starlette, whoever offers it."""
    return kind.__module__ == "starlette.websockets" and kind.__name__ == "WebSocket"


def websocket(kind: Callable[..., Any]) -> Any:
    """One whose client connects, says something, and goes away; what is sent to it is recorded."""
    messages: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": '{"a": 1}'},
        {"type": "websocket.disconnect", "code": 1001},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if len(messages) > 1 else dict(messages[0])

    async def send(message: dict[str, Any]) -> None:
        await asyncio.sleep(HANDED.note("websocket", (message,), {}))

    scope = dict(_SCOPE, type="websocket", scheme="ws", subprotocols=[], headers=list(_SCOPE["headers"]))
    _SOCKETS.append(kind(scope, receive, send))
    return _SOCKETS[-1]


def next_in_line(status: int) -> Callable[[Any], Awaitable[Any]]:
    """What a middleware calls to have a request answered; a status of 0 stands for one that raises."""
    # Imported here: only what has a middleware has it.
    from starlette.responses import Response

    async def call_next(given: Any) -> Any:
        HANDED.note("call_next", (str(given.url), dict(given.scope.get("state", {}))), {})
        if not status:
            raise RuntimeError("what comes next raises")
        return Response(b"{}", status_code=status, media_type="application/json")

    return call_next
