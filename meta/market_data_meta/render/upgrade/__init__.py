"""The answer of mdmeta upgrade, one renderer a file."""
