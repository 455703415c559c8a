# uv run --no-project --python 3.11 --with market-data-store==0.6.73 --with market-data-core==1.4.61 sinks-unlike-core.py
import asyncio
from unittest.mock import AsyncMock


async def main() -> tuple[bool, str]:
    from market_data_core.protocols import Sink
    from market_data_store.sinks import BarsSink

    sink: Sink = BarsSink(AsyncMock())  # in place of the database's client
    try:
        await sink.write(items=["a bar"])
        await sink.flush()
    except (TypeError, AttributeError) as error:
        return True, f"Store's BarsSink, called as Core's Sink declares: {error}"
    return False, "Store's BarsSink can be called as Core's Sink declares."


try:
    there, saw = asyncio.run(main())
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
