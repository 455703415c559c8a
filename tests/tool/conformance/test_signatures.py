"""The comparer of signatures: what a caller of the protocol would notice, and nothing else."""

from __future__ import annotations

import asyncio
import functools
import operator
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from mdc_signatures import call_problems, parsed

if TYPE_CHECKING:
    import asyncio as aio

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


class ReturnsFuture:
    def apply(self, adj: Any) -> asyncio.Future[None]: ...  # type: ignore[empty-body] # only its signature is looked at


class ReturnsTask:
    def apply(self, adj: Any) -> asyncio.Task[None]: ...  # type: ignore[empty-body] # only its signature is looked at


class Handle:
    def __await__(self) -> Any: ...


class ReturnsHandle:
    def apply(self, adj: Any) -> Handle: ...  # type: ignore[empty-body] # only its signature is looked at


class MakesTask:
    def apply(self, adj):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - that it says nothing is the point
        return asyncio.get_running_loop().create_task(self._apply(adj))

    async def _apply(self, adj: Any) -> None: ...


class Forwards:
    def apply(self, adj):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - that it says nothing is the point
        return self._apply(adj)

    async def _apply(self, adj: Any) -> None: ...


class ForwardsToInstance:
    def __init__(self) -> None:
        self._inner = AsDeclared()

    def apply(self, adj):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - that it says nothing is the point
        return self._inner.apply(adj)


def bare(method):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - that it says nothing is the point
    def wrapper(*args, **kwargs):  # type: ignore[no-untyped-def] # noqa: ANN002, ANN003, ANN202 - likewise
        return method(*args, **kwargs)

    return wrapper


class WrappedWithoutAWord:
    @bare  # type: ignore[untyped-decorator]
    async def apply(self, adj: Any) -> None: ...


class ALambda:
    apply = lambda self, adj: self._apply(adj)  # noqa: E731

    async def _apply(self, adj: Any) -> None: ...


class Delegates:
    def __getattr__(self, name: str) -> Any:
        return getattr(AsDeclared(), name)


class ByClass:
    @classmethod
    async def apply(cls, adj: Any) -> None: ...


async def _with_more(extra: Any, adj: Any) -> None: ...


class APartial:
    apply = functools.partial(_with_more, 1)


class APartialMethod:
    async def _with_more(self, extra: Any, adj: Any) -> None: ...

    apply = functools.partialmethod(_with_more, 1)


class Applier:
    async def __call__(self, adj: Any) -> None: ...


class ACallableObject:
    apply = Applier()


class InC:
    apply = staticmethod(operator.itemgetter)


class DelegatesSomethingElse:
    def __getattr__(self, name: str) -> Any:
        return getattr(OtherName(), name)


class DelegatesNothing:
    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class ForwardsToSynchronous:
    def apply(self, adj):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - that it says nothing is the point
        return self._apply(adj)

    def _apply(self, adj: Any) -> None: ...


class ReturnsNothingSaid:
    def apply(self, adj):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - that it says nothing is the point
        return None


class Task:
    """A task of a plan, which nobody awaits."""


class ReturnsAnotherTask:
    def apply(self, adj: Any) -> Task: ...  # type: ignore[empty-body] # only its signature is looked at


class Gathers:
    def apply(self, adj):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - that it says nothing is the point
        return self.gather(adj)

    def gather(self, adj: Any) -> list[int]: ...  # type: ignore[empty-body] # only its signature is looked at


class ReturnsFutureOrNothing:
    def apply(self, adj: Any) -> Awaitable[None] | None: ...


class ReturnsFutureOrTask:
    def apply(self, adj: Any) -> asyncio.Future[None] | asyncio.Task[None]: ...  # type: ignore[empty-body] # as above


class ReturnsWhatTypeCheckersSee:
    def apply(self, adj: Any) -> aio.Task[None]: ...  # type: ignore[empty-body] # only its signature is looked at


class WithoutSource:
    exec("def apply(self, adj): return adj")  # noqa: S102 - so a function is made whose source nobody has


class APartialOfAll:
    apply = functools.partial(_with_more, 1, 2)


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
    [
        *(AsDeclared, MoreOptional, AnyArguments, Static, ReturnsAwaitable, OnInstance, Wrapped),
        *(ReturnsFuture, ReturnsTask, ReturnsHandle, MakesTask, Forwards, ForwardsToInstance, WrappedWithoutAWord),
        *(ALambda, Delegates, ByClass, APartial, APartialMethod, ACallableObject, InC),
        *(ReturnsFutureOrTask, ReturnsWhatTypeCheckersSee, WithoutSource),
    ],
    ids=lambda k: k.__name__,
)
def test_what_can_be_called_as_declared_is_silent(kind: type) -> None:
    assert call_problems(kind(), APPLY) == []


@pytest.mark.parametrize(
    "kind",
    [
        *(OtherName, WrappedOtherName, Synchronous, PositionalOnly, KeywordOnly, MoreRequired, NoMethod, Absent),
        *(DelegatesSomethingElse, DelegatesNothing, ForwardsToSynchronous, ReturnsNothingSaid, ReturnsAnotherTask),
        *(APartialOfAll, Gathers, ReturnsFutureOrNothing),
    ],
    ids=lambda k: k.__name__,
)
def test_what_cannot_be_called_as_declared_is_a_problem(kind: type) -> None:
    assert call_problems(kind(), APPLY)


@pytest.mark.parametrize("kind", [MakesTask, Forwards, ByClass, APartial, Delegates], ids=lambda k: k.__name__)
def test_a_class_is_judged_as_its_instances_are(kind: type) -> None:
    """A class that is not constructed here is looked at as it is; what only an instance knows is no fault of it."""
    assert call_problems(kind, APPLY) == []


class Streams:
    async def swapped(self, instruments: Any, resolution: Any) -> None: ...

    async def stop(self, drain: bool = False) -> None: ...

    async def generator(self, stream: Any, *, group: Any, consumer: Any, block: int = 2) -> AsyncIterator[int]:
        yield 1

    def iterator(self) -> AsyncIterator[int]: ...  # type: ignore[empty-body] # only its signature is looked at

    async def coroutine(self) -> Any: ...

    def forwarded(self, stream):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - that it says nothing is the point
        return self.generator(stream, group=1, consumer=2)

    def numbers(self, block: float = 2.0, *, flag: bool = True) -> None: ...


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
        ("async for forwarded(stream)", True),
        ("def numbers(block=2, *, flag=True)", True),
        ("def numbers(block=3, *, flag=True)", False),
        ("def numbers(block=2, *, flag=1)", False),
    ],
)
def test_order_defaults_and_kind_count(line: str, *, fine: bool) -> None:
    assert (call_problems(Streams(), [line]) == []) is fine


def test_a_declaration_reads_back_as_it_is_written() -> None:
    for line in ("async def f(a, b=1, *, c, d='x')", "def get(name)", "async for stream()", "property mode"):
        assert str(parsed(line)) == line
