"""A runner that executes a workflow's own commands here, in order; actions do what their names say, on folders."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples import ROOT
from ruamel.yaml import YAML

ALWAYS = {"${{ always() }}", "${{ !cancelled() }}"}
_LEFT_OUT = shutil.ignore_patterns(".git", ".tox", ".tools", "__pycache__", ".*_cache", "build", "dist")


def left_out(folder: str, names: list[str]) -> set[str]:
    """What a fresh checkout does not have; ``results`` is that only at the top."""
    return _LEFT_OUT(folder, names) | ({"results"} if Path(folder) == ROOT else set())


def workflow(path: str) -> dict[str, Any]:
    """A workflow file of this checkout."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / path).read_text(encoding="utf-8"))
    return data


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each ``${{ expression }}`` replaced by its value. Raises KeyError for one that nobody foresaw."""
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda match: values[match[1]], text)


@dataclass
class Runner:
    """Runs jobs in ``folder``, with these environment variables besides the machine's own; keeps what each printed.

    What actions/checkout brings is a copy of ``source``.
    """

    folder: Path
    variables: Mapping[str, str]
    source: Path = ROOT
    printed: dict[str, str] = field(default_factory=dict)

    @property
    def artifacts(self) -> Path:
        """The folder that upload-artifact fills and download-artifact reads."""
        return self.folder / "artifacts"

    def summary(self, job: str) -> str:
        """What the job wrote for the summary of the run."""
        file = self.folder / job / "summary.md"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def run(self, name: str, job: Mapping[str, Any], values: Mapping[str, str]) -> str:
        """The job's result. A step after a failed one runs where its ``if`` says so, as on GitHub."""
        (self.folder / name).mkdir(parents=True)
        checkout, result = self.folder / name / "checkout", "success"
        self.printed[name] = ""
        for step in job["steps"]:
            condition = step.get("if", "")
            if condition in ALWAYS or (result == "success" and (not condition or filled(condition, values))):
                succeeded = (
                    self._action(step, checkout, values)
                    if "uses" in step
                    else self._command(name, step, checkout, values)
                )
                result = result if succeeded else "failure"
        return result

    def _command(self, name: str, step: Mapping[str, Any], checkout: Path, values: Mapping[str, str]) -> bool:
        step_variables = {key: filled(text, values) for key, text in step.get("env", {}).items()}
        summary = {"GITHUB_STEP_SUMMARY": str(self.folder / name / "summary.md"), "GITHUB_ACTIONS": "true"}
        process = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=checkout,
            env={**os.environ, **self.variables, **summary, **step_variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.printed[name] += f"$ {step['run']}\n{process.stdout}(status {process.returncode})\n"
        return process.returncode == 0

    def _action(self, step: Mapping[str, Any], checkout: Path, values: Mapping[str, str]) -> bool:
        """Whether the action succeeds. Raises KeyError for one that no workflow here had yet."""
        action = re.split("[/@]", step["uses"])[1]
        options = dict(step.get("with", {}))
        if "artifact" in action:
            options["name"] = filled(options["name"], values)
        return {
            "checkout": self._checkout,
            "setup-python": lambda *_: True,
            "upload-artifact": self._upload,
            "download-artifact": self._download,
        }[action](options, checkout)

    def _checkout(self, _: Mapping[str, Any], checkout: Path) -> bool:
        shutil.copytree(self.source, checkout, ignore=left_out)
        if (ROOT / ".tools").is_dir():
            # The environment of scripts/bootstrap is copied, so that it is not made again.
            (checkout / ".tools").symlink_to(ROOT / ".tools")
        return True

    def _upload(self, options: Mapping[str, Any], checkout: Path) -> bool:
        """Files keep their paths below the folder that they all share."""
        paths = [path.relative_to(checkout) for line in options["path"].split() for path in checkout.glob(line)]
        if not paths:
            return False
        shared = os.path.commonpath([path.parent if len(paths) > 1 or path.suffix else path for path in paths])
        for path in paths:
            target = self.artifacts / options["name"] / path.relative_to(shared)
            source = checkout / path
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        return True

    def _download(self, options: Mapping[str, Any], checkout: Path) -> bool:
        source = self.artifacts / options["name"]
        if not source.is_dir():
            return False
        shutil.copytree(source, checkout / options.get("path", "."), dirs_exist_ok=True)
        return True
