"""The complete matrix: every published combination, decided by one run for each combination of contents."""
