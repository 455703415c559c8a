"""Error codes: the tool raises only errors with a code of ``ErrorCode``."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

from market_data_meta.errors import ErrorCode, MetaError


def test_every_error_is_raised_with_a_code_of_the_list(root: Path) -> None:
    literal = re.compile(r"""\b(?:MetaError|undecided|super\(\).__init__)\(\s*f?["'](?!\s*\))""")
    files = sorted((root / "meta").rglob("*.py"))
    assert files
    assert literal.search('raise MetaError("no-build", "text")'), (
        "the search matches an error without a code of the list"
    )
    texts = {file.name: file.read_text() for file in files if file.parent.name != "inside"}
    assert [(name, m.group()) for name, text in texts.items() for m in literal.finditer(text)] == []


def test_every_code_is_used_and_has_a_name_and_a_meaning(root: Path) -> None:
    text = "".join(file.read_text() for file in (root / "meta").rglob("*.py"))
    assert set(re.findall(r"ErrorCode\.([A-Z_]+)", text)) == {code.name for code in ErrorCode}
    assert [code for code in ErrorCode if code.name != code.upper().replace("-", "_")] == []
    assert [code for code in ErrorCode if not re.fullmatch(r"[^\n]+\.", code.meaning)] == []


def test_a_code_is_a_text_and_can_be_pickled() -> None:
    error = MetaError(ErrorCode.NO_BUILD, "it does not build")
    assert (error.code, str(error)) == ("no-build", "it does not build [no-build]")
    assert pickle.loads(pickle.dumps(ErrorCode.NO_BUILD)) is ErrorCode.NO_BUILD  # noqa: S301 - pickled in this line
