"""Values that the tests of the tool share."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = "5" * 64
VERSIONS = {"core": "1.4.61", "pipeline": "0.8.70", "store": "0.6.73"}
