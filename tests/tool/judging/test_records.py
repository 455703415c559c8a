"""Records: complete, torn and wrong files are read; a fingerprint is the same in every run of the same failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from market_data_meta.errors import MetaError
from market_data_meta.inside.mdm_raised import Raised
from market_data_meta.judging.records import Check, Record, read_record, record_text

HEADER: dict[str, object] = {"kind": "header", "format": 1, "cell": "core1.2.9", "combination": {"core": "1.2.9"}}
HEADER |= {"suite": "5" * 64, "lane": "warm", "third_party_choice": "highest", "expected": {}, "forced": []}
HEADER |= {"as_of": None, "clauses": []}
LINE = {
    "kind": "check",
    "clause": "a.b",
    "outcome": "passed",
    "message": None,
    "expected": None,
    "got": None,
    "duration": 0.1,
}
FOOTER = {"kind": "footer", "counts": {"passed": 1}, "end": 1.0}


def record_file(tmp_path: Path, *lines: object, tail: str = "") -> Path:
    file = tmp_path / "record.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + tail)
    return file


def test_a_complete_record_has_a_footer(tmp_path: Path) -> None:
    record = read_record(record_file(tmp_path, HEADER, LINE, FOOTER))
    assert record.footer is not None
    assert record.checks["a.b"].outcome == "passed"


def test_a_torn_last_line_is_an_incomplete_record(tmp_path: Path) -> None:
    record = read_record(record_file(tmp_path, HEADER, LINE, tail='{"kind": "che'))
    assert record.footer is None
    assert list(record.checks) == ["a.b"]


def test_the_cause_of_an_early_end_is_read_after_a_torn_line(tmp_path: Path) -> None:
    record = read_record(
        record_file(tmp_path, HEADER, LINE, tail='{"kind": "che\n{"kind": "death", "cause": "killed"}\n')
    )
    assert (record.footer, record.death) == (None, "killed")


@pytest.mark.parametrize(
    "lines",
    [
        [LINE, FOOTER],
        [HEADER | {"format": 99}, FOOTER],
        [HEADER | {"forced": "x"}, FOOTER],
        [HEADER | {"combination": {"core": 1}}, FOOTER],
        [HEADER | {"more": 1}, FOOTER],
        [{name: value for name, value in HEADER.items() if name != "suite"}, FOOTER],
        [{name: value for name, value in HEADER.items() if name != "format"}, FOOTER],
    ],
)
def test_a_file_without_a_header_of_the_format_is_no_record(tmp_path: Path, lines: list[object]) -> None:
    with pytest.raises(MetaError, match=r"record\.jsonl has no header"):
        read_record(record_file(tmp_path, *lines))


def test_an_error_names_a_line_in_the_middle_that_is_no_line_of_a_record(tmp_path: Path) -> None:
    with pytest.raises(MetaError, match=r"record\.jsonl:2"):
        read_record(record_file(tmp_path, HEADER, "passed", LINE, LINE, FOOTER))


def failure(got: object, message: str = "scale") -> Check:
    return Check("a.b", "failed", message, 0.0, got, 0.1)


@pytest.mark.parametrize(
    ("got", "other_got"),
    [
        ("<Bus at 0x7f01>", "<Bus at 0x7f02>"),
        ("/opt/a/lib/x.py: no module", "/home/b/x.py: no module"),
    ],
)
def test_failures_that_differ_in_addresses_and_paths_only_are_the_same(got: str, other_got: str) -> None:
    assert failure(got).fingerprint == failure(other_got).fingerprint


@pytest.mark.parametrize(
    ("got", "other_got"),
    [
        (0.1, 0.2),
        ("a/b.py", "a/c.py"),
        ("1.2.35", "9.9.9"),
        ("GET /a/b: 500", "GET /a/c: 500"),
        (["x"], ["x", "y"]),
        (None, "x"),
    ],
)
def test_another_value_is_another_failure(got: object, other_got: object) -> None:
    assert failure(got).fingerprint != failure(other_got).fingerprint


def exception(text: str = "no bars", *, kind: str = "KeyError", file: str | None = "a/b.py", line: int = 7) -> Check:
    raised = Raised(kind, text, file, line, function="Bus.send")
    return Check("a.b", "failed", "sending", "no exception", f"{kind}: {text}", 0.1, raised)


def test_an_exception_of_the_packages_is_its_type_and_file() -> None:
    """How it is put, and in which line it arises, makes no other failure; another type or file does."""
    assert exception().fingerprint == exception("bars are missing", line=9).fingerprint
    others = (exception(kind="TypeError"), exception(file="a/c.py"), replace(exception(), message="closing"))
    assert exception().fingerprint not in {other.fingerprint for other in others}


def test_an_exception_that_arose_outside_of_the_packages_is_its_text() -> None:
    assert exception(file=None).fingerprint != exception("bars are missing", file=None).fingerprint


def test_what_was_got_counts_where_it_is_not_the_exception() -> None:
    assert replace(exception(), got=0.1).fingerprint != replace(exception(), got=0.2).fingerprint


def test_a_record_that_is_written_again_reads_back_the_same(tmp_path: Path) -> None:
    """Even after a fingerprint was computed: it is kept with the check, and is not written."""
    record = read_record(record_file(tmp_path, HEADER, LINE, FOOTER))
    assert record.checks["a.b"].fingerprint
    (tmp_path / "again.jsonl").write_text(record_text(record))
    assert read_record(tmp_path / "again.jsonl") == record


def test_the_lines_that_a_check_executed_are_read(make_record: Callable[..., Record], tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    trace = {"kind": "trace", "clause": "area.first", "lines": {"package/module.py": [1, 2, 7]}}
    head, _, footer = record_text(make_record()).rstrip("\n").rpartition("\n")
    file.write_text(f"{head}\n{json.dumps(trace)}\n{footer}\n")
    assert read_record(file).lines == {"area.first": {"package/module.py": (1, 2, 7)}}
