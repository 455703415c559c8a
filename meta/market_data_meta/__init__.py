"""Which releases of market-data-core, -pipeline and -store work together: run, judge, report."""

__version__ = "0.1.0"
