"""The docs are true of the tree: what they name exists, their commands parse, and a visitor's page stays short."""

from __future__ import annotations

import re
import tomllib
from configparser import RawConfigParser
from pathlib import Path

import pytest
from bench.steady import steady

from command_lines import command_named, help_examples, markdown_commands, parse_mdmeta, words
from market_data_meta import __version__
from market_data_meta.cli import COMMANDS as SUBCOMMANDS
from market_data_meta.errors import Exit

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "meta" / "market_data_meta"
PAGES = [ROOT / "README.md", ROOT / "contracts/README.md", ROOT / ".github/CONTRIBUTING.md", *ROOT.glob("docs/*.md")]
COMMANDS = [
    pytest.param(line, id=f"{page.relative_to(ROOT)}: {line}")
    for page in [*PAGES, ROOT / "CHANGELOG.md"]
    for line in markdown_commands(page.read_text())
]
PRIVATE_WORDS = re.compile(
    r"\b(squares?|famil(?:y|ies)|scouts?|deeds?|asked|wanted|gated|doubted|believed|told|cries wolf|"
    r"(?:this|that|the|each|every|which|no) ones?(?=[.,;:]))\b",
    re.IGNORECASE,
)


def architecture_block(heading: str) -> list[str]:
    """The lines of the first block below a heading of docs/architecture.md."""
    _, _, text = (ROOT / "docs/architecture.md").read_text().partition(f"## {heading}\n")
    return text.split("```")[1].strip("\n").splitlines()


def test_the_readme_is_for_visitors() -> None:
    assert len((ROOT / "README.md").read_text().split()) < 1200


def test_the_rooms_are_those_that_the_linter_holds() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in config["contracts"] if contract["type"] == "layers"]
    drawn = [re.split(r"  +", line)[0].split(" | ") for line in architecture_block("The rooms")]
    assert [[room.removesuffix("/") for room in line] for line in drawn] == [line.split(" | ") for line in layers]
    rooms = [room for line in drawn for room in line]
    assert [room for room in rooms if not (TOOL / (room if room.endswith("/") else f"{room}.py")).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_names_exists(page: Path) -> None:
    """Links, and names of files and folders between backticks, which are of the checkout, the tool, or the contract."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]*)\)", text) if "://" not in link} - {""}
    assert sorted(link for link in links if not (page.parent / link).exists()) == []
    spans = set(re.findall(r"`([\w./-]+(?:/|\.(?:py|toml|md|yml|json|ini)))`", text))
    spans = {name for name in spans if "/" in name and not name.startswith(("results/", "."))}
    if page.name == "planning-assessment.md":
        spans = set()  # its files are those of the packages
    bases = (ROOT, TOOL, page.parent)
    assert sorted(name for name in spans if not any((base / name).exists() for base in bases)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_links_to_headings_that_are_there(page: Path) -> None:
    for link, anchor in re.findall(r"\]\(([^)#:]*)#([^)]*)\)", page.read_text()):
        target = (page.parent / link if link else page).read_text()
        headings = re.findall(r"^#+ (.*)$", target, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, link


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_use_no_private_words(page: Path) -> None:
    """What the assessment asked for is the assessment's own matter."""
    if page.name != "planning-assessment.md":
        assert [match[0] for match in PRIVATE_WORDS.finditer(page.read_text())] == []


@pytest.mark.parametrize("name", [*SUBCOMMANDS, "clause new"])
def test_help_texts_use_no_private_words(name: str) -> None:
    command = command_named(name.split())
    texts = [command.help, *(getattr(parameter, "help", None) for parameter in command.params)]
    assert [match[0] for match in PRIVATE_WORDS.finditer("\n".join(filter(None, texts)))] == []


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_in_the_docs_exists_with_its_options(line: str) -> None:
    program, *arguments = words(line) or [""]
    name = program.removeprefix("./scripts/")
    if program.startswith("./"):
        assert (ROOT / "scripts" / name).exists()
    if name == "mdmeta":
        parse_mdmeta(arguments)
    elif name == "bench":
        assert not arguments or (ROOT / "bench" / f"{arguments[0]}.py").exists()
    elif name == "steady":
        steady.make_context(name, arguments)
    elif name == "tox" and "-e" in arguments:
        config = RawConfigParser()
        config.read(ROOT / "tox.ini")
        environments = arguments[arguments.index("-e") + 1].split(",")
        assert {f"testenv:{each}" for each in environments} <= set(config.sections())
        given = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
        if "combination" in environments:
            parse_mdmeta(["run", *given])
        elif given:
            assert given[0] == "-k", "what is named is looked for, wherever it is"
            assert given[1:]
    elif program == "gh":
        assert (ROOT / ".github" / "workflows" / arguments[2]).exists()


def test_commands_in_the_readme_name_no_version() -> None:
    """A version in a command goes stale with the next release."""
    lines = markdown_commands((ROOT / "README.md").read_text())
    assert lines
    assert [line for line in lines if re.search(r"\d+\.\d+\.\d+", line)] == []


def test_the_readme_has_every_exit_code() -> None:
    codes = re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert [int(code) for code in codes] == [int(code) for code in Exit]


def test_the_newest_version_in_the_changelog_is_the_tools() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", heading) for heading in headings[1:])
    assert headings[1].split()[0] == __version__


def test_examples_of_a_help_text_are_read_whole() -> None:
    text = "Do it.\n\nExample: mdmeta run newest\n         mdmeta run \\\n           --pdb\n\nOptions:\n"
    assert help_examples(text) == ["mdmeta run newest", "mdmeta run --pdb"]
