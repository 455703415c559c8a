"""The answer of can-i-deploy about services that have versions of their own, for people at a terminal."""

from __future__ import annotations

from rich.console import Console

from market_data_meta.render.deploy_answer.terminal import needs_line, show_capabilities, show_line
from market_data_meta.render.set_words import states_in_words, versions_in_words
from market_data_meta.results.deployment import DeploymentAnswer


def show_deployment(answer: DeploymentAnswer, console: Console, *, verbose: bool = False) -> None:
    """Print what works between the services, the worst first, and whether what is needed does."""
    for service, releases in answer.services.items():
        show_line(console, f"{service}: {versions_in_words(releases)}", "bold")
    undecided = all(capability.state == "unknown" for capability in answer.capabilities)
    states = (
        "It is not known what works"
        if undecided
        else f"Of what services decide, {states_in_words(answer.capabilities)}"
    )
    show_line(console, f"{states}.", "bold")
    if answer.needs or answer.needs_fully:
        show_line(console, needs_line(answer), "red" if answer.unmet else "green")
    show_capabilities(answer.capabilities, console, verbose=verbose)
    if answer.forbidden:
        show_line(console, "Their own requirements forbid it:", "red")
    else:
        show_line(console, "Their own requirements allow it.")
    for why in answer.forbidden:
        show_line(console, why, indent=4)
    for reason in dict.fromkeys(one.reason for one in answer.capabilities if undecided):
        show_line(console, f"Evidence: none, because {reason}.", "dim")
    if any(capability.state == "unknown" for capability in answer.capabilities):
        show_line(console, "mdmeta matrix runs what is missing.", "dim")
    show_line(console, f"suite {answer.suite[:12]}, releases as of {answer.as_of[:10]}", "dim")
