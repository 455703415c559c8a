# uv run --no-project --python 3.11 --with market-data-store==0.6.24 --with market-data-core==1.4.61 --with httpx metrics-on-private-registry.py
# without it: uv run --no-project --python 3.11 --with market-data-store==0.6.25 --with market-data-core==1.4.61 --with httpx metrics-on-private-registry.py
try:
    from datastore.service.app import app
    from market_data_store.coordinator import WriteCoordinator  # noqa: F401 - brings the coordinators' metrics along
    from starlette.testclient import TestClient

    page = TestClient(app).get("/metrics").raise_for_status().text
    there = "# TYPE mds_coord_queue_depth gauge" not in page
    saw = f"The depth of the coordinators' queues is {'missing from' if there else 'on'} Store's /metrics page."
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
