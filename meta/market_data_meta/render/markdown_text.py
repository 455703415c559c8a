"""Text that stays text in Markdown, whatever a package says."""

from __future__ import annotations

import json
import re
from html import escape

from market_data_meta.render.text import printable

# Where GitHub would make a link or call a person: after @ and #, in http:// and in www. An empty comment parts them.
_LINKS = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)


def line(text: str, limit: int | None = None) -> str:
    """The text in one line, cut to ``limit`` characters: no HTML, no table cells, no links, no Markdown of its own."""
    text = short(printable(" ".join(text.split())), limit)
    for sign in "\\`*_[]|~":
        text = text.replace(sign, "\\" + sign)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINKS.sub("<!-- -->", text)


def code(value: object, limit: int | None = None) -> str:
    """The value as a code span, in one line. Its fence is longer than every run of backticks within."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = short(printable(" ".join(text.split())), limit)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=1))
    return f"{fence} {text} {fence}"


def html(text: str, limit: int | None = None) -> str:
    """The text in one line for a place where Markdown is not read, such as a summary element."""
    return escape(short(printable(" ".join(text.split())), limit))


def short(text: str, limit: int | None) -> str:
    """The text, or its first ``limit`` characters of which the last is an ellipsis."""
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
