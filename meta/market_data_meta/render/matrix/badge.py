"""The newest set as a badge: the endpoint JSON that badge services read. It is green only where everything works."""

from __future__ import annotations

from market_data_meta.results.matrix import MatrixResult


def badge(matrix: MatrixResult) -> dict[str, str | int]:
    """How many capabilities of the newest set work; red while one is broken, grey while one is unknown."""
    newest = matrix.set_named("newest")
    states = [capability.state for capability in newest.capabilities] if newest else []
    counts = {state: states.count(state) for state in ("limited", "broken", "unknown") if state in states}
    message = f"{states.count('works')} of {len(states)} work"
    message += "".join(f", {number} {state}" for state, number in counts.items())
    colours = (("broken", "red"), ("unknown", "lightgrey"), ("limited", "yellow"))
    colour = next((colour for state, colour in colours if state in counts), "brightgreen" if states else "lightgrey")
    return {"schemaVersion": 1, "label": "newest set", "message": message, "color": colour}
