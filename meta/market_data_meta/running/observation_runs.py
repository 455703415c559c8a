"""Runs that observe a package: in the sandbox, in the environment of a cell's third-party libraries, and cached."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from market_data_meta import suite
from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError, undecided
from market_data_meta.files import write_whole
from market_data_meta.inside.mdm_plan import ENVIRONMENT
from market_data_meta.judging.closer_look import CloserLook
from market_data_meta.judging.observed_runs import ObservedRun, read_observations
from market_data_meta.judging.observed_units import ObservedUnit, ObservedUnits, read_units, with_untouched
from market_data_meta.releases.contents import ContentCombination
from market_data_meta.running import third_party
from market_data_meta.running.cache import interpreter_digest
from market_data_meta.running.cells import RunOptions
from market_data_meta.running.homes import make_home
from market_data_meta.running.isolated import clean_environment
from market_data_meta.running.sandbox import run_in_sandbox
from market_data_meta.running.seals import text_or_empty
from market_data_meta.running.third_party import ThirdPartyLock
from market_data_meta.running.wheels import unpack_all

SECONDS = 120.0
"""CPU time of one run; it takes a third of that."""
JOBS = 2
"""How many units a run observes at once."""
NOT_OBSERVED = "it has not been observed yet"
MAX_BYTES = 64 << 20
"""What a run may write: a hundred times what the packages of today come to."""


@dataclass(frozen=True)
class ObservationRequest:
    """What to observe: packages of a cell that runs with a third-party set.

    What is observed ``like`` an earlier run is under the names that this one had, and is handed the same words and
    examples. Units
    that are ``untouched`` are not observed: what they have shown before stands for them. With ``closer`` nothing is
    observed but what it names, in random sequences of calls. Runs with ``candidates`` are cached apart.
    """

    cell: ContentCombination
    lock: ThirdPartyLock
    observed: tuple[str, ...]
    hash_seed: int
    like: ObservedRun | None = None
    candidates: bool = False
    untouched: tuple[ObservedUnit, ...] = ()
    closer: CloserLook | None = None


def unpacked_sites(contract: Contract, cells: Sequence[ContentCombination], options: RunOptions) -> Mapping[str, Path]:
    """The folders of the cells' releases, by the sha256 of the wheel. Raises MetaError where one cannot be had."""
    releases = {
        contract.packages[content.package].distribution: [
            other.newest for cell in cells for other in cell.contents if other.package == content.package
        ]
        for content in cells[0].contents
    }
    return unpack_all(releases, options.cache, options.interpreter).all_sites(ErrorCode.NO_OBSERVATIONS)


