"""Drive an ASGI application in the virtual loop: its lifespan, requests, and the first messages of a websocket."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from describing import Json, class_names
from edge import EDGE
from virtual_time import CLOCK, VirtualLoop, WaitsForever

PATIENCE = 40.0
"""Virtual seconds that a request may take."""
MESSAGES = 6
"""Messages of a websocket, or parts of a stream, that are taken."""


@dataclass
class Request:
    """What is sent: the path as it is written in a URL."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Answer:
    """What came back; ``ended`` says how, where it did not end as an answer does."""

    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    ended: Json = None
    sent: Json = None
    seconds: float = 0.0
    """What went to servers while it was made, and the time that was waited for them."""


class RunningApp:
    """An application whose lifespan has begun; ``started`` says how that went."""

    def __init__(self, app: Any) -> None:
        self._app, self._loop = app, VirtualLoop()
        asyncio.set_event_loop(self._loop)
        _threads_of(self._loop)
        self._to_app: asyncio.Queue[Any] = asyncio.Queue()
        self._from_app: asyncio.Queue[Any] = asyncio.Queue()
        self._lifespan: asyncio.Task[Any] | None = None
        self.started = self._within(self._phase("startup"))

    def stop(self) -> Json:
        """End the lifespan, and say how it ended."""
        return self._within(self._phase("shutdown"))

    def request(self, request: Request) -> Answer:
        """Send a request and take the answer, or the first parts of one that has no end."""
        answer, waited = Answer(), CLOCK.waited
        EDGE.take()
        if ended := self._within(self._exchange(request, answer)):
            answer.ended = ended
        answer.sent = EDGE.take()
        answer.seconds = round(CLOCK.waited - waited, 1)
        return answer

    def websocket(self, path: str, texts: list[str]) -> list[Json]:
        """Connect to a websocket, send these texts, and take the first messages."""
        messages: list[Json] = []
        if ended := self._within(self._conversation(path, texts, messages)):
            messages.append(ended)
        return messages

    def _within(self, work: Coroutine[Any, Any, Any]) -> Json:
        """Let the loop run until the work is done; how it ended, where it did not end well."""
        task = self._loop.create_task(work)
        try:
            return self._loop.run_until_complete(asyncio.wait_for(task, PATIENCE))
        except WaitsForever:
            task.cancel()
            return {"waits": "forever"}
        except TimeoutError as error:
            return {"goes on": f"after {PATIENCE:g} s"} if error.__cause__ else {"raises": class_names(type(error))}
        except (SystemExit, KeyboardInterrupt, Exception) as error:
            return {"raises": class_names(type(error))}

    async def _phase(self, name: str) -> Json:
        if self._lifespan is None:
            scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
            self._lifespan = asyncio.create_task(self._app(scope, self._to_app.get, self._from_app.put))
        await self._to_app.put({"type": f"lifespan.{name}"})
        told = asyncio.create_task(self._from_app.get())
        await asyncio.wait({told, self._lifespan}, return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            told.cancel()
            error = self._lifespan.exception()
            return {"raises": class_names(type(error))} if error else None
        kind = str(told.result()["type"])
        return None if kind.endswith("complete") else {"lifespan": kind}

    async def _exchange(self, request: Request, answer: Answer) -> Json:
        waiting, enough = [{"type": "http.request", "body": request.body, "more_body": False}], asyncio.Event()

        async def receive() -> Any:
            if waiting:
                return waiting.pop(0)
            await enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = [
                    (name.decode().lower(), value.decode("latin-1")) for name, value in message.get("headers", ())
                ]
            elif message["type"] == "http.response.body":
                answer.parts.append(message.get("body", b""))
                if len(answer.parts) >= MESSAGES or not message.get("more_body"):
                    enough.set()

        headers = {"host": "observed", **request.headers}
        scope = _scope("http", request.path, request.query, headers) | {"method": request.method, "scheme": "http"}
        work = asyncio.ensure_future(self._app(scope, receive, send))
        full = asyncio.create_task(enough.wait())
        await asyncio.wait({work, full}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait({work}, timeout=1)
        full.cancel()
        if not work.done():
            work.cancel()
            return {"goes on": "when the client has what it wants"}
        if (error := work.exception()) is not None:
            return {"raises": class_names(type(error))}
        return None

    async def _conversation(self, path: str, texts: list[str], messages: list[Json]) -> Json:
        incoming = [{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": text} for text in texts)]
        enough = asyncio.Event()

        async def receive() -> Any:
            if incoming:
                return incoming.pop(0)
            await enough.wait()
            return {"type": "websocket.disconnect", "code": 1000}

        async def send(message: Any) -> None:
            messages.append({name: value for name, value in message.items() if name not in ("headers", "reason")})
            if len(messages) >= MESSAGES:
                enough.set()

        scope = _scope("websocket", path, "", {"host": "observed"}) | {"subprotocols": [], "scheme": "ws"}
        work = asyncio.ensure_future(self._app(scope, receive, send))
        await asyncio.wait({work}, timeout=PATIENCE / 4)
        enough.set()
        await asyncio.wait({work}, timeout=1)
        if not work.done():
            work.cancel()
            return {"goes on": "when the client is gone"}
        error = work.exception()
        return {"raises": class_names(type(error))} if error else None


def _scope(kind: str, path: str, query: str, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "path": unquote(path),
        "raw_path": quote(path, safe="/%:@!$&'()*+,;=~").encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()],
        "client": ("192.0.2.1", 50_000),
        "server": ("observed", 80),
        "state": {},
    }


def _threads_of(loop: VirtualLoop) -> None:
    """Let anyio run its threads by the loop, which lets no time pass while one is at work."""
    with contextlib.suppress(ImportError):
        import anyio.to_thread

        async def run_sync(function: Callable[..., Any], *args: Any, **_: Any) -> Any:
            context = contextvars.copy_context()
            in_thread: Awaitable[Any] = loop.run_in_executor(None, functools.partial(context.run, function, *args))
            return await in_thread

        anyio.to_thread.run_sync = run_sync
