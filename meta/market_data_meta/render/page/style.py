"""The colours of verdicts as properties of the page's style sheet, made from the table that all renderers share."""

from __future__ import annotations

from collections.abc import Iterator

from market_data_meta.render.signs import VERDICTS, ThemedColour


def verdict_properties() -> str:
    """A rule that declares them: ``--compatible`` is a fill, ``--on-compatible`` the text on it, and so on."""
    return ":root {\n" + "".join(f"  --{name}: {value};\n" for name, value in _properties()) + "}\n"


def _properties() -> Iterator[tuple[str, str]]:
    for verdict, sign in VERDICTS.items():
        yield verdict, _themed(sign.page.fill)
        yield f"on-{verdict}", _themed(sign.page.text)
        if sign.page_pale:
            yield f"{verdict}-pale", _themed(sign.page_pale.fill)
            yield f"on-{verdict}-pale", _themed(sign.page_pale.text)
        if sign.page_hatch:
            yield f"{verdict}-hatch", _themed(sign.page_hatch)


def _themed(colour: ThemedColour) -> str:
    return f"light-dark({colour.light}, {colour.dark})"
