"""The section about two services: their states by release, what one takes of the other, and which may go first."""

from __future__ import annotations

from pathlib import Path

import pytest
import sample
from playwright.sync_api import Locator, Page, expect

from market_data_meta.models import parse_document
from market_data_meta.render.page.site import site
from market_data_meta.results.matrix import MatrixResult


def states(page: Page, capability: str) -> Locator:
    """The row of a capability."""
    return page.locator("#service-states tbody tr").filter(has=page.get_by_role("rowheader", name=capability))


def changed(tmp_path: Path, **changes: object) -> str:
    """The address of a page of the sample whose deployments are others."""
    data = sample.matrix().model_dump(mode="json", by_alias=True)
    data["deployments"] |= changes
    file = tmp_path / "index.html"
    file.write_text(site(parse_document(MatrixResult, data, "matrix.json"), sample.contract()), encoding="utf-8")
    return file.as_uri()


def test_a_capability_has_the_state_of_each_release_of_each_service(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#service-states thead th")).to_contain_text(
        ["Capability", "store servicecore \N{MULTIPLICATION SIGN} store: 4 sets", "pipeline service"]
    )
    store, pipeline = states(page, "To write").locator("td").all()
    assert store.inner_text().split("\n") == [
        "✔ works store 0.6.73",
        "✘ broken store 0.6.72",
    ]
    assert pipeline.inner_text() == "has no part in it"
    store, pipeline = states(page, "To talk").locator("td").all()
    assert store.inner_text() == "◐ limited every release"
    assert pipeline.inner_text().split("\n")[1] == "? unknown pipeline 0.8.69"
    # No clause of it is decided in services.
    expect(states(page, "To read")).to_have_count(0)


def test_what_was_not_run_is_never_shown_as_working(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#services .chip.works")).to_have_count(3)
    expect(page.locator("#wires tr").filter(has_text="it was not run").locator(".chip")).to_have_text("? unknown")


def test_what_is_taken_is_said_once_for_all_pairs_of_which_it_is_so(page: Page, address: str) -> None:
    page.goto(address)
    rows = page.locator("#wires tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("every release")
    expect(rows.nth(0)).to_contain_text("pipeline 0.8.70")
    expect(rows.nth(0).locator(".chip")).to_have_text("✔ all of it")
    expect(rows.nth(1).locator(".chip")).to_have_text("✘ nothing of it")
    expect(rows.nth(2)).to_contain_text("core 1.4.9\N{EN DASH}10 with pipeline 0.8.69")
    expect(rows.nth(1)).to_contain_text(f"What became of it: {sample.HOSTILE[:40]}")
    expect(page.locator("#wires .hint")).to_contain_text("16 pairs of distinct code")


@pytest.mark.parametrize(
    ("taken", "sentence"),
    [
        ("all", "Every release of the pipeline service takes all that any release of the store service sends."),
        ("none", "No release of the pipeline service takes anything that a release of the store service sends."),
        ("unknown", "It is not known whether the pipeline service takes what the store service sends."),
    ],
)
def test_one_answer_for_all_pairs_is_a_sentence(page: Page, tmp_path: Path, taken: str, sentence: str) -> None:
    delivery = {"producers": [0, 1, 2, 3], "consumers": [0, 1, 2, 3], "taken": taken, "reason": "dead-lettered"}
    wire = {"producer": "store", "consumer": "pipeline", "capabilities": ["talk"], "deliveries": [delivery]}
    page.goto(changed(tmp_path, wires=[wire]))
    expect(page.locator("#wires")).to_contain_text(f"{sentence} That is one answer for all 16 pairs of distinct code.")
    expect(page.locator("#wires table")).to_have_count(0)
    expect(page.locator("#wires .chip.works")).to_have_count(int(taken == "all"))


def test_the_question_of_the_order_has_its_command(page: Page, address: str) -> None:
    page.goto(address)
    command = (
        "./scripts/mdmeta upgrade --from core==1.4.61 pipeline==0.8.69 store==0.6.73"
        " --to core==1.4.61 pipeline==0.8.70 store==0.6.73"
    )
    expect(page.locator("#upgrade code")).to_have_text(command)
    page.locator("#capability").select_option("talk")
    expect(page.locator("#upgrade code")).to_have_text(f"{command} --needs talk")
    expect(page.locator("#service-states tbody tr")).to_have_count(1)


def test_a_capability_that_no_service_decides_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}#capability-read")
    expect(page.locator("#services-hint")).to_contain_text("nothing of it is decided in services")
    expect(page.locator("#service-states table")).to_have_count(0)
    expect(page.locator("#upgrade code")).not_to_contain_text("--needs")


def test_a_matrix_without_services_says_so(page: Page, tmp_path: Path) -> None:
    page.goto(changed(tmp_path, services=[], wires=[]))
    expect(page.locator("#services-hint")).to_have_text("This matrix knows nothing of services.")
