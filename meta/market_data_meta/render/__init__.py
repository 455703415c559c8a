"""Renderers: one small file each. They show a report; they know nothing of how it came about."""
