"""The colours of states and verdicts as properties of the page's style sheet, from the table of all renderers."""

from __future__ import annotations

from collections.abc import Iterator

from market_data_meta.render.signs import CAPABILITY_STATES, VERDICTS, SignColours, ThemedColour


def colour_properties() -> str:
    """A rule that declares them: ``--works`` is a fill, ``--on-works`` the text on it, and so on."""
    colours: dict[str, SignColours] = {name: sign.colours for name, sign in VERDICTS.items()}
    colours |= {name: sign.colours for name, sign in CAPABILITY_STATES.items()}
    properties = (line for name, of_sign in colours.items() for line in _properties(name, of_sign))
    return ":root {\n" + "".join(f"  --{name}: {value};\n" for name, value in properties) + "}\n"


def _properties(name: str, colours: SignColours) -> Iterator[tuple[str, str]]:
    yield name, _themed(colours.page.fill)
    yield f"on-{name}", _themed(colours.page.text)
    yield f"{name}-pale", _themed(colours.pale.fill)
    yield f"on-{name}-pale", _themed(colours.pale.text)
    yield f"{name}-hatch", _themed(colours.hatch)


def _themed(colour: ThemedColour) -> str:
    return f"light-dark({colour.light}, {colour.dark})"
