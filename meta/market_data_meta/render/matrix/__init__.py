"""The complete matrix, one renderer a file."""
