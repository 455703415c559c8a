"""Names that others use: exported, named in the README, or imported by another package."""

from __future__ import annotations

import pytest

from market_data_meta.judging.used_names import UsedNames, used_names

OWN = {
    "core/__init__.py": "from .events import (\n    Bar,  # a bar\n    _Hidden,\n)\n\nSIZE: int = 5\n",
    "core/events.py": "__all__ = ['Quote']\n\nclass Bar: ...\nclass Quote: ...\nclass Trade: ...\n",
    "core/bus.py": "def connect(): ...\n",
}
README = "Use `connect` or FeedbackEvent, call publish(x) and set batch_size. It will start at once."
OTHERS = ["from core.policy import Policy as P, scale\nimport core.codecs\nimport os\nfrom other.core import Thing\n"]


@pytest.fixture(scope="module")
def names() -> UsedNames:
    return used_names(OWN, README, OTHERS, ["core"])


@pytest.mark.parametrize(
    "symbol",
    [
        "core.Bar",
        "core.events.Bar.close",
        "core.SIZE",
        "core.events.Quote",
        "core.bus.connect",
        "core.events.FeedbackEvent",
        "core.x.publish",
        "core.policy.Policy",
        "core.policy.scale",
        "core.codecs",
        "core.policy",
    ],
)
def test_a_used_symbol_is_known(names: UsedNames, symbol: str) -> None:
    assert names.uses(symbol)


@pytest.mark.parametrize("symbol", ["core.events.Trade", "core.events", "core._Hidden", "core.x.start", "core.Thing"])
def test_what_nobody_names_is_not_used(names: UsedNames, symbol: str) -> None:
    assert not names.uses(symbol)
