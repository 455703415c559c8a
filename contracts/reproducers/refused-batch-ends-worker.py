# uv run --no-project --python 3.11 --with market-data-store==0.6.73 --with market-data-core==1.4.61 refused-batch-ends-worker.py
import asyncio
from unittest.mock import AsyncMock


async def main() -> bool:
    from market_data_store.coordinator import WriteCoordinator
    from psycopg.errors import StringDataRightTruncation

    sink = AsyncMock()  # in place of a BarsSink whose database refuses the first bar
    sink.write.side_effect = [StringDataRightTruncation("value too long for type character varying(50)"), None, None]
    coordinator = WriteCoordinator(sink=sink, workers=1, batch_size=1, flush_interval=60)
    await coordinator.submit_many(["first", "second"])
    await coordinator.start()
    await asyncio.sleep(5)
    return not coordinator.health().workers_alive


try:
    there = asyncio.run(main())
    saw = f"What was submitted behind a refused bar was {'not written: the worker has ended' if there else 'written'}."
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
