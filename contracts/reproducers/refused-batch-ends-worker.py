# uv run --no-project --python 3.11 --with market-data-store==0.6.73 --with market-data-core==1.4.61 refused-batch-ends-worker.py
import asyncio
from unittest.mock import AsyncMock

from psycopg.errors import StringDataRightTruncation


async def main() -> tuple[bool, str]:
    from market_data_store.coordinator import WriteCoordinator

    sink = AsyncMock()  # in place of a BarsSink, whose database refuses the first of two bars for good
    sink.write.side_effect = [StringDataRightTruncation("value too long for type character varying(50)"), None]
    coordinator = WriteCoordinator(sink=sink, workers=1, batch_size=1, flush_interval=60)
    await coordinator.submit_many(["refused", "good"])
    await coordinator.start()
    for _ in range(300):
        await asyncio.sleep(0.05)
        if sink.write.await_count == 2 or not coordinator.health().workers_alive:
            break
    there = sink.write.await_count == 1
    return there, f"What was behind a refused batch was {'not written: the worker has ended' if there else 'written'}."


try:
    there, saw = asyncio.run(main())
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
