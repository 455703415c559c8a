"""The page in a browser: it answers, its links lead somewhere, and everyone can use it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

NEWEST = "cell-core1.4.61-pipeline0.8.70-store0.6.73"
BROKEN = "cell-core1.4.10-pipeline0.8.69-store0.6.72"


def at(name: str) -> str:
    """A selector of the element with this id."""
    return f'[id="{name}"]'


def test_it_shows_every_cell_and_runs_nothing_that_a_package_says(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("a.cell")).to_have_count(8)
    assert page.title() == "Market data compatibility matrix"
    assert page.locator("img").count() == 0


def test_a_click_on_a_cell_opens_its_evidence_and_escape_closes_it(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(at(BROKEN)).click()
    expect(page.locator("#detail")).to_contain_text("area.first")
    expect(page.locator("#detail")).to_contain_text("core==1.4.10 pipeline==0.8.69 store==0.6.72")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    expect(page.locator(at(BROKEN))).to_be_focused()


def test_can_i_deploy_answers_at_once_and_the_address_names_the_question(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#deploy-answer")).to_contain_text("compatible")
    for package, version in (("core", "1.4.9"), ("pipeline", "0.8.69"), ("store", "0.6.72")):
        page.locator(f"#deploy-{package}").select_option(version)
    expect(page.locator("#deploy-answer")).to_contain_text("incompatible")
    expect(page.locator("#deploy-answer")).to_contain_text("core 1.4.10")
    assert page.url.endswith("#deploy=core==1.4.9,pipeline==0.8.69,store==0.6.72")


def test_a_question_in_the_address_is_answered(page: Page, address: str) -> None:
    page.goto(f"{address}#deploy=core==1.4.9,pipeline==0.8.69,store==0.6.72")
    expect(page.locator("#deploy-answer")).to_contain_text("incompatible")


def test_what_the_matrix_lacks_is_said(page: Page, address: str) -> None:
    page.goto(f"{address}#deploy=core==9.9.9")
    expect(page.locator("#deploy-answer")).to_contain_text("Not in this matrix: core 9.9.9")


@pytest.mark.parametrize("name", ["clause-area.first", "clause-area.third", "release-core-1.4.9"])
def test_a_deep_link_leads_to_its_clause_or_release(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}#{name}")
    expect(page.locator(at(name))).to_be_in_viewport()
    expect(page.locator(at(name))).to_be_focused()


def test_a_deep_link_to_a_combination_opens_the_cell_of_its_code(page: Page, address: str) -> None:
    page.goto(f"{address}#{BROKEN.replace('1.4.10', '1.4.9')}")
    expect(page.locator("#detail")).to_contain_text("core 1.4.9")
    expect(page.locator(at(BROKEN))).to_have_attribute("aria-current", "true")


def test_arrow_keys_move_in_a_grid_that_is_one_stop_for_the_tabulator(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(at(BROKEN)).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator(at("cell-core1.4.61-pipeline0.8.70-store0.6.72"))).to_be_focused()
    expect(page.locator('a.cell[tabindex="0"]')).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_be_visible()


def test_the_filter_shows_what_matches(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#filter-state").select_option("waived")
    expect(page.locator(".clause:visible")).to_have_count(1)
    expect(page.locator("#filter-count")).to_have_text("1 shown")


def test_the_chosen_theme_is_remembered(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_phone_scrolls_no_page_sideways(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["", NEWEST, "clause-area.first"])
def test_axe_finds_nothing(browser: Browser, address: str, theme: str, name: str) -> None:
    context = browser.new_context(bypass_csp=True, color_scheme="dark" if theme == "dark" else "light")
    page = context.new_page()
    page.goto(f"{address}#{name}")
    found = Axe().run(page)
    context.close()
    assert found.violations_count == 0, found.generate_report()
