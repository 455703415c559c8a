"""The answer of can-i-deploy for people at a terminal: yes or no, why, and what that rests on."""

from __future__ import annotations

import time

from rich.console import Console
from rich.markup import escape

from market_data_meta.errors import Exit
from market_data_meta.render.capability_lines import sentences, why_in_short
from market_data_meta.render.signs import with_state_mark
from market_data_meta.render.text import counts_in_words, printable
from market_data_meta.results.deploy_answer import DeployAnswer


def show_answer(answer: DeployAnswer, console: Console) -> None:
    """Print the answer, what will work and what will not, the run behind it, then the clauses that fail."""
    undecided = "[red]no[/]" if answer.exit == int(Exit.VIOLATED) else "[yellow]undecided[/]"
    word = "[green]yes[/]" if answer.deploy else undecided
    pins = " ".join(f"{package}=={version}" for package, version in answer.combination.items())
    console.print(f"{word}  {pins}  ({answer.verdict})", highlight=False)
    for why in answer.forbidden:
        console.print(f"  forbidden  {escape(why)}", highlight=False)
    for why in answer.reasons:
        console.print(f"  because    {escape(printable(why))}", highlight=False)
    for state in answer.capabilities:
        why = f"[dim]  {escape(printable(why_in_short(state)))}[/]"
        console.print(f"  {with_state_mark(state.state)}  {escape(state.title)}{why}", highlight=False)
        for sentence in sentences(state):
            console.print(f"      {escape(sentence)}", highlight=False)
    evidence = answer.evidence
    if evidence.start and evidence.suite:
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(evidence.start))
        console.print(f"  evidence   {counts_in_words(evidence.counts)}", highlight=False)
        about = f"{evidence.lane} lane, {when}, Python {evidence.interpreter}, suite {evidence.suite[:12]}"
        console.print(f"  run        {about}; it stands for {evidence.stands_for:,} combinations", highlight=False)
        for package, installed in (evidence.attestation or {}).items():
            text = f"{package} {installed.version}, content {installed.content[:12]}"
            console.print(f"  installed  {text}", highlight=False)
    else:
        console.print("  evidence   none: mdmeta matrix makes it", highlight=False)
    for title, clauses in (("failed", answer.failed), ("waived", answer.waived)):
        for clause in clauses:
            console.print(f"  {title:9}  {clause}", highlight=False)
