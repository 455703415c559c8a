# uv run --no-project --python 3.11 --with market-data-store==0.6.73 --with market-data-core==1.4.61 restart-ends-worker.py
import asyncio
from unittest.mock import AsyncMock


async def main() -> bool:
    from market_data_store.coordinator import WriteCoordinator
    from psycopg.errors import AdminShutdown

    sink = AsyncMock()  # in place of a BarsSink whose database is restarted
    sink.write.side_effect = [AdminShutdown("terminating connection due to administrator command"), None, None]
    coordinator = WriteCoordinator(sink=sink, workers=1, batch_size=1, flush_interval=60)
    await coordinator.submit_many(["first", "second"])
    await coordinator.start()
    await asyncio.sleep(5)
    return not coordinator.health().workers_alive


try:
    there = asyncio.run(main())
    saw = f"What was submitted after a restart was {'not written: the worker has ended' if there else 'written'}."
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
