"""The history of a clause, one renderer a file."""
