"""The gate: candidates against all that they may meet, compared with their predecessors."""
