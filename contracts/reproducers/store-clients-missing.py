# uv run --no-project --python 3.11 --with market-data-pipeline==0.8.70 --with market-data-store==0.6.73 --with market-data-core==1.4.61 store-clients-missing.py
try:
    from market_data_pipeline import PipelineBuilder, PipelineSpec
    from market_data_store import coordinator  # noqa: F401 - Store is there

    spec = PipelineSpec("tenant", "prices", source="synthetic", symbols=["AAPL"], sink="store")
    try:
        saw = f"A pipeline that writes through Store is built: {PipelineBuilder().build(spec)}"
    except Exception as error:
        saw = f"A pipeline that writes through Store is not built: {error}"
    there = "Install market_data_store" in saw or "AsyncBatchProcessor not installed" in saw
except Exception as error:  # 1 is for the defect alone
    there, saw = 2, f"Not decided: {error!r}"
print(saw)
raise SystemExit(int(there))
