"""The explanation of a clause and the list of clauses, one renderer a file."""
