# uv run --no-project --python 3.11 --with market-data-pipeline==0.8.70 --with market-data-core==1.4.61 job-runner-takes-protocol.py
import pathlib
import tempfile

JOB = """version: 2
providers: {made_up: {type: synthetic, enabled: true, seed: 1}}
datasets: {prices: {provider: made_up, symbols: [AAPL], interval: 1min}}
jobs: {live: {dataset: prices, mode: live}}
features: {write_enabled: false}"""
there, saw = 0, "The job ran."
try:
    from market_data_pipeline.jobs.runner import run_job

    path = pathlib.Path(tempfile.mkdtemp(), "job.yaml")
    path.write_text(JOB)
    run_job(str(path), "live")
except Exception as error:  # 1 is for the defect alone
    there, saw = 1 if "Protocols cannot be instantiated" in str(error) else 2, f"The job did not run: {error!r}"
print(saw)
raise SystemExit(there)
