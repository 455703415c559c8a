"""``mdmeta check`` reports each kind of disagreement; the tests make them in a copy of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from market_data_meta import consistency
from market_data_meta.consistency import problems
from market_data_meta.contract_files import load_contract
from market_data_meta.errors import MetaError

CONTROLS = "contracts/clauses/controls.toml"
CAPABILITIES = "contracts/capabilities.toml"
DEFECTS = "contracts/defects.toml"
BURST = "[defects.burst-after-pause]"
DEFECT = """[defects.{}]
means = "It is made up."
package = "{}"
versions = {{ {} }}
cause = "A test."

[[defects.{}.shown_by]]
clause = "{}"
fingerprints = ["{}"]

"""


def defect(
    name: str = "made-up",
    *,
    package: str = "core",
    versions: str = 'core = ">=1.2"',
    clause: str = "chain.hard-pauses",
    fingerprint: str = "0" * 12,
) -> str:
    """A known defect as a table of the file, before one that is there."""
    return DEFECT.format(name, package, versions, name, clause, fingerprint) + BURST


@pytest.fixture(scope="module", autouse=True)
def schemas_looked_at_once() -> Iterator[None]:
    """The same schemas are looked at once for all of these tests: that takes as long as all else together."""
    look, known = consistency._schema_problems, dict[tuple[tuple[str, bytes], ...], list[str]]()

    def looked_at(root: Path) -> Iterator[str]:
        files = sorted((root / "contracts").glob("schemas/**/*.json"))
        schemas = tuple((str(file.relative_to(root)), file.read_bytes()) for file in files)
        if schemas not in known:
            known[schemas] = list(look(root))
        return iter(known[schemas])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consistency, "_schema_problems", looked_at)
        yield


@pytest.mark.parametrize(
    ("file", "text", "replacement", "problem"),
    [
        (CONTROLS, "[clauses.must-pass]", "[clauses.must-succeed]", "clause controls.must-succeed has no check"),
        (CONTROLS, "[clauses.must-pass]", "[clauses.must-succeed]", "check controls.must-pass has no clause"),
        (
            CONTROLS,
            "[clauses.must-pass]",
            "[clauses.must-x]",
            "write test_must_x in tests/conformance/test_controls.py",
        ),
        ("tests/conformance/test_chain.py", "    from", "    raise NotImplementedError\n    from", "not written yet"),
        ("tests/breaks/chain.toml", '"chain.', '"chain.not-', "tests/breaks/chain.toml: break 1 is aimed at"),
        ("tests/breaks/chain.toml", '"chain.', '"bus.', "tests/breaks/chain.toml: break 1 is aimed at"),
        ("contracts/promises.toml", 'package = "', 'package = "no-', "there is no package no-core"),
        (
            "contracts/clauses/chain.toml",
            'source = "',
            'source = "Deep merge of layered configs (later wins) ',
            "speaks of it",
        ),
        ("tests/breaks/chain.toml", 'package = "', 'package = "no-', "which packages.toml does not have"),
        ("tests/breaks/chain.toml", "why =", "because =", "tests/breaks/chain.toml: break/0"),
        ("tests/breaks/openapi.toml", "[[break]]", "", "has never been seen to fail: write a [[break]]"),
        (CONTROLS, "holds passes.", "holds succeeds.", "docstring is not the clause's rule"),
        (CONTROLS, "holds passes.", "holds passes", "does not match"),
        (
            CONTROLS,
            'level = "control"\nscope = "control"\nbinds = []',
            'level = "may"\nscope = "control"\nbinds = []',
            "may",
        ),
        (CONTROLS, "binds = []", 'binds = ["shop"]', "shop, which packages.toml does not have"),
        ("tox.ini", "    core1.2.9-pipeline0.8.1-store0.6.0\n", "", "pinned block"),
        ("tox.ini", "# >>>", "#", "lost the marks"),
        ("contracts/releases/core.json", '"yanked": false', '"yanked": "no"', "releases/core.json"),
        (
            "contracts/releases/core.json",
            '"yanked": false',
            '"lost": false',
            "releases/0/lost is an unknown field",
        ),
        ("contracts/releases/snapshot.json", '"format": 1', '"format": 2', "snapshot.json"),
        (DEFECTS, BURST, defect(clause="no.clause"), "made-up: no.clause is no clause that a release can fail"),
        (DEFECTS, BURST, defect(clause="controls.must-pass"), "controls.must-pass is no clause that a release can"),
        (DEFECTS, BURST, defect(package="shop"), "made-up: shop is no package"),
        (DEFECTS, BURST, defect(versions='shop = ">=1.2"'), "made-up: shop is no package"),
        (
            DEFECTS,
            BURST,
            defect(versions='core = ">=1.2.0"', clause="pulse.schema-id", fingerprint="35707bfcfe2c"),
            "made-up: pulse.schema-id 35707bfcfe2c is said of schema-id-from-module-path already",
        ),
        (DEFECTS, BURST, defect(fingerprint="x"), "defects/made-up/shown_by/0/fingerprints/0"),
        (DEFECTS, BURST, defect(versions='core = "1.2 to 1.4"'), "'1.2 to 1.4' is no specifier of versions of core"),
        (DEFECTS, BURST, defect("Made_Up"), "defects/Made_Up"),
        (DEFECTS, "means = ", "meaning = ", "means is missing"),
        (DEFECTS, "cause = ", "reason = ", "cause is missing"),
        ("contracts/releases/snapshot.json", '"as_of": "', '"as_of": "on ', "snapshot.json: as_of"),
        ("contracts/packages.toml", "imports = [", "exports = [", "packages.toml: packages/core/imports is missing"),
        (
            CAPABILITIES,
            'others = ["broadcast", "transports.store-http"]',
            "",
            f"{CAPABILITIES}: capabilities: broadcast.broadcast-one-tells-outcome",
        ),
        (
            CAPABILITIES,
            '"broadcast"',
            '"broad"',
            "capabilities/http/others/0: broad is no clause and no area",
        ),
        (
            CAPABILITIES,
            '"publisher.documented-',
            '"publisher.',
            "capabilities/redis/essential/3: publisher.envelope is no clause",
        ),
        (
            CAPABILITIES,
            '["broadcast", "transports.store-http"]',
            '["broadcast", "transports.store-http", "bus"]',
            "bus is named already in capabilities/slow-down",
        ),
        (CAPABILITIES, '"publisher.stream"', '"pulse.stops", "pulse.stops"', "pulse.stops is named already"),
        (CAPABILITIES, '"publisher.stream"', '"controls.must-pass"', "controls.must-pass is no clause"),
        (CAPABILITIES, "capabilities.redis]", "capabilities.pulse]", "capabilities/pulse: an area has that name"),
        (CAPABILITIES, "about =", "says =", f"{CAPABILITIES}: capabilities/install/about is missing"),
        ("contracts/schemas/gate.schema.json", '"type": "object"', '"type": "thing"', "not a JSON Schema"),
    ],
)
def test_a_disagreement_is_a_problem(copy: Path, file: str, text: str, replacement: str, problem: str) -> None:
    original = (copy / file).read_text()
    assert text in original
    (copy / file).write_text(original.replace(text, replacement, 1))
    assert problem in "\n".join(problems(copy))


def test_all_that_is_wrong_is_a_problem_at_once(copy: Path) -> None:
    for file, before, after in [
        (CONTROLS, "holds passes.", "holds passes"),
        (DEFECTS, BURST, defect(fingerprint="x")),
        ("contracts/releases/core.json", '"yanked": false', '"yanked": "no"'),
    ]:
        (copy / file).write_text((copy / file).read_text().replace(before, after, 1))
    (copy / "contracts/releases/store.json").write_text("{")
    places = [problem.removeprefix(str(copy)).split(": ")[:2] for problem in problems(copy)]
    assert places[:3] == [
        [CONTROLS, "clauses/must-pass/rule"],
        [DEFECTS, "defects/made-up/shown_by/0/fingerprints/0"],
        ["contracts/releases/core.json", "releases/0/yanked"],
    ]
    assert "store.json is not JSON" in places[3][0]
    assert len(places) == 4


def test_a_script_that_shows_no_known_defect_is_a_problem(copy: Path) -> None:
    (copy / "contracts/reproducers/made-up.py").write_text("raise SystemExit(0)\n")
    assert problems(copy) == ["contracts/reproducers/made-up.py: defects.toml has no defect of that name"]


def test_one_failure_may_be_two_defects_of_different_releases(copy: Path) -> None:
    """Neither the clause nor the fingerprint alone says which defect it is."""
    text = (copy / DEFECTS).read_text()
    tables = defect("early", versions='core = "<1.3"').removesuffix(BURST) + defect("late", versions='core = ">=1.3"')
    (copy / DEFECTS).write_text(text.replace(BURST, tables, 1))
    assert problems(copy) == []


def test_a_missing_release_file_is_a_problem(copy: Path) -> None:
    (copy / "contracts/releases/store.json").unlink()
    assert [problem for problem in problems(copy) if "cannot read" in problem and "store.json" in problem]


def test_an_unchanged_copy_has_no_problem(copy: Path) -> None:
    assert problems(copy) == []


def test_a_clause_without_a_rule_is_named(copy: Path) -> None:
    file = copy / CONTROLS
    file.write_text(file.read_text().replace("rule = ", "rules = ", 1))
    with pytest.raises(MetaError, match=r"controls\.toml: clauses/must-pass/rule is missing"):
        load_contract(copy)


def test_a_clause_does_not_apply_to_releases_before_its_range(copy: Path) -> None:
    file = copy / CONTROLS
    file.write_text(
        file.read_text() + '\n[clauses.later]\nrule = "R."\nlevel = "must"\nscope = "control"\nbinds = []\n'
        'source = "S."\napplies = { store = ">=0.6.24" }\nneeds = ["schemathesis"]\n'
    )
    clause = load_contract(copy).clauses["controls.later"]
    assert clause.why_not_applicable({"store": "0.6.9"}, {"schemathesis"}) == "applies to store >=0.6.24 only"
    assert "schemathesis cannot be installed" in str(clause.why_not_applicable({"store": "0.6.24"}, set()))
    assert clause.why_not_applicable({"store": "0.6.24"}, {"schemathesis"}) is None
