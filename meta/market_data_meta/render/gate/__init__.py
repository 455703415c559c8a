"""A gate, one renderer a file."""
