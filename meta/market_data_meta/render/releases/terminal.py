"""The ledger for people at a terminal: all packages in a line each, or one package by content."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from market_data_meta.releases.contents import version_spans
from market_data_meta.releases.ledger import Ledger, Release, set_aside


def show_ledger(ledger: Ledger, console: Console) -> None:
    """Print how many releases and contents each package has, what is deployed, and when that was read."""
    for package, releases in ledger.releases.items():
        contents = len({release.content for release in releases})
        newest = ledger.newest(package).version
        line = f"[bold]{package}[/]  {len(releases)} releases, {contents} distinct contents, newest {newest}"
        console.print(line, highlight=False)
    pins = ledger.deployed.pins
    deployed = " ".join(f"{package}=={pins.get(package, 'unknown')}" for package in ledger.releases)
    console.print(f"deployed  {deployed if pins else 'unknown'}", highlight=False)
    by = f"{ledger.deployed.distribution} {ledger.deployed.version}"
    console.print(f"[dim]as {by} pins them; the index was read at {ledger.as_of}[/]", highlight=False)


def show_contents(ledger: Ledger, package: str, console: Console) -> None:
    """Print the releases of one package, a row for each distinct content, the oldest first."""
    published = ledger.releases[package]
    aside = set_aside(published)
    groups: dict[str, list[Release]] = {}
    for release in published:
        groups.setdefault(release.content, []).append(release)
    table = Table(box=None, pad_edge=False)
    table.add_column("content", no_wrap=True)
    table.add_column("first upload", no_wrap=True)
    table.add_column("releases", no_wrap=True, justify="right")
    table.add_column("versions", overflow="fold")
    table.add_column("not chosen by installers", overflow="fold")
    for content, releases in groups.items():
        reasons: dict[str, list[Release]] = {}
        for release in releases:
            if release.version in aside:
                reasons.setdefault(aside[release.version], []).append(release)
        not_chosen = [f"{', '.join(version_spans(rows, published))} {why}" for why, rows in reasons.items()]
        first = min(release.uploaded for release in releases)[:10]
        versions = ", ".join(version_spans(releases, published))
        table.add_row(content[:12], first, str(len(releases)), versions, "; ".join(not_chosen) or "none")
    console.print(table)
    newest = ledger.newest(package).version
    console.print(f"{len(published)} releases, {len(groups)} distinct contents, newest {newest}", highlight=False)
