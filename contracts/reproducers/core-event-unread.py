# uv run --no-project --python 3.11 --with "market-data-core[bus]==1.4.61" core-event-unread.py
import asyncio
from types import SimpleNamespace


async def main() -> tuple[bool, str]:
    from market_data_core import events, telemetry

    sent, bus = [], events.RedisStreamsBus("redis://nowhere")
    # In place of a connection to a server.
    vars(bus)["_redis"] = SimpleNamespace(xadd=lambda **entry: asyncio.sleep(0, sent.append(entry["fields"]["data"])))
    await bus.publish("any", telemetry.FeedbackEvent(coordinator_id="b", queue_size=9, capacity=10, level="hard", ts=1))
    try:  # What subscribe() does with each entry; an error makes it a dead letter.
        bus._resolve_model(bus.codec.decode_meta_only(sent[0]).schema_id)  # noqa: SLF001 - it has no public name
    except ValueError as error:
        return True, f"Core's Redis bus on the event that it has published itself: {error}"
    return False, "Core's Redis bus reads the event that it has published itself."


try:
    there, saw = asyncio.run(main())
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
