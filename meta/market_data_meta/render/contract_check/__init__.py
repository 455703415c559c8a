"""The check of the contract, rendered."""
