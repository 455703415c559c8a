"""The files of the backtest: what programs read, and what people read."""

from __future__ import annotations

from pathlib import Path

from market_data_meta.files import write_whole
from market_data_meta.models import json_text
from market_data_meta.render.backtest.markdown import backtest_markdown
from market_data_meta.results.backtest import BacktestResult

NAME = "backtest.json"


def write_backtest(folder: Path, result: BacktestResult) -> None:
    """Write backtest.json and backtest.md into ``folder``."""
    write_whole(folder / NAME, json_text(result))
    write_whole(folder / "backtest.md", backtest_markdown(result))
