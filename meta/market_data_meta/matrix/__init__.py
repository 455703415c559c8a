"""The complete matrix: every published combination, decided by one run for each distinct combination of code."""
