"""What is published: the index, the ledger of releases, their requirements, contents and combinations."""
