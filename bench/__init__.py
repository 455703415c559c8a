"""Measurements of what the tool costs, mostly as ratios within one run; ``scripts/bench`` runs a module."""
