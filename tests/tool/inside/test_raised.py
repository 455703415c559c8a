"""What a check ended with: the text of the exception, and the innermost line of the packages."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from market_data_meta.inside.mdm_raised import LETTERS, Raised, raised


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write ``raising/part.py`` where it can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "raising").mkdir()
    (tmp_path / "raising" / "__init__.py").write_text("")

    def write(text: str) -> None:
        (tmp_path / "raising" / "part.py").write_text(text)
        importlib.invalidate_caches()
        for name in ("raising", "raising.part"):
            sys.modules.pop(name, None)

    return write


def caught(action: Callable[[], object]) -> Raised:
    with pytest.raises(BaseException) as info:  # noqa: PT011 - whatever it is
        action()
    return raised(info.value, {"raising"})


def test_the_place_is_the_innermost_line_of_the_packages(package: Callable[[str], None]) -> None:
    package("import json\n\ndef read():\n    return json.loads('{')\n")
    error = caught(lambda: importlib.import_module("raising.part").read())
    assert (error.kind, error.file, error.line, error.importing) == ("JSONDecodeError", "raising/part.py", 4, False)


def test_the_function_is_named_with_its_class(package: Callable[[str], None]) -> None:
    package("class Bus:\n    def send(self):\n        raise KeyError('x')\n")
    assert caught(lambda: importlib.import_module("raising.part").Bus().send()).function == "Bus.send"


def test_the_place_of_a_syntax_error_is_that_of_the_error(package: Callable[[str], None]) -> None:
    package("x = 1\nif x\n    pass\n")
    error = caught(lambda: importlib.import_module("raising.part"))
    assert error == Raised("SyntaxError", "expected ':'", "raising/part.py", 2, importing=True)


def test_what_comes_up_through_an_import_is_said_to(package: Callable[[str], None]) -> None:
    package("def f():\n    return undefined\n\nf()\n")
    error = caught(lambda: importlib.import_module("raising.part"))
    assert (error.file, error.line, error.importing) == ("raising/part.py", 2, True)


def test_what_passed_through_none_of_their_code_has_no_place() -> None:
    assert caught(lambda: int("x")) == Raised("ValueError", "invalid literal for int() with base 10: 'x'")


def test_a_long_text_is_cut() -> None:
    def fail() -> None:
        raise ValueError("x" * 4000)

    assert len(caught(fail).text) == LETTERS


def test_an_exception_that_has_no_text_is_one_all_the_same() -> None:
    """The packages write the methods that make texts: one that raises costs its text, and not the run."""

    class OddError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def fail() -> None:
        raise OddError

    assert caught(fail) == Raised("OddError", "an exception without a text: RuntimeError")
