"""The indexes are those that uv is set up to use, in the order in which uv asks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from market_data_meta.errors import MetaError
from market_data_meta.releases.index_settings import PackageIndex, configured_indexes

PIP = {"PIP_INDEX_URL": "https://pip.example/simple"}


@pytest.mark.parametrize(
    ("environment", "indexes"),
    [
        ({"UV_DEFAULT_INDEX": "https://a.example/simple"}, [("https://a.example/simple/", "", "")]),
        ({"UV_DEFAULT_INDEX": "https://a.example/simple/"}, [("https://a.example/simple/", "", "")]),
        ({"UV_DEFAULT_INDEX": "https://a.example/simple//"}, [("https://a.example/simple/", "", "")]),
        ({"UV_DEFAULT_INDEX": " name=https://a.example/simple "}, [("https://a.example/simple/", "", "")]),
        # A = after a colon belongs to the address.
        ({"UV_DEFAULT_INDEX": "https://a.example/s?k=v"}, [("https://a.example/s?k=v/", "", "")]),
        ({"UV_INDEX_URL": "https://a.example/simple"}, [("https://a.example/simple/", "", "")]),
        (
            {"UV_DEFAULT_INDEX": "https://a.example", "UV_INDEX_URL": "https://b.example"},
            [("https://a.example/", "", "")],
        ),
        ({"UV_DEFAULT_INDEX": "", "UV_INDEX_URL": "https://b.example"}, [("https://b.example/", "", "")]),
        ({"UV_DEFAULT_INDEX": "https://us%40er:p%3Aw@a.example"}, [("https://a.example/", "us@er", "p:w")]),
        ({"UV_DEFAULT_INDEX": "https://token@a.example:8080/x"}, [("https://a.example:8080/x/", "token", "")]),
        (
            {
                "UV_DEFAULT_INDEX": "my-own=https://a.example",
                "UV_INDEX_MY_OWN_USERNAME": "u",
                "UV_INDEX_MY_OWN_PASSWORD": "p",
            },
            [("https://a.example/", "u", "p")],
        ),
        ({}, [("https://pip.example/simple/", "", "")]),
        (
            {"UV_INDEX": "one=https://a.example https://b.example", "UV_EXTRA_INDEX_URL": "https://c.example"},
            [
                ("https://a.example/", "", ""),
                ("https://b.example/", "", ""),
                ("https://c.example/", "", ""),
                ("https://pip.example/simple/", "", ""),
            ],
        ),
        (
            {"UV_INDEX": "https://a.example", "UV_DEFAULT_INDEX": "https://a.example/"},
            [("https://a.example/", "", "")],
        ),
    ],
)
def test_an_index_is_read_as_uv_reads_it(
    tmp_path: Path, environment: dict[str, str], indexes: list[tuple[str, str, str]]
) -> None:
    found = configured_indexes(
        {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path), **PIP, **environment}
    )
    assert found == tuple(PackageIndex(*index) for index in indexes)


def test_the_files_of_uv_are_read(tmp_path: Path) -> None:
    """What the user has set comes before what the machine has, and the environment before both."""
    for folder, text in {
        "user": '[[index]]\nname = "own"\nurl = "https://own.example"\n'
        '[[index]]\nurl = "https://d.example"\ndefault = true',
        "machine": 'index-url = "https://m.example"\n[[index]]\nurl = "https://extra.example"',
    }.items():
        (tmp_path / folder / "uv").mkdir(parents=True)
        (tmp_path / folder / "uv" / "uv.toml").write_text(text)
    files = {"XDG_CONFIG_HOME": str(tmp_path / "user"), "XDG_CONFIG_DIRS": f"{tmp_path / 'machine'}:/x"}

    def urls(**environment: str) -> list[str]:
        return [index.url for index in configured_indexes(files | PIP | environment)]

    assert urls() == ["https://own.example/", "https://extra.example/", "https://d.example/"]
    assert urls(UV_DEFAULT_INDEX="https://e.example")[-1] == "https://e.example/"
    assert urls(UV_INDEX="https://first.example")[0] == "https://first.example/"
    del files["XDG_CONFIG_HOME"]
    assert urls(HOME=str(tmp_path)) == ["https://extra.example/", "https://m.example/"]


@pytest.mark.parametrize("url", ["https://me:secret/word@a.example", "https://[::1", "own=https://a.example:99999"])
def test_an_address_that_cannot_be_read_is_told_without_what_may_be_a_password(url: str) -> None:
    with pytest.raises(MetaError) as raised:
        configured_indexes({"UV_DEFAULT_INDEX": url})
    assert (raised.value.code, raised.value.exit) == ("no-index", 3)
    assert "secret" not in str(raised.value)
