"""The answer of mdmeta upgrade for people at a terminal: the steps, or why no order is safe, with what to paste."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape

from market_data_meta.render.set_words import library_in_words, versions_in_words
from market_data_meta.render.signs import CAPABILITY_STATES
from market_data_meta.render.text import printable
from market_data_meta.results.upgrade import (
    UpgradeAnswer,
    UpgradeCandidate,
    UpgradeCapability,
    UpgradeFailure,
    UpgradeOrder,
    UpgradeProblem,
    UpgradeStep,
)

LONGEST_VALUE = 400
"""Characters of an expected or got value that are shown unless all is asked for; the JSON has it whole."""
MOST_FAILURES = 3
"""Failing clauses shown of one capability unless all are asked for."""


def show_upgrade(answer: UpgradeAnswer, console: Console, *, verbose: bool = False) -> None:
    """Print the verdict, the steps or what is in the way of each order, and what is otherwise after the upgrade."""
    _Upgrade(answer, console, verbose).show()


def headline(answer: UpgradeAnswer) -> str:
    """The answer in one sentence: ``store may go first, then pipeline.``"""
    if not answer.orders:
        return "Nothing changes: the same releases are out before and after."
    best = answer.orders[0]
    if best.verdict == "unsafe":
        return "No order is safe."
    if best.verdict == "undecided":
        return "It is not known whether an order is safe."
    begin = "Apart from what the new releases lose in any order: " if answer.lost else ""
    nothing = "nothing that is needed breaks" if answer.needs else "nothing gets worse"
    services = list(dict.fromkeys(step.service for step in best.steps))
    if len(services) == 1:
        return f"{begin}{services[0]} may be upgraded: {nothing}."
    if len(answer.first) == len(services):
        return f"{begin}{' or '.join(services)} may go first: {nothing} in either order."
    return f"{begin}{answer.first[0]} must go first: then {nothing}."


def redis_command(stream: str, entry: Mapping[str, str]) -> str:
    """The command of a shell that puts an entry on a stream."""
    fields = [text for pair in entry.items() for text in pair]
    return shlex.join(["redis-cli", "XADD", stream, "*", *fields])


def _candidate_in_words(candidate: UpgradeCandidate) -> str:
    edits = " with edits" if candidate.edited else ""
    commit = f" at {candidate.commit[:12]}{edits}" if candidate.commit else ""
    taken = "; its own version is published with other code" if candidate.version_is_taken else ""
    return f"{candidate.package} {candidate.version} is {candidate.source}{commit}{taken}"


class _Upgrade:
    def __init__(self, answer: UpgradeAnswer, console: Console, verbose: bool) -> None:
        self._answer, self._console, self._verbose = answer, console, verbose

    def show(self) -> None:
        answer = self._answer
        self._services()
        best = answer.orders[0].verdict if answer.orders else "safe"
        good = best == "safe" and answer.exit == 0
        self._line(headline(answer), "bold green" if good else "bold red" if best == "unsafe" else "bold yellow")
        for sentence in answer.forbidden:
            self._line(f"The new releases' own requirements forbid this: {sentence}.", "red")
        if answer.needs:
            unmet = ", ".join(answer.unmet)
            text = f"Needed and not there after the upgrade: {unmet}." if unmet else "What is needed is there."
            self._line(text, "red" if unmet else "green")
        if answer.lost:
            self._line("The new releases lose something in any order:", "bold red")
            for problem in answer.lost:
                self._problem(problem, 2)
        if best == "safe":
            for order in answer.orders[:1]:
                self._steps(order)
            self._unsafe_first()
        else:
            shown = self._shortest([order for order in answer.orders if order.verdict == best or self._verbose])
            for order in shown:
                self._line(f"{_in_words(order.steps)}:", "bold")
                self._steps(order, reasons=True)
            if more := len(answer.orders) - len(shown):
                self._line(f"{more} other orders are no better; --verbose shows them.")
        self._changes()
        self._line(f"suite {answer.suite[:12]}, releases as of {answer.as_of[:10]}", "dim")

    def _services(self) -> None:
        """What is out before and after, and where the candidates among it come from."""
        for word, services in (("from", self._answer.before), ("to", self._answer.after)):
            deployment = "; ".join(f"{name}: {versions_in_words(releases)}" for name, releases in services.items())
            self._line(f"{word} {deployment}", "dim")
        for candidate in self._answer.candidates:
            self._line(_candidate_in_words(candidate), "dim")
        for library in self._answer.brings_along:
            self._line(f"a candidate brings along {library_in_words(library)}", "yellow")

    def _unsafe_first(self) -> None:
        """What is in the way of the direct orders that are not safe."""
        for order in self._shortest([order for order in self._answer.orders if order.verdict != "safe"]):
            self._line(f"Not {'safe' if order.verdict == 'unsafe' else 'known to be safe'}: {_in_words(order.steps)}:")
            self._steps(order, reasons=True)

    def _shortest(self, orders: Sequence[UpgradeOrder]) -> list[UpgradeOrder]:
        if self._verbose:
            return list(orders)
        fewest = min((len(order.steps) for order in orders), default=0)
        return [order for order in orders if len(order.steps) == fewest]

    def _steps(self, order: UpgradeOrder, *, reasons: bool = False) -> None:
        for number, step in enumerate(order.steps, 1):
            self._line(f"{number}. {step.service}: {versions_in_words(step.packages)}", indent=2)
            for problem in step.problems:
                if problem.effect != "same" and reasons:
                    self._problem(problem, 5)
                elif self._verbose or (problem.effect == "same" and number < len(order.steps)):
                    self._line(f"{problem.title} ({problem.capability}): {_also(problem)}", "dim", 5)

    def _problem(self, problem: UpgradeProblem, indent: int) -> None:
        change = f"{problem.before} before, {problem.after} then"
        sign = CAPABILITY_STATES[problem.after]
        self._line(f"{sign.mark} {problem.title} ({problem.capability}): {change}", sign.style, indent)
        if problem.reason:
            self._line(problem.reason, indent=indent + 2)
        shown = problem.failures if self._verbose else problem.failures[:MOST_FAILURES]
        for failure in shown:
            self._failure(failure, indent + 2)
        if more := len(problem.failures) - len(shown):
            self._line(f"and {more} more; --verbose shows them", indent=indent + 2)

    def _failure(self, failure: UpgradeFailure, indent: int) -> None:
        known = f", known defect {failure.defect}" if failure.defect else ""
        self._line(f"{failure.clause} in {failure.service} ({versions_in_words(failure.versions)}){known}", "", indent)
        self._line(failure.rule, "dim", indent + 2)
        rows: Mapping[str, object] = {
            "looked at": failure.message,
            "expected": failure.expected,
            "got": failure.got,
            "shows it": failure.reproduce,
        }
        for name, value in rows.items():
            if value is not None:
                self._line(f"{name}: {self._value(value)}", indent=indent + 2)
        for recording in failure.sent:
            self._line(f"sent: {recording.file}", indent=indent + 2)
            for entry in recording.entries if self._verbose else recording.entries[:1]:
                # As it is, and with nothing before it: it is there to be pasted.
                command = escape(printable(redis_command(recording.stream, entry)))
                self._console.print(command, highlight=False)

    def _value(self, value: object) -> str:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return text if self._verbose or len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"

    def _changes(self) -> None:
        """A line for each capability: its state before and after; those last that are the same."""
        rows = sorted(self._answer.capabilities, key=lambda row: row.before.state == row.after.state)
        if not rows:
            self._line("No clause is decided by services: nothing is known of deployments.", "yellow")
        for row in rows:
            sign = CAPABILITY_STATES[row.after.state]
            self._line(f"{sign.mark} {_states(row)}: {row.after.title} ({row.after.name})", sign.style)
            if row.after.state == "unknown" and row.after.reason:
                self._line(row.after.reason, "dim", 2)
            for sentence in dict.fromkeys(one.sentence for one in row.after.failures) if self._verbose else ():
                self._line(sentence, "dim", 2)

    def _line(self, text: str, style: str = "", indent: int = 0) -> None:
        line = escape(printable(" ".join(text.split())))
        self._console.print(" " * indent + (f"[{style}]{line}[/]" if style else line), highlight=False)


def _states(row: UpgradeCapability) -> str:
    before, after = row.before.state, row.after.state
    return f"{before} before, {after} after" if before != after else f"{after} before and after"


def _also(problem: UpgradeProblem) -> str:
    """What fails anew and makes nothing worse, or what is lost anyway."""
    clauses = ", ".join(failure.clause for failure in problem.failures)
    state = (
        f"{problem.after} as before" if problem.after == problem.before else f"{problem.before}, then {problem.after}"
    )
    return f"{state}{f'; {clauses} fails too' if clauses else ''}"


def _in_words(steps: Sequence[UpgradeStep]) -> str:
    """``store first, then pipeline``; a service that is upgraded in parts is there more than once."""
    names = [step.service for step in steps]
    if len(set(names)) < len(names):
        names = [f"{step.service} ({', '.join(step.packages)})" for step in steps]
    first, *others = names
    return f"{first} first, then {', then '.join(others)}" if others else first
