"""The report of judged records, one renderer a file."""
