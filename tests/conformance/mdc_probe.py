"""What is asked of a clean install, by its own interpreter: run as a script there, it answers in JSON.

Standard library only, as the install has the package, what that declares, and nothing else. ``mdc_release`` asks.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from importlib.metadata import Distribution, distribution, distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_ENDED = {"missing": None, "text": "the process ended"}


def facts(name: str, *tops: str) -> dict[str, Any]:
    """Describe the distribution as it is installed, without importing it."""
    dist = distribution(name)
    specs = {top: find_spec(top) for top in tops}
    return {
        "metadata": dist.read_text("METADATA") or "",
        "scripts": {entry.name: entry.value for entry in dist.entry_points if entry.group == "console_scripts"},
        "files": [
            {
                "path": file.as_posix(),
                "location": str(dist.locate_file(file)),
                "sha256": file.hash.value if file.hash and file.hash.mode == "sha256" else None,
            }
            for file in dist.files or ()
        ],
        "folders": {top: list(spec.submodule_search_locations or ()) for top, spec in specs.items() if spec},
        "site": str(dist.locate_file("")),
        "others": {other.metadata["Name"]: _paths(other) for other in distributions() if not _same(other, dist)},
    }


def _paths(dist: Distribution) -> list[str]:
    return [file.as_posix() for file in dist.files or ()]


def _same(one: Distribution, other: Distribution) -> bool:
    return one.metadata["Name"] == other.metadata["Name"]


def imports(*names: str) -> dict[str, Any]:
    """Import the modules in this order; what failed, by module."""
    return {name: error for name in names if (error := _imported(name))}


def modules(*tops: str) -> dict[str, Any]:
    """Import each module of the packages; what failed, by module."""
    examined = 0
    failed: dict[str, Any] = {}
    for top in tops:
        names = sorted(_modules(top))
        examined += len(names)
        answer = _forked(partial(_failed, top, names))
        failed |= {top: answer} if answer == _ENDED else answer
    return {"examined": examined, "failed": failed}


def _modules(top: str) -> Iterable[str]:
    spec = find_spec(top)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        for path in Path(location).rglob("*.py"):
            parts = path.relative_to(Path(location).parent).with_suffix("").parts
            if parts[-1] != "__main__":
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _failed(top: str, names: list[str]) -> dict[str, Any]:
    """Import the modules of one package; what failed by itself.

    A module that fails is tried again in a process of its own: what an earlier module left half imported (a metric
    registered twice, say) must not be held against it.
    """
    if error := _imported(top):
        return {top: error}
    suspects = _forked(partial(_first_failed, names))
    alone = {name: _forked(partial(_imported, name)) for name in (names if suspects == _ENDED else suspects)}
    return {name: error for name, error in alone.items() if error}


def _first_failed(names: list[str]) -> list[str]:
    """Import the modules in order; which failed, without those inside of a package that already has."""
    failed: list[str] = []
    for name in names:
        if not any(name.startswith(f"{package}.") for package in failed) and _imported(name):
            failed.append(name)
    return failed


def _imported(name: str) -> dict[str, Any] | None:
    try:
        import_module(name)
    except BaseException as error:  # noqa: BLE001 - a module body may also exit
        # The first sentence, without the folder that ImportError adds: the rest differs between machines and releases.
        text = re.sub(r"(\. | [(]).*", "", (str(error).strip().splitlines() or [""])[0])
        return {"missing": _missing(error), "text": f"{type(error).__name__}: {text}"}
    return None


def _missing(error: BaseException | None) -> str | None:
    """Find the module whose absence the error comes from, also where it was raised as another one with a hint."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError):
            return error.name
        error = error.__cause__ or error.__context__
    return None


def _forked(work: Callable[[], Any]) -> Any:
    """Return what ``work`` returns in a child, so that this process stays as it was."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(read)
            with os.fdopen(write, "w") as pipe:
                json.dump(work(), pipe)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(said) if said else _ENDED


def value(path: str) -> dict[str, Any]:
    """Give the text at ``package.module:name.name``, or what importing it came to."""
    module, _, attributes = path.partition(":")
    if error := _imported(module):
        return {"value": None, "error": error["text"]}
    found: Any = sys.modules[module]
    for attribute in attributes.split("."):
        found = getattr(found, attribute, None)
    return {"value": None if found is None else str(found), "error": None}


def get(application: str, path: str) -> str:
    """Ask the ASGI application at ``package.module:name`` for ``path``, in process; the body of its answer."""
    # Here and not at the top: what it brings along must not be there already when a package is imported.
    import asyncio

    module, _, name = application.partition(":")
    app = getattr(import_module(module), name)
    sent: list[dict[str, Any]] = []

    async def exchange() -> None:
        requests, answered = [{"type": "http.request", "body": b"", "more_body": False}], asyncio.Event()

        async def receive() -> dict[str, Any]:
            if requests:
                return requests.pop()
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"}
        scope |= {"scheme": "http", "path": path, "root_path": "", "query_string": b"", "headers": []}
        async with app.router.lifespan_context(app):
            await app(scope, receive, send)

    asyncio.run(exchange())
    return b"".join(message.get("body", b"") for message in sent).decode()


def main() -> None:
    """Answer ``COMMAND ARGUMENT…`` on the standard output, which the packages' own printing does not reach."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    command, *arguments = sys.argv[1:]
    questions: dict[str, Callable[..., Any]] = {
        "facts": facts,
        "get": get,
        "imports": imports,
        "modules": modules,
        "value": value,
    }
    result = questions[command](*arguments)
    with answer:
        json.dump(result, answer)


if __name__ == "__main__":
    main()
