"""Variables are those that code is seen to read; what they do is told as the difference to what is without them."""

from __future__ import annotations

from pathlib import Path

from observations.small_package import observed

READ_IN_CALL = "import os\ndef f(size: int | None = None):\n    return size or os.getenv('SMALL_SIZE', '5')\n"
READ_AT_IMPORT = "import os\nLIMIT = int(os.environ.get('SMALL_LIMIT', '3'))\nOTHER = 1\n"


def test_a_variable_that_a_call_reads(tmp_path: Path) -> None:
    """A call is repeated with each spelling of the variables that it read, and with arguments beside them."""
    seen = observed(tmp_path, {"m": READ_IN_CALL}, "settings")
    assert seen["small.m.f[]"] == {"returns": "5"}
    assert seen["small.m.f[SMALL_SIZE=true]"] == {"returns": "true"}
    assert seen["small.m.f[SMALL_SIZE and size=3]"] == "as without it"


def test_a_variable_that_an_import_reads(tmp_path: Path) -> None:
    """A module that reads a variable is imported anew with each spelling of it: what else it has is not told."""
    seen = observed(tmp_path, {"m": READ_AT_IMPORT}, "settings")
    assert seen["small.m[SMALL_LIMIT=70000]"] == {"returns": {"LIMIT": {"value": 70000}}}
    assert seen["small.m[SMALL_LIMIT=true]"]["raises"][0] == "ValueError"


def test_what_reads_no_variable_has_no_line(tmp_path: Path) -> None:
    """Who only names the environment without reading it when called is not told."""
    assert observed(tmp_path, {"m": "import os\ndef f():\n    return len(os.environ) > 0\n"}, "settings") == {}