@dataclass
class ObservationRunner:
    """Observes packages; nothing that the cache has is run again, and nothing at all where it may not run.

    ``sites`` are the folders of unpacked releases.
    """

    contract: Contract
    python: str
    cache: Path
    sites: Mapping[str, Path]
    run_count: int = 0
    may_run: bool = True

    def __post_init__(self) -> None:
        self._suite = suite.observations_digest(self.contract.root)
        self._interpreter = interpreter_digest(self.python)
        self._counting = threading.Lock()

    def run(self, request: ObservationRequest) -> ObservedRun:
        """What the run shows, from the cache where it is known. Raises MetaError where there is no evidence."""
        plan = self._plan(request)
        file = self._file(request, plan)
        if known := text_or_empty(file):
            try:
                return read_observations(known)
            except ValueError:
                # What cannot be read is observed again.
                file.unlink(missing_ok=True)
        if not self.may_run:
            raise undecided(ErrorCode.NO_OBSERVATIONS, NOT_OBSERVED)
        text = self._observe(request, plan)
        with self._counting:
            self.run_count += 1
        try:
            if request.untouched:
                text = with_untouched(text, request.untouched)
            observed = read_observations(text)
        except ValueError as error:
            raise _not_observed(request, str(error)) from None
        write_whole(file, text)
        return observed

    def units(self, request: ObservationRequest) -> ObservedUnits:
        """The units of a run that is in the cache, with what ran in them."""
        return read_units(text_or_empty(self._file(request, self._plan(request))))

    def _plan(self, request: ObservationRequest) -> dict[str, object]:
        packages = {
            content.package: {
                "distribution": package.distribution,
                "imports": list(package.imports),
                "app": package.app,
            }
            for content in request.cell.contents
            if (package := self.contract.packages[content.package])
        }
        path = [str(self.sites[content.newest.sha256]) for content in request.cell.contents]
        return {
            "packages": packages,
            "observed": list(request.observed),
            "path": path,
            "preferred": request.like.names if request.like else [],
            "words": dict(request.like.words) if request.like else None,
            "examples": dict(request.like.examples) if request.like else None,
            "jobs": JOBS,
            "notes_execution": not (request.candidates or request.closer),
            "untouched": [unit.key for unit in request.untouched],
            **({"areas": ["sequences"], "closer": request.closer.plan()} if request.closer else {}),
        }

    def _file(self, request: ObservationRequest, plan: Mapping[str, object]) -> Path:
        """The file for a run: its name stands for all that decides what is observed."""
        releases = {
            content.package: [content.digest, _metadata_digest(self.sites[content.newest.sha256])]
            for content in request.cell.contents
        }
        question = [
            self._suite,
            releases,
            {name: value for name, value in plan.items() if name not in ("path", "jobs")},
            request.lock.digest,
            self._interpreter,
            request.hash_seed,
            [_digest(unit.lines) for unit in request.untouched],
        ]
        name = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:32]
        folder = request.lock.cache_folder(self.cache)
        if request.candidates and folder == self.cache:
            own = json.dumps([(c.package, c.digest) for c in request.cell.contents if c.package in request.observed])
            folder = self.cache / "candidates" / hashlib.sha256(own.encode()).hexdigest()[:16]
        return folder / "observations" / f"{name}.jsonl"

    def _observe(self, request: ObservationRequest, plan: Mapping[str, object]) -> str:
        """The lines that a run has written. Raises MetaError where it ended early."""
        python = third_party.install(request.lock, self.python, self.cache)
        if fault := third_party.startup_code(request.lock, python) if request.lock.candidate_entries else None:
            raise _not_observed(request, fault)
        program = suite.observations_folder(self.contract.root) / "observe.py"
        with make_home() as folder:
            home = Path(folder)
            plan_file, lines, log = home / "plan.json", home / "observed.jsonl", home / "observe.log"
            plan_file.write_text(json.dumps(plan), encoding="utf-8")
            ending = run_in_sandbox(
                [str(python), str(program), str(plan_file), str(lines)],
                log,
                home=folder,
                variables=clean_environment(folder, home, {**ENVIRONMENT, "PYTHONHASHSEED": str(request.hash_seed)}),
                writable=[],
                readable=[program.parent, suite.INSIDE, *self.sites.values()],
                seconds=SECONDS,
                name="the run that observes it",
            )
            if ending.cause:
                said = text_or_empty(log).strip().splitlines()[-1:]
                why = f"{ending.cause}{f': {said[0][:300]}' if said else ''}"
                raise _not_observed(request, why)
            if lines.is_file() and lines.stat().st_size > MAX_BYTES:
                why = f"it has written more than {MAX_BYTES >> 20} MiB"
                raise _not_observed(request, why)
            return text_or_empty(lines)


def _metadata_digest(site: Path) -> str:
    """The digest of what releases of one content may say otherwise: name, version, requirements, README."""
    files = sorted(site.glob("*.dist-info/METADATA"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _not_observed(request: ObservationRequest, why: str) -> MetaError:
    versions = request.cell.combination.as_dict()
    names = " and ".join(f"{name} {versions[name]}" for name in request.observed)
    return undecided(ErrorCode.NO_OBSERVATIONS, f"{names} could not be observed", why)
