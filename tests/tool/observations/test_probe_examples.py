"""Examples that authors wrote are tried: those of the release before, as its users have copied them."""

from __future__ import annotations

from pathlib import Path

from observations.small_package import METADATA, observed, observed_lines

from market_data_meta.judging.observed_runs import read_observations

VERSIONS = '''
def newer(version: str, than: str) -> bool:
    """Whether a version is newer.

    Examples:
        >>> newer("1.10", "1.9")
        True
        >>> newer("x", "1")
    """
    return [int(part) for part in version.split(".")] > [int(part) for part in than.split(".")]

class Client:
    """Answers.

    Example:
        client = Client()
        answer = await client.ask("a")
        await client.gone()
    """
    async def ask(self, text: str) -> str:
        return text * 2
'''
README = """
# Small
```python
import json
from small.m import Client

async def main():
    with open("conf/settings.yaml") as file:
        return sorted(json.load(file))

keys = asyncio.run(main())
```
```python
client = Client()
keys[:1]
```
```python
unknown.call()
```
"""


def test_the_examples_of_docstrings_are_followed_statement_by_statement(tmp_path: Path) -> None:
    """An example goes on after an error, waits at its top level, and knows what stands beside it."""
    seen = observed(tmp_path, {"m": VERSIONS}, "examples")
    assert seen["small.m.newer example[1]"]["steps"] == [{"returns": True}, {"raises": ["ValueError", "Exception"]}]
    made, asked, gone = seen["small.m.Client example[1]"]["steps"]
    assert made["client"]["type"] == "Client"
    assert asked == {"answer": "aa"}
    assert gone["raises"][0] == "AttributeError"


def test_the_examples_of_a_readme_follow_one_another(tmp_path: Path) -> None:
    """A program's own loop is the one that there is, files that it names are there, and what lacks all says nothing."""
    seen = observed(tmp_path, {"m": VERSIONS}, "examples", METADATA=f"{METADATA}\n{README}")
    first, second = seen["README example[1]"]["steps"], seen["README example[2]"]["steps"]
    assert first[-1]["keys"]
    assert second[1]["returns"] == first[-1]["keys"][:1]
    assert "README example[3]" not in seen


def test_a_later_run_follows_the_same_examples(tmp_path: Path) -> None:
    """Other texts change nothing; a function that answers otherwise does."""
    before = read_observations(observed_lines(tmp_path / "a", {"m": VERSIONS}, "examples"))
    other_text = VERSIONS.replace('newer("1.10", "1.9")', 'newer("2", "1")')
    after = read_observations(observed_lines(tmp_path / "b", {"m": other_text}, "examples", like=before))
    assert after.values == before.values
    as_text = VERSIONS.replace("int(part)", "part")
    after = read_observations(observed_lines(tmp_path / "c", {"m": as_text}, "examples", like=before))
    assert after.values != before.values
