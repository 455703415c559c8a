"""``python -m market_data_meta`` is ``mdmeta``."""

import sys

try:
    from market_data_meta.cli import main
except KeyboardInterrupt:
    # Loading takes a moment, and who interrupts it wants no traceback.
    sys.exit(130)

main()
