# uv run --no-project --python 3.11 --with market-data-pipeline==0.8.70 --with market-data-core==1.4.61 paused-provider-goes-on.py
import asyncio
import time


async def main() -> tuple[bool, str]:
    from market_data_pipeline.orchestration.coordinator import RateCoordinator

    clock = iter(range(0, 1_000_000_000, 3600))
    time.time = lambda: next(clock)  # an hour later each time that it is asked for
    rates = RateCoordinator()
    rates.register_provider("ibkr", capacity=10, refill_rate=100)
    await rates.acquire("ibkr", 10)  # its burst is used up
    await rates.set_budget_scale("ibkr", 0.0)  # pauses it, as a hard event does
    done, _ = await asyncio.wait([asyncio.ensure_future(rates.acquire("ibkr"))], timeout=5)
    granted = bool(done) and done.pop().exception() is None
    return granted, f"In an hour a paused provider was granted {'a token' if granted else 'nothing'}."


try:
    there, saw = asyncio.run(main())
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
