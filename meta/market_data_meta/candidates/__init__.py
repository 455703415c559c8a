"""Candidates: unreleased builds of a package, from wherever they come, made into a wheel."""
