"""Requirements on another package are read as the packaging standards say, in each form that they allow."""

from __future__ import annotations

import pytest
from examples import release

from market_data_meta.contract import Contract
from market_data_meta.releases.requirements import Requirements, direct_references, release_fault

CORES = ("0.9", "1.0", "1.0.post1", "1.4.2", "1.4.61", "1.5rc1", "2.0", "2.0+local.1", "1!0.1")


def allowed(contract: Contract, *lines: str, python: str = "3.11") -> list[str]:
    store = release("0.1", "b", *lines)
    assert not release_fault(store)
    return [version for version in CORES if Requirements(contract.packages, python).accepts(store, "core", version)]


@pytest.mark.parametrize(
    ("specifier", "versions"),
    [
        ("", list(CORES)),
        ("==1.0", ["1.0"]),
        ("==1.0.0", ["1.0"]),
        ("== 1.0", ["1.0"]),
        ("(==1.0)", ["1.0"]),
        ("==1.4.*", ["1.4.2", "1.4.61"]),
        ("!=1.4.*,<2", ["0.9", "1.0", "1.0.post1", "1.5rc1"]),
        ("===1.0", ["1.0"]),
        # === compares texts.
        ("===1.0.0", []),
        ("===no-version", []),
        ("~=1.4.2", ["1.4.2", "1.4.61"]),
        ("~=1.4", ["1.4.2", "1.4.61", "1.5rc1"]),
        ("~=1.0.post1", ["1.0.post1", "1.4.2", "1.4.61", "1.5rc1"]),
        # What follows a release is not greater than it, and what precedes it is not less.
        (">1.0,<2", ["1.4.2", "1.4.61", "1.5rc1"]),
        ("<1.5", ["0.9", "1.0", "1.0.post1", "1.4.2", "1.4.61"]),
        ("<=1.5rc1,>=1.4.61", ["1.4.61", "1.5rc1"]),
        # A local version is one of its release.
        ("==2.0", ["2.0", "2.0+local.1"]),
        ("==2.0+local.1", ["2.0+local.1"]),
        ("!=2.0,>=2.0", ["1!0.1"]),
        # An epoch comes before everything else.
        (">=2026", ["1!0.1"]),
        ("==1!0.1", ["1!0.1"]),
        (">=1!0", ["1!0.1"]),
    ],
)
def test_a_specifier_allows_the_versions_that_it_allows(small: Contract, specifier: str, versions: list[str]) -> None:
    assert allowed(small, f"market-data-core{specifier}") == versions


@pytest.mark.parametrize(
    "name",
    ["market-data-core", "market_data_core", "Market.Data.Core", "MARKET--DATA__CORE", "market-data-core [all,x]"],
)
def test_a_name_may_be_in_every_spelling(small: Contract, name: str) -> None:
    assert allowed(small, f"{name} ==1.0") == ["1.0"]


@pytest.mark.parametrize(
    ("marker", "binds"),
    [
        ("python_version >= '3.11'", True),
        ("python_version < '3.11'", False),
        ("'3.11' == python_version", True),
        ("python_version in '3.10 3.11'", True),
        ("python_version not in '3.10, 3.11'", False),
        ("python_version ~= '3.10'", True),
        ("python_full_version < '3.11.5'", True),
        ("os_name == 'posix' and sys_platform == 'linux'", True),
        ("sys_platform == 'win32' or platform_system == 'Windows'", False),
        ("(sys_platform == 'win32' or python_version > '3') and implementation_name == 'cpython'", True),
        ("platform_python_implementation == 'PyPy'", False),
        ("implementation_version >= '3.11'", True),
        ("platform_machine != 'no-machine'", True),
        ("extra == 'all'", False),
        ("'all' == extra", False),
        ("extra == 'all' or python_version >= '3'", True),
        ("extra != 'all'", True),
    ],
)
def test_a_marker_is_read_for_the_interpreter_of_the_cell(small: Contract, marker: str, binds: bool) -> None:
    assert (allowed(small, f"market-data-core==1.0; {marker}", python="3.11.4") == ["1.0"]) is binds


def test_lines_that_contradict_each_other_allow_nothing(small: Contract) -> None:
    assert allowed(small, "market-data-core>=1.4", "Market_Data_Core<1.4") == []


def test_extras_are_named_in_every_order() -> None:
    lines = ("six; extra == 'B_b'", "six>1; 'A' == extra", "attrs; extra == 'c' and python_version > '3'", "rich")
    assert release("1.0", "a", *lines).extras() == ["a", "b-b", "c"]


@pytest.mark.parametrize(
    "reference",
    [
        "six @ https://example.org/six.zip",
        "six@git+https://example.org/six.git@main",
        "six[a] @ file:///tmp/six.whl ; python_version > '3'",
        "six @ https://example.org/six.zip#sha256=0",
    ],
)
def test_an_address_is_told_from_a_version(reference: str) -> None:
    (found,) = direct_references(release("1.0", "a", reference))
    assert found.startswith("six @ ")
