"""Metadata, the process and command lines are observed without what may change unnoticed."""

from __future__ import annotations

from pathlib import Path

from observations.small_package import METADATA, observed

PROGRAM = """
import argparse
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=3)
    parser.add_argument("file")
    arguments = parser.parse_args()
    print({arguments.size})
"""
SCRIPTS = "[console_scripts]\nsmall = small.m:main\nbroken = small.m\n"


def test_a_wider_requirement_gains_versions(tmp_path: Path) -> None:
    """An older version that is admitted as well is a member more; a requirement that is moved to an extra is gone."""
    narrow = observed(tmp_path / "a", {}, "metadata", METADATA=f"{METADATA}Requires-Dist: click>=8\n")
    wide = observed(tmp_path / "b", {}, "metadata", METADATA=f"{METADATA}Requires-Dist: click>=7\n")
    moved = f"{METADATA}Provides-Extra: cli\nRequires-Dist: click>=8; extra == 'cli'\n"
    (key,) = (key for key in narrow if key.endswith("requirement click"))
    assert narrow[key]["always"]["versions"].items() < wide[key]["always"]["versions"].items()
    assert set(observed(tmp_path / "c", {}, "metadata", METADATA=moved)[key]) == {"extra cli"}


def test_an_import_that_changes_the_process(tmp_path: Path) -> None:
    """What an import changes for others is told, and that it changes nothing is told as well."""
    assert observed(tmp_path / "a", {"__init__": "x = 1\n"}, "process")["import small"] == {"returns": "nothing"}
    setting = "import logging, os\nos.environ['TZ'] = 'Asia/Tokyo'\nlogging.getLogger().handlers.clear()\n"
    seen = observed(tmp_path / "b", {"__init__": setting}, "process")["import small"]
    assert [name for name, _ in seen["returns"]] == ["environment", "root logger"]


def test_the_parameters_of_a_program(tmp_path: Path) -> None:
    """A program's parameters are read from its parser, and its command lines are run."""
    seen = observed(tmp_path, {"m": PROGRAM}, "cli", **{"entry_points.txt": SCRIPTS})
    assert seen["small"]["parameters"]["size"]["default"] == 3
    assert seen["small[]"] == {"exit": 2, "tells": True}
    assert seen["small[plain, servers: well]"]["exit"] == 0
    assert seen["broken[]"]["raises"][0] == "TypeError"


def test_a_program_that_is_a_coroutine_is_run_in_a_loop(tmp_path: Path) -> None:
    text = PROGRAM.replace("def main", "async def main") + "if __name__ == '__main__':\n    asyncio.run(main())\n"
    seen = observed(tmp_path, {"m": f"import asyncio{text}"}, "cli")
    assert seen["python -m small.m"]["parameters"]["size"]["default"] == 3
    assert seen["python -m small.m[plain, servers: well]"]["exit"] == 0


def test_a_program_is_given_a_configuration_that_it_takes(tmp_path: Path) -> None:
    """The file that a command line names has all that the package's largest configuration takes."""
    text = """
import argparse, json
from pydantic import BaseModel, Field
class PartConfig(BaseModel):
    a: int
class SmallConfig(BaseModel):
    part: PartConfig | None = Field(default=None, alias="of")
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    print(SmallConfig.model_validate(json.load(open(parser.parse_args().file))).model_dump_json())
"""
    seen = observed(tmp_path, {"m": text}, "cli", **{"entry_points.txt": SCRIPTS})
    assert seen["small[plain, servers: well]"]["prints"] == [{"dict": {"part": {"dict": {"a": 3}}}}]


def test_variables_that_change_what_a_program_does(tmp_path: Path) -> None:
    """A program is run with each variable that the code of its package names, and what that changes is told."""
    text = """
import os
def level():
    return os.getenv("OTHER_LEVEL")
def main():
    raise SystemExit(3 if os.environ.get("SMALL_MODE") == "strict" else 0)
"""
    seen = observed(tmp_path, {"m": text}, "cli", **{"entry_points.txt": SCRIPTS})
    assert seen["small[variables]"] == {"SMALL_MODE=strict": {"exit": 3}}


def test_a_moment_that_was_handed_over_is_not_now(tmp_path: Path) -> None:
    """At any hour: a sample whose time of day happens to be that of the run is told as it is."""
    # A time of day in the minute of the sample is taken for the sample: 45 seconds off, none is in it.
    text = """
import datetime, time
def real() -> datetime.datetime:
    return datetime.datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), datetime.UTC)
def of_day() -> str:
    off = datetime.timedelta(seconds=-45 if real().strftime("%H:%M:%S") < "14:30:45" else 45)
    return (real() + off).strftime("%H:%M:%S")
def of_another_day() -> str:
    return real().strftime("2024-03-01 %H:%M:%S")
def handed(at: datetime.datetime) -> str:
    return at.strftime("%H:%M:%S")
"""
    seen = observed(tmp_path, {"m": text}, "functions")
    assert seen["small.m.of_day[]"] == {"returns": "<time of day>"}
    assert "<" not in seen["small.m.of_another_day[]"]["returns"]
    assert seen["small.m.handed[]"] == {"returns": "14:30:15"}


def test_what_an_import_costs_is_known_by_its_order_of_magnitude(tmp_path: Path) -> None:
    cheap = observed(tmp_path / "a", {"__init__": "import time\nTABLE = bytearray(1 << 20)\n"}, "process")
    dear = observed(tmp_path / "b", {"__init__": "import time\ntime.sleep(3)\nTABLE = b'x' * (400 << 20)\n"}, "process")
    assert cheap["import small[costs]"] == {"memory": 16, "seconds waited": 0.0}
    assert dear["import small[costs]"] == {"memory": 1024, "seconds waited": 3.0}
