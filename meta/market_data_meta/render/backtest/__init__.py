"""The backtest of published releases, for terminals and as Markdown."""
