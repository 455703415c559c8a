"""``python -m market_data_meta`` is ``mdmeta``."""

from market_data_meta.cli import main

main()
