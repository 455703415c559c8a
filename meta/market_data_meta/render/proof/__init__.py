"""A proof, one renderer a file."""
