"""A new clause, rendered."""
