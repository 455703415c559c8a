"""The ledger of releases, rendered."""
