# uv run --no-project --python 3.11 --with market-data-store==0.6.73 --with market-data-core==1.4.61 idle-worker-stops-writing.py
import asyncio
from unittest.mock import AsyncMock


async def main() -> tuple[bool, str]:
    from market_data_store.coordinator import WriteCoordinator

    written, sink = asyncio.Event(), AsyncMock()
    sink.write.side_effect = lambda _batch: written.set()
    coordinator = WriteCoordinator(sink=sink, workers=1, batch_size=1, flush_interval=0.01)
    await coordinator.start()
    await asyncio.sleep(1)  # no data for longer than the flush interval
    await coordinator.submit("late")
    _, waits = await asyncio.wait([asyncio.ensure_future(written.wait())], timeout=15)
    return bool(waits), f"What was submitted after a pause was {'not written in 15 s' if waits else 'written'}."


try:
    there, saw = asyncio.run(main())
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
