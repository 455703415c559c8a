"""Variables are those that code is seen to read; what they do is told as the difference to what is without them."""

from __future__ import annotations

from pathlib import Path

from observations.small_package import observed

READ_IN_CALL = "import os\ndef f(size: int | None = None):\n    return size or os.getenv('SMALL_SIZE', '5')\n"
INCLUDES = """
import json
from pathlib import Path
from pydantic import BaseModel

class Config(BaseModel):
    size: int = 0

def _read(file: Path, known: set) -> dict:
    whole = {}
    if file.resolve() in known:
        return whole
    known.add(file.resolve())
    content = json.loads(file.read_text())
    for name in content.pop("includes", []):
        whole |= _read(file.parent / name, known)
    return whole | content

def load_config(path: str) -> Config:
    return Config(**{"size": 0} | _read(Path(path), set()))
"""
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


def test_a_variable_in_a_file_that_is_set_to_nothing(tmp_path: Path) -> None:
    """What is empty is told from what is not set."""
    text = """
import json, os, re
def load_config(path: str) -> dict[str, object]:
    def value(found: re.Match[str]) -> str:
        return os.environ.get(found[1], found[2] or "")
    return json.loads(re.sub(r"\\$\\{(\\w+):-([^}]*)\\}", value, open(path).read()))
"""
    seen = observed(tmp_path / "a", {"m": text}, "settings")["small.m.load_config[generic.json]"]
    other = observed(tmp_path / "b", {"m": text.replace("(found[1], ", "(found[1]) or (")}, "settings")
    assert seen["returns"]["dict"]["empty variable"] == ""
    assert other["small.m.load_config[generic.json]"]["returns"]["dict"]["empty variable"] == "fallback"


def test_files_of_one_name_in_two_folders_are_two_files(tmp_path: Path) -> None:
    """Each file names others as they are seen from its folder: who knows them by that text takes two for one."""
    seen = observed(tmp_path / "a", {"m": INCLUDES}, "settings")
    by_text = INCLUDES.replace("if file.resolve() in known", "if file.name in known").replace(
        "known.add(file.resolve())", "known.add(file.name)"
    )
    other = observed(tmp_path / "b", {"m": by_text}, "settings")
    sizes = [each["small.m.load_config[of folders.json]"]["returns"]["fields"]["size"] for each in (seen, other)]
    assert sizes == [1, 0]
