"""The comparer of signatures: what a caller of the protocol would notice, and nothing else."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from mdc_signatures import call_problems, parsed

APPLY = ["async def apply(adj)"]


def passing_on(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await method(*args, **kwargs)

    return wrapper


class AsDeclared:
    async def apply(self, adj: Any) -> None: ...


class MoreOptional:
    async def apply(self, adj: Any, extra: int = 1, *, quick: bool = False) -> None: ...


class AnyArguments:
    async def apply(self, *args: Any, **kwargs: Any) -> None: ...


class Static:
    @staticmethod
    async def apply(adj: Any) -> None: ...


class ReturnsAwaitable:
    def apply(self, adj: Any) -> Awaitable[None]: ...  # type: ignore[empty-body] # only its signature is looked at


class OnInstance:
    def __init__(self) -> None:
        async def apply(adj: Any) -> None: ...

        self.apply = apply


class Wrapped:
    @passing_on
    async def apply(self, adj: Any) -> None: ...


class OtherName:
    async def apply(self, adjustment: Any) -> None: ...


class WrappedOtherName:
    @passing_on
    async def apply(self, adjustment: Any) -> None: ...


class Synchronous:
    def apply(self, adj: Any) -> None: ...


class PositionalOnly:
    async def apply(self, adj: Any, /) -> None: ...


class KeywordOnly:
    async def apply(self, *, adj: Any) -> None: ...


class MoreRequired:
    async def apply(self, adj: Any, extra: Any) -> None: ...


class NoMethod:
    apply = None


class Absent:
    pass


@pytest.mark.parametrize(
    "kind",
    [AsDeclared, MoreOptional, AnyArguments, Static, ReturnsAwaitable, OnInstance, Wrapped],
    ids=lambda k: k.__name__,
)
def test_what_can_be_called_as_declared_is_silent(kind: type) -> None:
    assert call_problems(kind(), APPLY) == []


@pytest.mark.parametrize(
    "kind",
    [OtherName, WrappedOtherName, Synchronous, PositionalOnly, KeywordOnly, MoreRequired, NoMethod, Absent],
    ids=lambda k: k.__name__,
)
def test_what_cannot_be_called_as_declared_is_a_problem(kind: type) -> None:
    assert call_problems(kind(), APPLY)


class Streams:
    async def swapped(self, instruments: Any, resolution: Any) -> None: ...

    async def stop(self, drain: bool = False) -> None: ...

    async def generator(self, stream: Any, *, group: Any, consumer: Any, block: int = 2) -> AsyncIterator[int]:
        yield 1

    def iterator(self) -> AsyncIterator[int]: ...  # type: ignore[empty-body] # only its signature is looked at

    async def coroutine(self) -> Any: ...


@pytest.mark.parametrize(
    ("line", "fine"),
    [
        ("async def swapped(resolution, instruments)", False),
        ("async def stop(drain=True)", False),
        ("async def stop(drain=False)", True),
        ("async for generator(stream, *, group, consumer)", True),
        ("async for iterator()", True),
        ("async for coroutine()", False),
        ("async def generator(stream, *, group, consumer)", False),
        ("property mode", False),
    ],
)
def test_order_defaults_and_kind_count(line: str, *, fine: bool) -> None:
    assert (call_problems(Streams(), [line]) == []) is fine


def test_a_declaration_reads_back_as_it_is_written() -> None:
    for line in ("async def f(a, b=1, *, c, d='x')", "def get(name)", "async for stream()", "property mode"):
        assert str(parsed(line)) == line
