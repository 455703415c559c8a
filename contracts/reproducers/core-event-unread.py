# uv run --no-project --python 3.11 --with "market-data-core[bus]==1.4.61" core-event-unread.py
import asyncio
from types import SimpleNamespace


async def main() -> tuple[bool, str]:
    from market_data_core import events, telemetry

    sent, bus = [], events.RedisStreamsBus("redis://nowhere")
    bus._redis = SimpleNamespace(xadd=lambda name, fields: asyncio.sleep(0, sent.append(fields["data"])))  # no server
    event = telemetry.FeedbackEvent(coordinator_id="bars", queue_size=9, capacity=10, level="hard", ts=1.0)
    await bus.publish("telemetry.feedback", event)
    try:  # What subscribe() does with each entry; an error makes it a dead letter.
        bus._resolve_model(bus.codec.decode_meta_only(sent[0]).schema_id)
    except ValueError as error:
        return True, f"Core's Redis bus on the event that it has published itself: {error}"
    return False, "Core's Redis bus reads the event that it has published itself."


try:
    there, saw = asyncio.run(main())
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
