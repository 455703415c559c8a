# uv run --no-project --python 3.11 --with market-data-store==0.6.73 --with market-data-core==1.4.61 --with httpx payload-lacks-source-and-time.py
import asyncio


async def main() -> tuple[bool, str]:
    import httpx
    from market_data_core.telemetry import BackpressureLevel, FeedbackEvent
    from market_data_store import coordinator

    bodies: list[bytes] = []
    service = httpx.MockTransport(lambda request: bodies.append(request.content) or httpx.Response(204))
    httpx.AsyncHTTPTransport.handle_async_request = service.handle_async_request  # a service at the other end
    broadcaster = coordinator.HttpFeedbackBroadcaster("http://service/feedback")
    await broadcaster.start()
    await broadcaster.broadcast_one(coordinator.FeedbackEvent.create("bars", 9, 10, BackpressureLevel.hard))
    lacking = [name for name in FeedbackEvent.model_fields if f'"{name}":'.encode() not in bodies[0]]
    return bool(lacking), f"What Store POSTs lacks {' and '.join(lacking) or 'nothing'} of Core's event."


try:
    there, saw = asyncio.run(main())
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
