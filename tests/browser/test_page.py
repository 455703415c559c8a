"""The page in a browser: it answers, its links lead somewhere, and everyone can use it."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import sample
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from market_data_meta.contract_files import load_contract
from market_data_meta.judging.defects import KnownDefects
from market_data_meta.matrix.document import matrix_result
from market_data_meta.matrix.verdicts import MatrixVerdicts
from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.contents import content_combinations, distinct_contents
from market_data_meta.releases.ledger_files import load_ledger
from market_data_meta.releases.requirements import broken_promises
from market_data_meta.render.page.site import site
from market_data_meta.running.cell_records import CellRecords

ROOT = Path(__file__).parents[2]
OLDEST = "deploy=core==1.4.9,pipeline==0.8.69,store==0.6.72"


def by_id(name: str) -> str:
    """A selector of the element with this id."""
    return f'[id="{name}"]'


def row(page: Page, capability: str) -> Locator:
    """The row of a capability on the first screen."""
    return page.locator(by_id(f"capability-{capability}"))


def grid_cell(page: Page, core: int, pipeline: int) -> Locator:
    """The cell of the grid for these contents."""
    return page.locator(f'.cell[data-row="{core}"][data-column="{pipeline}"]')


def test_it_opens_with_what_works_in_the_newest_set(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".lead")).to_have_text(
        "Newest set (core 1.4.61, pipeline 0.8.70, store 0.6.73): 2 of 3 capabilities work, 1 is limited."
    )
    columns = page.locator(".first thead th").all_inner_texts()
    assert [text.splitlines()[0] for text in columns] == [
        "Capability",
        "Newest set",
        "Deployed set",
        "Oldest pinned set",
        "Best set",
        "What is broken or limited in the newest set",
    ]
    assert "forbidden" in columns[3]
    assert "allowed" in columns[1]
    states = row(page, "talk").locator("td .chip").all_inner_texts()
    assert [state.split()[-1] for state in states] == ["limited", "limited", "broken", "limited"]
    expect(row(page, "talk")).to_contain_text("What fails of area.second.")
    expect(row(page, "read")).to_contain_text("No clause fails.")
    expect(page.locator("#facts")).to_contain_text("Releases as of 2026-01-02")
    expect(page.locator("#facts").get_by_role("link", name="market-data-core")).to_have_attribute(
        "href", "https://github.com/owner/market-data-core"
    )


def test_it_runs_nothing_that_a_package_says(page: Page, address: str) -> None:
    page.goto(address)
    assert page.title() == "What works with what: core, pipeline and store"
    assert page.locator("img").count() == 0
    assert page.locator('a[href^="javascript"]').count() == 0


def test_nothing_says_that_what_has_failures_is_compatible(page: Page, address: str) -> None:
    page.goto(address)
    assert "compatible" not in page.locator("body").inner_text().lower()


def test_what_is_limited_unfolds_to_each_sentence_and_its_defect(page: Page, address: str) -> None:
    page.goto(address)
    row(page, "talk").locator("summary").click()
    row(page, "talk").get_by_role("link", name="Known defect").click()
    expect(page.locator(by_id("defect-second-is-late"))).to_be_in_viewport()
    expect(page.locator(by_id("defect-second-is-late"))).to_have_attribute("open", "")


def test_a_chosen_capability_drives_everything_below(page: Page, address: str) -> None:
    page.goto(address)
    row(page, "write").get_by_role("button").click()
    assert page.url.endswith("#capability-write")
    expect(page.locator("#capability")).to_have_value("write")
    expect(row(page, "write").get_by_role("button")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#chosen")).to_have_text(
        "Everything below is about: To write. What it is to write. Nothing goes without it."
    )
    # It depends on store, so the grid's cells are split: works with one, broken with the other.
    expect(grid_cell(page, 1, 1).locator(".piece")).to_have_count(2)
    expect(grid_cell(page, 1, 1)).to_have_attribute(
        "aria-label", re.compile(r"works with store 0\.6\.73 .*; broken with store 0\.6\.72")
    )
    expect(page.locator("#promise-counts td.works.allowed")).to_contain_text("2allowed, and it works")
    expect(page.locator("#supported tbody tr")).to_contain_text("none")
    expect(page.locator("#timelines")).to_contain_text("is broken until 0.6.72, works since 0.6.73 (2026-01-01)")
    expect(page.locator("#defects-hint")).to_contain_text("6 of 7 concern")
    expect(page.locator("#clauses-hint")).to_contain_text("1 clauses")
    expect(page.locator("#deploy-answer .answer")).to_contain_text("Yes: “To write” works in this set.")


def test_any_capability_is_a_choice_again(page: Page, address: str) -> None:
    page.goto(f"{address}#capability-write")
    page.locator("#capability").select_option(label="any (all capabilities)")
    expect(page.locator("#where-hint")).to_contain_text("All capabilities")
    expect(grid_cell(page, 0, 0)).to_have_attribute("aria-label", re.compile("2 of 3 broken with store 0.6.72"))
    expect(page.locator("#clauses-hint")).to_contain_text("4 clauses")
    expect(page.locator("tr.chosen")).to_have_count(0)


def test_a_capability_is_chosen_with_the_keyboard(page: Page, address: str) -> None:
    page.goto(address)
    row(page, "read").get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#capability")).to_have_value("read")
    page.keyboard.press("Space")
    expect(page.locator("#capability")).to_have_value("")


def test_a_pale_piece_is_what_the_requirements_forbid(page: Page, address: str) -> None:
    page.goto(f"{address}#capability-talk")
    expect(grid_cell(page, 0, 1).locator(".forbidden")).to_have_count(0)  # the same state, and allowed with one store
    page.goto(f"{address}#capability-write")
    expect(grid_cell(page, 0, 1).locator(".works.forbidden")).to_have_count(1)
    expect(grid_cell(page, 0, 1).locator(".broken.allowed")).to_have_count(1)


def test_a_grid_cell_says_with_which_partners_and_leads_to_the_answer(page: Page, address: str) -> None:
    page.goto(f"{address}#capability-write")
    grid_cell(page, 0, 0).click()
    expect(page.locator("#where-detail")).to_contain_text("core 1.4.9 to 1.4.10 with pipeline 0.8.69")
    expect(page.locator("#where-detail")).to_contain_text("broken with store 0.6.72")
    page.locator("#where-detail").get_by_role("link", name="core 1.4.10, pipeline 0.8.69, store 0.6.72").click()
    expect(page.locator("#deploy-answer")).to_contain_text("No: “To write” is broken in this set.")


def test_what_differs_with_other_libraries_is_said_by_clause_of_what_is_chosen(page: Page, address: str) -> None:
    page.goto(address)
    libraries = page.locator("#libraries")
    expect(libraries).to_contain_text("With the lowest versions of the libraries (as of 2026-01-02T03:04:05Z)")
    expect(libraries).to_contain_text("2 of 8 cells differ in 1 clause, and of 1 nothing is known.")
    expect(libraries.locator("li")).to_contain_text("area.third fails, and holds with the usual libraries")
    page.goto(f"{address}#capability-talk")
    expect(libraries.locator("li")).to_have_count(0)
    expect(libraries).to_contain_text("Of the capability that is chosen: 0.")


def test_arrow_keys_move_in_a_grid_that_is_one_stop_for_the_tabulator(page: Page, address: str) -> None:
    page.goto(address)
    grid_cell(page, 1, 0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(grid_cell(page, 0, 1)).to_be_focused()
    expect(page.locator('.cell[tabindex="0"]')).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#where-detail")).to_contain_text("core 1.4.9 to 1.4.10 with pipeline 0.8.70")


def test_can_i_deploy_answers_by_capability_and_the_address_names_the_question(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#deploy-answer .answer")).to_contain_text(
        "In this set 2 of 3 capabilities work, 1 is limited."
    )
    for package, version in (("core", "1.4.9"), ("pipeline", "0.8.69"), ("store", "0.6.72")):
        page.locator(f"#deploy-{package}").select_option(version)
    expect(page.locator("#deploy-answer .answer")).to_contain_text(
        "In this set 1 of 3 capabilities works, 2 are broken."
    )
    expect(page.locator("#deploy-answer")).to_contain_text("To talk. What fails of area.first.")
    expect(page.locator("#deploy-answer")).to_contain_text("Their own requirements allow this set.")
    page.get_by_text("Evidence: run on 2026-11-23, 4 checks").click()
    expect(page.locator("#deploy-answer")).to_contain_text("runs of core 1.4.10, pipeline 0.8.69, store 0.6.72 and")
    assert page.url.endswith(f"#{OLDEST}")


def test_of_a_set_that_cannot_be_installed_it_says_no_and_that_everything_is_broken(page: Page, tmp_path: Path) -> None:
    matrix = sample.matrix()
    position = next(place for place, cell in enumerate(matrix.cells) if cell.verdict == "unknown")
    broken = {"verdict": "uninstallable", "capabilities": dict.fromkeys(sample.CAPABILITIES, "broken")}
    cells = list(matrix.cells)
    cells[position] = cells[position].model_copy(update=broken)
    file = tmp_path / "index.html"
    file.write_text(site(matrix.model_copy(update={"cells": tuple(cells)}), sample.contract()), encoding="utf-8")
    versions = ",".join(f"{name}=={version}" for name, version in cells[position].combination.items())
    page.goto(f"{file.as_uri()}#deploy={versions}")
    expect(page.locator("#deploy-answer .answer")).to_contain_text("No. They cannot be installed together.")
    page.get_by_text("What works and what does not, by capability").click()
    expect(page.locator("#deploy-answer")).to_contain_text("To write. The set cannot be installed.")
    expect(page.locator("#deploy-answer")).not_to_contain_text("Nothing is known.")


def test_after_a_no_it_names_the_nearest_set(page: Page, address: str) -> None:
    page.goto(f"{address}#capability-talk")
    page.evaluate("hash => { location.hash = hash }", OLDEST)
    expect(page.locator("#deploy-answer .answer")).to_contain_text("No: “To talk” is broken in this set.")
    expect(page.locator("#nearest")).to_have_text(
        "The nearest set in which “To talk” is limited: core 1.4.9, pipeline 0.8.70, store 0.6.72, "
        "with another release of pipeline."
    )
    page.locator("#nearest a").click()
    assert page.url.endswith(";needs=talk")
    expect(page.locator("#deploy-answer .answer")).to_contain_text("With limits: “To talk” is limited in this set.")
    expect(page.locator("#nearest")).to_have_text(
        "No set is known that the requirements allow and in which “To talk” works without limits."
    )


def test_any_release_is_answered_with_the_best_choice(page: Page, address: str) -> None:
    page.goto(f"{address}#deploy=core==1.4.9,pipeline==any,store==any")
    expect(page.locator("#deploy-store")).to_have_value("")
    expect(page.locator("#deploy-answer")).to_contain_text(
        "The best choice: core 1.4.9, pipeline 0.8.70, store 0.6.72."
    )


def test_a_question_in_the_address_may_name_a_capability(page: Page, address: str) -> None:
    page.goto(f"{address}#{OLDEST};needs=write")
    expect(page.locator("#capability")).to_have_value("write")
    expect(page.locator("#deploy-answer .answer")).to_contain_text("No: “To write” is broken in this set.")
    expect(page.locator("#deploy-answer")).to_contain_text("Breaks it: What fails of area.fourth.")
    expect(page.locator("#deploy-answer")).to_contain_text("Breaks it: It fails in another way, too.")
    expect(page.locator("#deploy")).to_be_in_viewport()


def test_the_versions_of_the_best_set_are_named_where_they_are_others(page: Page, address: str) -> None:
    page.goto(address)
    expect(row(page, "talk").locator("a.versions")).to_have_count(0)


def test_an_unknown_set_is_undecided(page: Page, address: str) -> None:
    page.goto(f"{address}#capability-read")
    page.evaluate("hash => { location.hash = hash }", "deploy=core==1.4.10,pipeline==0.8.69,store==0.6.73")
    expect(page.locator("#deploy-answer .answer")).to_contain_text("“To read ")
    expect(page.locator("#deploy-answer .answer")).to_contain_text("is unknown in this set.")


def test_releases_that_forbid_each_other_may_not_go_out(page: Page, address: str) -> None:
    page.goto(f"{address}#deploy=core==1.4.9,pipeline==0.8.70,store==0.6.73")
    expect(page.locator("#deploy-answer .answer")).to_contain_text("No: their own requirements forbid this set.")
    expect(page.locator("#deploy-answer")).to_contain_text("store 0.6.73 requires core <2,>=1.4.61, not 1.4.9")
    expect(page.locator("#nearest a")).to_have_text("core 1.4.61, pipeline 0.8.70, store 0.6.73")


def test_the_page_reads_real_requirements_as_an_installer_does(page: Page, tmp_path: Path) -> None:
    """For any releases it says what their own requirements forbid, whether or not a run says anything."""
    contract = load_contract(ROOT)
    ledger = load_ledger(ROOT, contract.packages)
    contents = distinct_contents(contract, ledger)
    no_records = CellRecords(contents, tuple(content_combinations(contents)), {}, {}, {}, frozenset(), 0)
    matrix = matrix_result(contract, ledger, MatrixVerdicts(contract, "0" * 64, no_records, KnownDefects()))
    (tmp_path / "index.html").write_text(site(matrix, contract), encoding="utf-8")
    page.goto((tmp_path / "index.html").as_uri())
    chance = random.Random(7)  # noqa: S311 - the same choice every time, and no secret
    forbidden_counts = set()
    for _ in range(40):
        combination = Combination(
            tuple((name, chance.choice(releases).version) for name, releases in ledger.releases.items())
        )
        page.evaluate("hash => { location.hash = hash }", f"deploy={str(combination).replace(' ', ',')}")
        expect(page.locator("#deploy-answer .command")).to_contain_text(str(combination))
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


def test_known_defects_are_listed_the_worst_first_and_the_mended_last(page: Page, address: str) -> None:
    page.goto(address)
    names = page.locator(".defect").evaluate_all("cards => cards.map(card => card.id.replace('defect-', ''))")
    assert names[:3] == ["defect-1", "defect-3", "defect-5"]
    assert names[3] == "second-is-late", "it is in the newest set"
    assert names[-1] == "defect-6", "it is mended"
    expect(page.locator(".defect:visible")).to_have_count(5)
    expect(page.locator("#defect-list")).to_contain_text("The list is behind what was seen in 2 places")
    page.locator(by_id("defect-defect-1")).locator("summary").first.click()
    expect(page.locator(by_id("defect-defect-1"))).to_contain_text("No way round it is known.")
    page.get_by_text("A script that shows it").click()
    expect(page.locator(by_id("defect-defect-1")).locator("pre")).to_be_visible()


def test_a_specifier_that_names_many_versions_is_folded(page: Page, address: str) -> None:
    page.goto(f"{address}#capability-read")
    expect(page.locator("#supported tbody tr")).to_contain_text(">=1.4.9 without 5 versions")
    expect(page.locator("#supported").get_by_text("!=1.4.11, !=1.4.12")).to_be_hidden()
    page.locator("#supported summary").click()
    expect(page.locator("#supported").get_by_text("!=1.4.11, !=1.4.12")).to_be_visible()


@pytest.mark.parametrize(
    "name", ["clause-area.first", "clause-area.third", "release-core-1.4.9", "defect-second-is-late", "defect-defect-6"]
)
def test_a_deep_link_leads_to_its_clause_release_or_defect(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}#{name}")
    expect(page.locator(by_id(name))).to_be_in_viewport()
    expect(page.locator(by_id(name))).to_be_focused()


def test_a_link_to_a_clause_of_another_capability_shows_all_of_them(page: Page, address: str) -> None:
    page.goto(f"{address}#capability-read")
    page.evaluate("location.hash = 'clause-area.first'")
    expect(page.locator(by_id("clause-area.first"))).to_be_in_viewport()
    expect(page.locator("#capability")).to_have_value("")


def test_every_link_inside_the_page_leads_somewhere(page: Page, address: str) -> None:
    page.goto(address)
    names = page.locator("[id]").evaluate_all("elements => elements.map(element => element.id)")
    assert len(names) == len(set(names))
    releases = [
        f"release-{name}-{version}"
        for name, contents in sample.RELEASES.items()
        for versions in contents
        for version in versions
    ]
    clauses = [f"clause-{name}" for name in sample.contract().clauses]
    capabilities = [f"capability-{name}" for name in sample.CAPABILITIES]
    assert {*releases, *clauses, *capabilities} <= set(names)
    targets = page.locator('a[href^="#"]').evaluate_all("links => links.map(link => link.hash.slice(1))")
    assert {target for target in targets if not target.startswith("deploy=")} <= set(names)


def test_a_clause_says_since_when_it_fails(page: Page, address: str) -> None:
    page.goto(f"{address}#clause-area.first")
    since = page.locator(by_id("clause-area.first")).locator(".trend")
    expect(since).to_contain_text("fails in 1.4.9\N{EN DASH}10")
    expect(since).to_contain_text("holds since 1.4.61")
    since.get_by_text("since 1.4.61").click()
    expect(page.locator("#about-core")).to_contain_text("core 1.4.61 was published on 2026-01-01")


def test_a_release_says_what_works_with_its_code(page: Page, address: str) -> None:
    page.goto(f"{address}#capability-write")
    page.evaluate("location.hash = 'release-store-0.6.73'")
    expect(page.locator("#about-store")).to_contain_text(
        "To write: works with its best partners, which the requirements allow. "
        "It asks core for <2,>=1.4.61, and is usable with none."
    )


def test_the_filter_shows_what_matches(page: Page, address: str) -> None:
    page.goto(f"{address}#clause-area.first")
    page.locator("#filter-state").select_option("known")
    expect(page.locator(".clause:visible")).to_have_count(1)
    expect(page.locator("#filter-count")).to_have_text("1 shown")


def test_the_chosen_theme_is_remembered(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_everything_that_matters_is_within_three_screens(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollHeight") <= 3 * 900


@pytest.mark.parametrize("name", ["", "capability-write", OLDEST, "clause-area.first", "defect-defect-1"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_no_page_scrolls_sideways(page: Page, address: str, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{address}#{name}")
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["", "capability-write", OLDEST, "clause-area.first", "defect-defect-1"])
def test_axe_finds_nothing(browser: Browser, address: str, theme: str, width: int, name: str) -> None:
    context = browser.new_context(
        bypass_csp=True,
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": width, "height": 844},
    )
    page = context.new_page()
    page.goto(f"{address}#{name}")
    result = Axe().run(page)
    context.close()
    assert result.violations_count == 0, result.generate_report()
