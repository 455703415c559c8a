# uv run --no-project --python 3.11 --with market-data-store==0.6.73 --with market-data-pipeline==0.8.70 --with market-data-core==1.4.61 envelope-in-envelope.py
import asyncio


async def main() -> tuple[bool, str]:
    from market_data_core import events, telemetry
    from market_data_pipeline import orchestration, pulse, settings
    from market_data_store import pulse as store

    bus, ended = events.InMemoryBus(), asyncio.Future()
    bus.ack = bus.fail = lambda *how: asyncio.sleep(0, ended.set_result("".join(how[2:])))  # stream, id, reason
    pulse.consumer.create_event_bus = store.publisher.create_event_bus = lambda **_: bus  # both services on one bus
    await store.FeedbackPublisherService().publish_feedback("bars", 9, 10, telemetry.BackpressureLevel.hard)
    rates = orchestration.feedback.RateCoordinatorAdapter(orchestration.coordinator.RateCoordinator())
    worker = pulse.FeedbackConsumer(rates, settings.feedback.PipelineFeedbackSettings(), pulse.PulseConfig()).run("w")
    await asyncio.wait([ended, asyncio.ensure_future(worker)], timeout=60, return_when="FIRST_COMPLETED")
    return bool(ended.result()), f"Pipeline's complaint about what Store sent: {ended.result() or 'none'}"


try:
    there, saw = asyncio.run(main())
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
