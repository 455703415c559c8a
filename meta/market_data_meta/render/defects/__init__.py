"""Known defects, one renderer a file."""
