"""The page proposes no release that an installer does not take by itself, and tells releases by version."""

from __future__ import annotations

from pathlib import Path

import sample
from playwright.sync_api import Page, expect

from market_data_meta.render.page.site import site


def test_what_an_installer_does_not_take_is_told_and_never_the_best_choice(page: Page, tmp_path: Path) -> None:
    matrix = sample.matrix()
    contents = {name: list(contents) for name, contents in matrix.packages.items()}
    contents["core"][1] = contents["core"][1].model_copy(update={"set_aside": {"1.4.61": "is yanked"}})
    packages = {name: tuple(column) for name, column in contents.items()}
    matrix = matrix.model_copy(update={"packages": packages, "sets": ()})
    (tmp_path / "index.html").write_text(site(matrix, sample.contract()), encoding="utf-8")
    page.goto((tmp_path / "index.html").as_uri())
    expect(page.locator("#deploy-core")).to_have_value("1.4.10")
    page.goto(f"{(tmp_path / 'index.html').as_uri()}#deploy=core==any,pipeline==any,store==any")
    expect(page.locator("#deploy-answer")).to_contain_text("The best choice: core 1.4.10")
    page.goto(f"{(tmp_path / 'index.html').as_uri()}#deploy=core==1.4.61,pipeline==0.8.70,store==0.6.73")
    expect(page.locator("#deploy-answer")).to_contain_text("core 1.4.61 is yanked: an installer takes it only by its")


def test_a_content_that_comes_back_is_told_by_version(page: Page, tmp_path: Path) -> None:
    """The releases of one content need not be neighbours, so a span of its versions would be about others too."""
    matrix = sample.matrix()
    contents = {name: list(contents) for name, contents in matrix.packages.items()}
    update = {"releases": ("0.6.72", "0.6.74"), "label": "0.6.72, 0.6.74", "uploaded": ("2026-01-01",) * 2}
    contents["store"][0] = contents["store"][0].model_copy(update=update)
    packages = {name: tuple(column) for name, column in contents.items()}
    matrix = matrix.model_copy(update={"packages": packages})
    (tmp_path / "index.html").write_text(site(matrix, sample.contract()), encoding="utf-8")
    page.goto((tmp_path / "index.html").as_uri())
    page.locator("#capability-write").get_by_role("button").click()
    expect(page.locator("#timelines")).to_contain_text(
        "is broken until 0.6.72, works in 0.6.73, is broken since 0.6.74 (2026-01-01)"
    )
    assert page.locator("#deploy-store option").all_text_contents() == ["any", "0.6.74", "0.6.73", "0.6.72"]


def test_a_release_that_was_bad_on_its_day_says_what_it_did(page: Page, address: str) -> None:
    """Whether it was bad is told by a sign and in words, and of each day whether the newest set could be installed."""
    page.goto(f"{address}#release-core-1.4.10")
    about = page.locator("#about-core")
    expect(page.locator('[id="release-core-1.4.10"]')).to_have_text("1.4.10 !")
    expect(about).to_contain_text(
        "On its day: It could not be installed with anything that was out: core 1.4.10 requires"
    )
    expect(about).to_contain_text("A required gate would have stopped it.")
    expect(about).to_contain_text("Seen otherwise than with 1.4.9: http:GET /health")
    page.goto(f"{address}#release-core-1.4.61")
    expect(about).to_contain_text("core 1.4.61")
    expect(about).not_to_contain_text("On its day")
    page.locator("#days summary").click()
    days = page.locator("#days li")
    expect(days).to_have_count(2)
    expect(days.first).to_contain_text("2026-01-01 for 19.0 hours the newest set could not be installed; 2 of 3")
    expect(days.last).to_contain_text("the newest set could be installed all day")


def test_without_a_backtest_the_page_says_nothing_of_days(page: Page, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(site(sample.matrix(), sample.contract()), encoding="utf-8")
    page.goto((tmp_path / "index.html").as_uri())
    expect(page.locator("#days")).to_be_empty()
