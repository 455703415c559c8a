"""What runs in a unit is noted, so that only what a changed function can touch is observed again."""

from __future__ import annotations

from pathlib import Path

import pytest
from observations.small_package import observed_lines

from market_data_meta.judging.observed_runs import read_observations
from market_data_meta.judging.observed_units import read_units, with_untouched

MODULE = '''
import asyncio
import functools

def limit(size: int) -> int:
    """The limit."""
    return size + 1

def double(size: int) -> int:
    return limit(size) * 2

def half(size: int) -> int:
    return size // 2

def drain(size: int):
    yield from range(size % 3)

@functools.cache
def known(size: int) -> int:
    return half(size)

class Queue:
    """A queue."""

    def __init__(self, size: int = 3) -> None:
        self.size = size

    @property
    def length(self) -> int:
        return limit(self.size)

    async def put(self, item: int) -> int:
        await asyncio.sleep(0)
        return self._with(item)

    def _with(self, item: int) -> int:
        return self.size + item
'''


def test_what_is_noted_changes_nothing_of_what_is_seen(tmp_path: Path) -> None:
    plain = read_observations(observed_lines(tmp_path / "a", {"m": MODULE}, "functions"))
    noted = read_observations(observed_lines(tmp_path / "b", {"m": MODULE}, "functions", notes_execution=True))
    assert len(plain.values) > 20
    assert (noted.values, noted.unobserved) == (plain.values, plain.unobserved)


def test_a_file_that_is_no_python_is_left_to_whoever_imports_it(tmp_path: Path) -> None:
    modules = {"m": MODULE, "bad": "return 1\n"}
    lines = observed_lines(tmp_path, modules, "api", notes_execution=True)
    assert read_observations(lines).values["api:small.bad"] == '{"raises": ["SyntaxError", "Exception"]}'
    assert "small/bad.py" not in lines


@pytest.mark.parametrize(
    ("function", "touched"),
    [
        ("limit", {"limit", "double", "Queue"}),
        ("double", {"double"}),
        ("half", {"half", "known"}),
        ("drain", {"drain"}),
        ("Queue._with", {"Queue"}),
        ("Queue.length", {"Queue"}),
    ],
)
def test_a_function_touches_the_units_in_which_it_runs(tmp_path: Path, function: str, touched: set[str]) -> None:
    units = read_units(observed_lines(tmp_path, {"m": MODULE}, "functions", notes_execution=True))
    untouched = units.untouched_by({f"small/m.py:{function}"})
    of_all = {str(unit.key["unit"]).rpartition(".")[2] for unit in units.units}
    assert of_all == {"limit", "double", "half", "drain", "known", "Queue"}
    assert of_all - {str(unit.key["unit"]).rpartition(".")[2] for unit in untouched} == touched


def test_what_runs_when_a_module_is_imported_touches_everything(tmp_path: Path) -> None:
    text = MODULE + "\nLIMIT = limit(3)\n"
    units = read_units(observed_lines(tmp_path, {"m": text}, "functions", notes_execution=True))
    assert units.untouched_by({"small/m.py:double"})
    assert not units.untouched_by({"small/m.py:limit"})


def test_what_is_left_out_and_what_is_seen_again_are_the_whole(tmp_path: Path) -> None:
    before = observed_lines(tmp_path / "a", {"m": MODULE}, "functions", notes_execution=True)
    earlier = read_observations(before)
    later = {"m": MODULE.replace("return size + 1", "return size + 2")}
    whole = observed_lines(tmp_path / "b", later, "functions", like=earlier)
    untouched = read_units(before).untouched_by({"small/m.py:limit"})
    part = observed_lines(tmp_path / "c", later, "functions", like=earlier, untouched=untouched)
    assert len(part.splitlines()) < len(whole.splitlines())
    assert read_observations(with_untouched(part, untouched)) == read_observations(whole)
    assert earlier.values != read_observations(whole).values


def test_a_program_is_run_again_where_the_sources_name_other_variables(tmp_path: Path) -> None:
    program = "import argparse\ndef main() -> None:\n    argparse.ArgumentParser().parse_args()\n{}"
    script = {"entry_points.txt": "[console_scripts]\nsmall = small.m:main\n"}
    before = observed_lines(
        tmp_path / "a", {"m": program.format("def other():\n    pass\n")}, "cli", notes_execution=True, files=script
    )
    untouched = read_units(before).untouched_by({"small/m.py:other"})
    assert untouched
    later = {"m": program.format("def other():\n    return 'SMALL_SIZE'\n")}
    after = observed_lines(tmp_path / "b", later, "cli", untouched=untouched, files=script)
    assert with_untouched(after, untouched) == after
