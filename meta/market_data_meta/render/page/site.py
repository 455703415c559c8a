"""The matrix as one static page: a single HTML file that asks nothing of any other host."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from string import Template

from market_data_meta.contract import Contract
from market_data_meta.render.page.data import page_data
from market_data_meta.render.page.style import colour_properties
from market_data_meta.render.proof.words import detected
from market_data_meta.render.set_words import newest_sentence
from market_data_meta.results.backtest import BacktestResult
from market_data_meta.results.matrix import MatrixResult
from market_data_meta.results.proof import ProofResult

# In the order in which they run: they share one function scope, and the last one starts the page.
SCRIPTS = (
    "data.js",
    "states.js",
    "dom.js",
    "capabilities.js",
    "where.js",
    "libraries.js",
    "promises.js",
    "days.js",
    "releases.js",
    "services.js",
    "defects.js",
    "deploy.js",
    "clauses.js",
    "start.js",
)
# What could end the data block or the line that it stands on, as JSON's own escapes.
ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def site(
    matrix: MatrixResult,
    contract: Contract,
    proof: ProofResult | None = None,
    backtest: BacktestResult | None = None,
) -> str:
    """The text of the page for a matrix. The same data gives the same text.

    Where a ``proof`` or a ``backtest`` of the same suite is given, the page quotes it.
    """
    style = colour_properties() + _part("page.css")
    script = "(() => {\n'use strict';\n" + "\n".join(_part(name) for name in SCRIPTS) + "})();\n"
    return Template(_part("page.html")).substitute(
        policy=escape(_policy(style, script)),
        summary=escape(newest_sentence(matrix)),
        packages=escape(_listed(list(matrix.packages))),
        proof=f'<p class="hint" id="proof">{escape(detected(proof))}</p>' if proof else "",
        style=style,
        data=embedded(page_data(matrix, contract, backtest).model_dump(mode="json", by_alias=True)),
        script=script,
    )


def embedded(value: object) -> str:
    """The value as JSON that cannot end the script element that holds it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def _policy(style: str, script: str) -> str:
    """The content security policy: nothing but this page's own style and script, and pictures that are data."""
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src {_source(style)}",
            f"script-src {_source(script)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _part(name: str) -> str:
    return files("market_data_meta.render.page").joinpath(name).read_text(encoding="utf-8")


def _listed(names: list[str]) -> str:
    """The names as prose: ``core, pipeline and store``."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
