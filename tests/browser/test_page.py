"""The page in a browser: it answers, its links lead somewhere, and everyone can use it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import sample
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from market_data_meta.contract_files import load_contract
from market_data_meta.matrix.document import matrix_result
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.releases.requirements import broken_promises
from market_data_meta.render.page.site import site
from market_data_meta.running.cells import CellRecords

ROOT = Path(__file__).parents[2]
NEWEST = "cell-core1.4.61-pipeline0.8.70-store0.6.73"
BROKEN = "cell-core1.4.10-pipeline0.8.69-store0.6.72"


def by_id(name: str) -> str:
    """A selector of the element with this id."""
    return f'[id="{name}"]'


def test_it_shows_every_cell_and_runs_nothing_that_a_package_says(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("a.cell")).to_have_count(8)
    assert page.title() == "Market data compatibility matrix"
    assert page.locator("img").count() == 0


def test_a_click_on_a_cell_opens_its_evidence_and_escape_closes_it(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(by_id(BROKEN)).click()
    expect(page.locator("#detail")).to_contain_text("area.first")
    expect(page.locator("#detail")).to_contain_text("core==1.4.10 pipeline==0.8.69 store==0.6.72")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    expect(page.locator(by_id(BROKEN))).to_be_focused()


def test_a_link_from_a_cell_to_a_clause_uncovers_it(page: Page, address: str) -> None:
    page.goto(f"{address}#{BROKEN}")
    page.locator("#detail").get_by_role("link", name="area.first").first.click()
    expect(page.locator(by_id("clause-area.first"))).to_be_in_viewport()
    expect(page.locator("#detail")).to_be_hidden()


def test_a_phone_shows_the_chosen_cell_beside_its_detail(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}#{BROKEN}")
    cell, detail = page.locator(by_id(BROKEN)).bounding_box(), page.locator("#detail").bounding_box()
    assert cell
    assert detail
    assert cell["y"] >= 0
    assert cell["y"] + cell["height"] <= detail["y"]


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


def test_releases_that_work_and_forbid_each_other_may_not_go_out(page: Page, address: str) -> None:
    page.goto(f"{address}#deploy=core==1.4.9,pipeline==0.8.70,store==0.6.73")
    expect(page.locator("#deploy-answer")).to_contain_text(
        "No. They work together, but their own requirements forbid it."
    )
    expect(page.locator("#deploy-answer")).to_contain_text("store 0.6.73 requires core <2,>=1.4.61, not 1.4.9")


def test_the_page_reads_real_requirements_as_an_installer_does(page: Page, tmp_path: Path) -> None:
    """For any releases it says what their own requirements forbid, whether or not a run says anything."""
    contract = load_contract(ROOT)
    ledger = load_ledger(ROOT, contract.packages)
    contents = distinct_contents(contract, ledger)
    no_records = CellRecords(contents, tuple(content_combinations(contents)), {}, {}, {}, frozenset(), 0)
    matrix = matrix_result(contract, MatrixVerdicts(contract, "0" * 64, no_records, ()))
    (tmp_path / "index.html").write_text(site(matrix, contract), encoding="utf-8")
    page.goto((tmp_path / "index.html").as_uri())
    chance = random.Random(7)  # noqa: S311 - the same choice every time, and no secret
    forbidden_counts = set()
    for _ in range(40):
        combination = Combination(
            tuple((name, chance.choice(releases).version) for name, releases in ledger.releases.items())
        )
        page.evaluate("hash => { location.hash = hash }", f"deploy={str(combination).replace(' ', ',')}")
        expect(page.locator("#deploy-answer code").last).to_contain_text(str(combination))
        sentences = page.locator("#deploy-answer li").all_text_contents()
        expected = broken_promises(combination, contract.packages, ledger)
        for name, package in contract.packages.items():
            expected = [line.replace(f"requires {package.distribution}", f"requires {name} ") for line in expected]
        assert [line for line in sentences if "requires" in line] == expected
        forbidden_counts.add(len(expected))
    assert {0, 1} <= forbidden_counts, "some are allowed and some are not"


def test_a_version_that_the_matrix_lacks_is_named(page: Page, address: str) -> None:
    page.goto(f"{address}#deploy=core==9.9.9")
    expect(page.locator("#deploy-answer")).to_contain_text("Not in this matrix: core 9.9.9")


@pytest.mark.parametrize("name", ["clause-area.first", "clause-area.third", "release-core-1.4.9"])
def test_a_deep_link_leads_to_its_clause_or_release(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}#{name}")
    expect(page.locator(by_id(name))).to_be_in_viewport()
    expect(page.locator(by_id(name))).to_be_focused()


def test_every_clause_cell_and_release_has_an_address_of_its_own(page: Page, address: str) -> None:
    page.goto(address)
    names = page.locator("[id]").evaluate_all("elements => elements.map(element => element.id)")
    assert len(names) == len(set(names))
    combinations = [cell.combination.items() for cell in sample.matrix().cells]
    cells = [f"cell-{'-'.join(name + version for name, version in combination)}" for combination in combinations]
    releases = [
        f"release-{name}-{version}"
        for name, contents in sample.RELEASES.items()
        for versions in contents
        for version in versions
    ]
    clauses = [f"clause-{name}" for name in sample.contract().clauses]
    assert {*cells, *releases, *clauses} <= set(names)
    targets = page.locator('a[href^="#"]').evaluate_all("links => links.map(link => link.hash.slice(1))")
    assert {target for target in targets if not target.startswith("cell-")} <= set(names)


def test_a_clause_says_since_when_it_fails(page: Page, address: str) -> None:
    page.goto(f"{address}#clause-area.first")
    since = page.locator(by_id("clause-area.first")).locator(".trend")
    expect(since).to_contain_text("fails in 1.4.9\N{EN DASH}10")
    expect(since).to_contain_text("holds since 1.4.61")
    since.get_by_text("since 1.4.61").click()
    expect(page.locator("#about-core")).to_contain_text("core 1.4.61 was published on 2026-01-01")


def test_a_release_says_with_how_much_its_code_works(page: Page, address: str) -> None:
    page.goto(f"{address}#release-core-1.4.9")
    expect(page.locator("#about-core")).to_contain_text("2 of 4 cells with it are compatible")
    expect(page.locator("#about-core")).to_contain_text("1.4.9 to 1.4.10")
    page.locator(by_id("release-core-1.4.61")).click()
    expect(page.locator("#about-core")).to_contain_text("4 of 4 cells with it are compatible")


def test_a_deep_link_to_a_combination_opens_the_cell_of_its_code(page: Page, address: str) -> None:
    page.goto(f"{address}#{BROKEN.replace('1.4.10', '1.4.9')}")
    expect(page.locator("#detail")).to_contain_text("core 1.4.9")
    expect(page.locator(by_id(BROKEN))).to_have_attribute("aria-current", "true")


def test_arrow_keys_move_in_a_grid_that_is_one_stop_for_the_tabulator(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(by_id(BROKEN)).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator(by_id("cell-core1.4.61-pipeline0.8.70-store0.6.72"))).to_be_focused()
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
    result = Axe().run(page)
    context.close()
    assert result.violations_count == 0, result.generate_report()
