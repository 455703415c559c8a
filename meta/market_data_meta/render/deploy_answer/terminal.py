"""The answer of can-i-deploy for people at a terminal: what will work, what will not, and what that rests on."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.markup import escape

from market_data_meta.render.set_words import states_in_words, verb, versions_in_words
from market_data_meta.render.signs import CAPABILITY_STATES
from market_data_meta.render.text import counts_in_words, printable
from market_data_meta.results.capabilities import CapabilityState, StateName
from market_data_meta.results.deploy_answer import DeployAnswer
from market_data_meta.results.deployment import DeploymentAnswer

MOST_SENTENCES = 3
"""Sentences about a limited capability unless all are asked for; of a broken one those about why it is broken."""

_WORST_FIRST: tuple[StateName, ...] = ("broken", "limited")


def show_answer(
    answer: DeployAnswer, console: Console, matrix_command: str = "mdmeta matrix", *, verbose: bool = False
) -> None:
    """Print what will work and what will not, the worst first, whether the set is allowed, and the evidence.

    ``matrix_command`` is the command that runs what is missing.
    """
    show_line(console, headline(answer), "bold")
    if answer.needs or answer.needs_fully:
        show_line(console, needs_line(answer), "red" if answer.unmet else "green")
    if answer.no_set:
        show_line(console, answer.no_set, "red")
    if answer.verdict == "violates":
        show_line(console, "Some of what fails is no known defect; it is marked as new.", "red")
    # That it cannot be installed, and so all is broken, stands in the first line.
    if answer.verdict != "uninstallable":
        show_capabilities(answer.capabilities, console, verbose=verbose)
    if answer.forbidden:
        show_line(console, "Their own requirements forbid this set:", "red")
    else:
        show_line(console, "Their own requirements allow this set.")
    asks_for_needs = bool(answer.needs or answer.needs_fully)
    if answer.exit == 0 and not asks_for_needs and any(one.state == "broken" for one in answer.capabilities):
        text = "What breaks is a known defect. --needs NAME makes the exit code say whether what you need is broken."
        show_line(console, text)
    for why in answer.forbidden:
        show_line(console, why, indent=4)
    _show_evidence(answer, console, matrix_command)
    failing = dict.fromkeys(failure.clause for one in answer.capabilities for failure in one.failures)
    for clause in failing if verbose else ():
        show_line(console, f"fails: {clause}", "dim")


def headline(answer: DeployAnswer) -> str:
    """The set, and how many capabilities work in it: ``core 1.0, store 0.6: 2 of 3 capabilities work, 1 is broken.``"""
    subject = versions_in_words(answer.combination)
    if answer.verdict == "uninstallable":
        return f"{subject}: they cannot be installed together."
    if all(capability.state == "unknown" for capability in answer.capabilities):
        if answer.forbidden:
            return f"{subject}: no installer puts these together, and it is not known what would work."
        return f"{subject}: it is not known what works."
    return f"{subject}: {states_in_words(answer.capabilities)}."


def needs_line(answer: DeployAnswer | DeploymentAnswer) -> str:
    """What is needed, and whether it is there: ``Needed: redis is broken, write works.``"""
    states = {capability.name: capability.state for capability in answer.capabilities}
    names = dict.fromkeys((*answer.unmet, *answer.needs, *answer.needs_fully))
    parts = [f"{name} {verb(states.get(name, 'unknown'), 1)}" for name in names]
    return f"Needed: {', '.join(parts)}."


def sentences(capability: CapabilityState, *, verbose: bool) -> list[str]:
    """What fails, each sentence once: of a broken capability what breaks it, of a limited one the first few."""
    every = _marked(capability, only_essential=False)
    if verbose:
        return every
    shown = _marked(capability, only_essential=True) if capability.state == "broken" else []
    shown = shown or every[:MOST_SENTENCES]
    more = len(every) - len(shown)
    return [*shown, *([f"and {more} more"] if more else [])]


def _marked(capability: CapabilityState, *, only_essential: bool) -> list[str]:
    """The sentences of its failures, those of failures that are no known defect marked as new."""
    failures = [failure for failure in capability.failures if failure.essential or not only_essential]
    return list(dict.fromkeys(f"{'' if one.defect else 'new: '}{one.sentence}" for one in failures))


def show_capabilities(capabilities: Collection[CapabilityState], console: Console, *, verbose: bool) -> None:
    """Print what is broken and what is limited, with what fails, then in one line each what works and is not known."""
    for state in _WORST_FIRST:
        for capability in (one for one in capabilities if one.state == state):
            _show_mark(console, state, f"{state}  {capability.title} ({capability.name})")
            for sentence in sentences(capability, verbose=verbose):
                show_line(console, sentence, indent=4)
    if works := [f"{one.title} ({one.name})" for one in capabilities if one.state == "works"]:
        _show_mark(console, "works", f"works  {', '.join(works)}")
    reasons = _by_reason(capabilities)
    # That nothing at all is known stands in the first line, and why with the evidence.
    if len(reasons) == 1 and all(one.state == "unknown" for one in capabilities):
        return
    for reason, titles in reasons.items():
        _show_mark(console, "unknown", f"unknown  {', '.join(titles)}: {reason}")


def _show_evidence(answer: DeployAnswer, console: Console, matrix_command: str) -> None:
    """Print when the set was run, with what, and how its checks came out; or how it can be run."""
    evidence = answer.evidence
    if evidence.start is None and answer.forbidden:
        show_line(console, f"Evidence: what the releases require, as of {evidence.as_of}; nothing was run.", "dim")
        return
    if evidence.start is None:
        reasons = "; ".join(answer.reasons)
        show_line(console, f"Evidence: none{f', because {reasons}' if reasons else ''}.", "dim")
        if answer.verdict == "unknown":
            show_line(console, f"{matrix_command} runs what is missing.", "dim")
        return
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(evidence.start))
    show_line(console, f"Evidence: {counts_in_words(evidence.counts)}.", "dim")
    about = f"run {when} on Python {evidence.interpreter}, suite {evidence.suite[:12]}"
    about += f", releases as of {evidence.as_of[:10]}"
    if evidence.stands_for > 1:
        about += f"; the run stands for {evidence.stands_for:,} published combinations"
    show_line(console, about, "dim", 2)
    others = [
        f"{name} {version}" for name, version in (answer.ran or {}).items() if answer.combination[name] != version
    ]
    if others:
        run = "which was run" if len(others) == 1 else "which were run"
        show_line(console, f"the same code as {_listed(others)}, {run}", "dim", 2)
    for reason in answer.reasons:
        show_line(console, reason, "dim", 2)


def show_line(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    """Print a line as text, whatever a package says in it."""
    line = escape(printable(" ".join(text.split())))
    console.print(" " * indent + (f"[{style}]{line}[/]" if style else line), highlight=False)


def _show_mark(console: Console, state: StateName, text: str) -> None:
    sign = CAPABILITY_STATES[state]
    console.print(f"[{sign.style}]{sign.mark}[/] {escape(printable(text))}", highlight=False)


def _by_reason(capabilities: Iterable[CapabilityState]) -> dict[str, list[str]]:
    """The titles of those that are not known, by the reason why nothing is."""
    titles: dict[str, list[str]] = {}
    for capability in capabilities:
        if capability.state == "unknown":
            titles.setdefault(capability.reason, []).append(f"{capability.title} ({capability.name})")
    return titles


def _listed(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
