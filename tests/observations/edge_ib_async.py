"""A double of the broker behind ib_async: requests are recorded, and answered in the library's own classes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from edge import EDGE
from plausible import MOMENT
from virtual_time import CLOCK

_EXPIRATIONS = ("20240315", "20240419", "20240621")
_STRIKES = (95.0, 100.0, 105.5)
_ACCOUNT = "DU1234567"
_VALUES = (("NetLiquidation", "12345.67"), ("TotalCashValue", "2345.5"), ("BuyingPower", "49382.68"))
_REFUSED = 502
"""ib_async's code of a broker that is not there."""


def _answer(*answer: Any) -> Any:
    """The answer, as the broker is at the moment; without one, what it says when there is nothing to tell."""
    from ib_async.wrapper import RequestError

    mood = EDGE.answer()
    if mood in ("fails", "conflict"):
        raise RequestError(7, 162, "historical market data service error")
    if mood == "silent":
        raise TimeoutError
    if mood in ("refuses", "closes"):
        raise ConnectionError("not connected")
    return answer[-1] if mood == "empty" else answer[0]


async def _connect(self: Any, host: str = "", port: int = 0, clientId: int = 1, *_: Any, **options: Any) -> Any:  # noqa: N803 - the library's name
    EDGE.note(broker="connect", to=[host, port, clientId], options=options)
    if EDGE.mood == "refuses":
        raise ConnectionRefusedError(_REFUSED)
    if EDGE.mood == "silent":
        raise TimeoutError
    self.double_is_connected = True
    return self


def _disconnect(self: Any) -> None:
    EDGE.note(broker="disconnect")
    self.double_is_connected = False


def _is_connected(self: Any) -> bool:
    return bool(getattr(self, "double_is_connected", False)) and EDGE.mood != "closes"


def _ticker(contract: Any, **values: Any) -> Any:
    from ib_async import Ticker

    ticker = Ticker(contract=contract, time=MOMENT)
    # The library takes them for unknown until they have arrived.
    for name, value in values.items():
        setattr(ticker, name, value)
    return ticker


def _quote(_self: Any, contract: Any, *args: Any, **options: Any) -> Any:
    EDGE.note(broker="reqMktData", contract=_shown(contract), args=list(args), options=options)
    prices = {"bid": 101.25, "bidSize": 3.0, "ask": 101.75, "askSize": 4.0, "last": 101.5, "lastSize": 2.0}
    return _answer(_ticker(contract, **prices, close=100.5, volume=1200.0), _ticker(contract))


def _depth(_self: Any, contract: Any, *args: Any, **options: Any) -> Any:
    from ib_async import DOMLevel

    EDGE.note(broker="reqMktDepth", contract=_shown(contract), args=list(args), options=options)
    bids = [DOMLevel(101.25 - number / 4, 3.0 + number, "ARCA") for number in range(3)]
    asks = [DOMLevel(101.75 + number / 4, 4.0 + number, "NSDQ") for number in range(3)]
    return _answer(_ticker(contract, domBids=bids, domAsks=asks), _ticker(contract))


async def _history(_self: Any, contract: Any, *args: Any, **options: Any) -> Any:
    from ib_async import BarData

    EDGE.note(broker="reqHistoricalData", contract=_shown(contract), args=list(args), options=options)
    moments = [MOMENT, MOMENT + dt.timedelta(days=1)]
    bars = [BarData(each, 101.0, 102.25, 100.5, 101.4567 + n, 1200.0, 101.3, 7) for n, each in enumerate(moments)]
    return _answer(bars, [])


async def _options(_self: Any, *args: Any, **options: Any) -> Any:
    from ib_async import OptionChain

    EDGE.note(broker="reqSecDefOptParams", args=list(args), options=options)
    chains = [
        OptionChain(exchange, 7, str(args[0]) if args else "", "100", list(_EXPIRATIONS), list(_STRIKES))
        for exchange in ("CBOE", "SMART")
    ]
    return _answer(chains, [])


async def _qualify(_self: Any, *contracts: Any) -> Any:
    EDGE.note(broker="qualifyContracts", contracts=[_shown(contract) for contract in contracts])
    for contract in contracts:
        contract.conId = contract.conId or 7
    return _answer(list(contracts), [])


def _positions(_self: Any, account: str = "") -> Any:
    from ib_async import Position, Stock

    EDGE.note(broker="positions", account=account)
    own = [Position(_ACCOUNT, Stock("AAPL", "SMART", "USD"), 10.0, 99.5)]
    return _answer([*own, Position(_ACCOUNT, Stock("MSFT", "SMART", "USD"), -2.5, 402.25)], [])


def _account_values(_self: Any, account: str = "") -> Any:
    from ib_async import AccountValue

    EDGE.note(broker="accountValues", account=account)
    return _answer([AccountValue(_ACCOUNT, tag, value, "USD", "") for tag, value in _VALUES], [])


async def _account_summary(self: Any, account: str = "") -> Any:
    return _account_values(self, account)


def _noted(name: str) -> Callable[..., None]:
    def noted(_self: Any, *args: Any, **options: Any) -> None:
        EDGE.note(broker=name, args=[_shown(each) for each in args], options=options)

    return noted


def _wait(_self: Any, timeout: float = 0) -> bool:
    CLOCK.advance(timeout or 1.0)
    return EDGE.mood == "well"


def _shown(contract: Any) -> Any:
    """A contract by what is said in it, and not by what is left open."""
    from ib_async import Contract

    return (
        {name: value for name, value in vars(contract).items() if value} if isinstance(contract, Contract) else contract
    )


def install(module: Any) -> None:
    """Have each client of the library speak to the double: without it nobody listens."""
    doubles = {
        "connectAsync": _connect,
        "disconnect": _disconnect,
        "isConnected": _is_connected,
        "reqMktData": _quote,
        "reqMktDepth": _depth,
        "reqHistoricalDataAsync": _history,
        "reqSecDefOptParamsAsync": _options,
        "qualifyContractsAsync": _qualify,
        "positions": _positions,
        "accountValues": _account_values,
        "accountSummaryAsync": _account_summary,
        "waitOnUpdate": _wait,
    }
    for name in ("cancelMktData", "cancelMktDepth", "reqAccountUpdates", "reqMarketDataType"):
        doubles[name] = _noted(name)
    # The library disconnects whatever is thrown away, whenever that is.
    doubles["__del__"] = lambda self: None
    for name, double in doubles.items():
        setattr(module.IB, name, double)
