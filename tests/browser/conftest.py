"""A headless Chromium, and the page that is made of a small matrix."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sample
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from market_data_meta.render.page.site import site

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium(own: str) -> str:
    """The program to run: what MDMETA_CHROMIUM names, else playwright's own, else what is on the path."""
    programs = [os.environ.get("MDMETA_CHROMIUM"), own if Path(own).exists() else None, *map(shutil.which, NAMES)]
    for program in programs:
        if program:
            return program
    pytest.fail("no Chromium: run 'apt-get install chromium' or 'playwright install chromium', or set MDMETA_CHROMIUM")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        program = chromium(playwright.chromium.executable_path)
        chromium_browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium_browser
        chromium_browser.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the page is."""
    file = tmp_path_factory.mktemp("site") / "index.html"
    file.write_text(site(sample.matrix(), sample.contract(), backtest=sample.backtest()), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that keeps the policy of what it shows, and fails the test for any error or request elsewhere."""
    context = browser.new_context(reduced_motion="reduce")
    new_page = context.new_page()
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            problems.append(message.text)

    def on_request(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            problems.append(request.url)

    new_page.on("console", on_console)
    new_page.on("pageerror", lambda error: problems.append(str(error)))
    new_page.on("request", on_request)
    yield new_page
    context.close()
    assert problems == []
