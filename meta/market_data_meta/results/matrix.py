"""The complete matrix: every content combination with its verdict, and what the packages promise about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from market_data_meta.errors import ErrorCode
from market_data_meta.models import Document, Model
from market_data_meta.results.capabilities import CapabilityFailure, CapabilityState, StateName
from market_data_meta.results.defects import DefectDescription
from market_data_meta.results.history import State
from market_data_meta.results.parts import (
    Count,
    Digest,
    ExitCode,
    Fingerprint,
    Level,
    MendedDefectResult,
    StaleDefectResult,
    Text,
    Value,
    Verdict,
    Versions,
)
from market_data_meta.results.services import ServicesResult
from market_data_meta.results.third_party import ThirdPartyResult

Day = Annotated[str, Field(pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
"""A day, empty where the index does not say it."""


class MatrixContent(Model):
    """One content of a package: the releases that run the same code, oldest first, and the days of their upload.

    ``set_aside`` are those of them that an installer does not choose by itself, with the reason: ``is yanked``.
    """

    content: Digest
    label: Text
    releases: Annotated[tuple[Text, ...], Field(min_length=1)]
    uploaded: Annotated[tuple[Day, ...], Field(min_length=1)]
    set_aside: Mapping[Text, Text] = {}


class MatrixCell(Model):
    """One content combination; ``codes`` names a content of each package by its position.

    ``capabilities`` has the state of each by name: what works, whatever is expected.
    """

    codes: Annotated[dict[str, Count], Field(min_length=1)]
    combination: Versions
    verdict: Verdict
    reasons: tuple[str, ...]
    counts: dict[str, Count]
    capabilities: dict[Text, StateName]
    stands_for: Annotated[int, Field(ge=1)]
    allowed: Count
    start: Annotated[float, Field(ge=0, lt=1e11)] | None
    interpreter: str | None


class MatrixFinding(Model):
    """One distinct failure of a clause; ``cells`` are positions in the matrix.

    ``defect`` is the known defect that it shows, and ``sentence`` says what it means for a user. ``release`` is the
    release that was run alone, and empty for a failure of the combination.
    """

    clause: Text
    level: Level
    outcome: Literal["failed", "error"]
    message: str | None
    expected: Value
    got: Value
    fingerprint: Fingerprint
    defect: str | None
    sentence: Text
    release: str
    reproduce: Text
    cells: Annotated[tuple[Count, ...], Field(min_length=1)]


class MatrixSpan(Model):
    """Releases in a row of which a clause's history says the same."""

    first: Annotated[Text, Field(alias="from")]
    last: Annotated[Text, Field(alias="to")]
    state: State
    changed: bool


class MatrixCapability(Model):
    """Something that users want to do: the clauses that it cannot do without, why just these, and all others."""

    name: Text
    title: Text
    about: Text
    why: Text
    essential: tuple[Text, ...]
    others: tuple[Text, ...]


class PromiseCounts(Model):
    """How many published combinations have a capability in each state: those that the requirements allow, and others.

    Of each state that occurs there is a number; ``forbidden`` are those that the packages' own requirements rule out.
    """

    allowed: dict[StateName, Count]
    forbidden: dict[StateName, Count]


class SupportedVersions(Model):
    """What a release asks of another package, beside the versions that the evidence supports, for each capability.

    ``usable`` has for each capability a specifier of the versions with which it works, limited or not, ``none``, or
    ``unknown``; the third package may be any that fits.
    """

    package: Text
    version: Text
    other: Text
    asks: str | None
    usable: dict[Text, Text]


class MatrixSet(Model):
    """A set of releases that people ask about, with what works in it: the newest, the deployed, or the oldest one.

    ``cell`` is the position of the cell with the same code, ``forbidden`` says which requirements rule the set out.
    """

    name: Literal["newest", "deployed", "oldest"]
    combination: Versions
    cell: Count
    verdict: Verdict
    forbidden: tuple[Text, ...]
    capabilities: tuple[CapabilityState, ...]


class BestSet(Model):
    """The newest allowed set in which a capability is in the best state that any allowed set has it in.

    ``combination`` is None where no allowed set was decided; the state is unknown then.
    """

    capability: Text
    state: StateName
    combination: Versions | None
    cell: Count | None


class SpuriousCheck(Model):
    """A check that came out otherwise in a run and did not repeat: how it came out there, and in further runs."""

    cell: Text
    clause: Text
    outcomes: tuple[Text, ...]


class MatrixResult(Document):
    """What `mdmeta matrix --json` prints, and matrix.json."""

    schema_name: ClassVar[str] = "matrix"
    error_code: ClassVar[ErrorCode] = ErrorCode.BAD_MATRIX

    format: Literal[2] = 2
    suite: Digest
    as_of: Text
    exit: ExitCode
    capabilities: tuple[MatrixCapability, ...]
    sets: tuple[MatrixSet, ...]
    best: tuple[BestSet, ...]
    defects: tuple[DefectDescription, ...]
    packages: dict[str, tuple[MatrixContent, ...]]
    cells: tuple[MatrixCell, ...]
    findings: tuple[MatrixFinding, ...]
    history: dict[str, dict[str, tuple[MatrixSpan, ...]]]
    promises: Annotated[dict[str, PromiseCounts], Field(description="By capability.")]
    supported: tuple[SupportedVersions, ...]
    refused: Annotated[
        dict[str, dict[str, tuple[Text, ...]]],
        Field(description="For each package and each requirement on it the published versions that it keeps out."),
    ]
    mended: tuple[MendedDefectResult, ...]
    stale_defects: tuple[StaleDefectResult, ...]
    wide: tuple[Text, ...]
    spurious: tuple[SpuriousCheck, ...] = ()
    deployments: ServicesResult = ServicesResult()
    third_party: tuple[ThirdPartyResult, ...] = ()
    ran: Count

    @property
    def published(self) -> Counter[Verdict]:
        """How many published combinations have each verdict."""
        counts: Counter[Verdict] = Counter()
        for cell in self.cells:
            counts[cell.verdict] += cell.stands_for
        return counts

    def set_named(self, name: str) -> MatrixSet | None:
        """The newest, the deployed or the oldest set; None where it is not known."""
        return next((one for one in self.sets if one.name == name), None)

    def set_aside(self, package: str) -> dict[str, str]:
        """The releases of a package that an installer does not choose by itself, with the reason."""
        return {version: why for content in self.packages[package] for version, why in content.set_aside.items()}

    def failures(self, capability: MatrixCapability, position: int) -> tuple[CapabilityFailure, ...]:
        """What fails of a capability in the cell at this position, the essential clauses first; no release alone."""
        findings: dict[str, list[MatrixFinding]] = {}
        for finding in self.findings:
            if finding.outcome == "failed" and not finding.release and position in finding.cells:
                findings.setdefault(finding.clause, []).append(finding)
        return tuple(
            CapabilityFailure(clause=name, essential=essential, sentence=finding.sentence, defect=finding.defect)
            for essential, names in ((True, capability.essential), (False, capability.others))
            for name in names
            for finding in findings.get(name, ())
        )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """What a schema cannot say: every position and every requirement that is referred to exists."""
        for name, contents in self.packages.items():
            if any(len(content.releases) != len(content.uploaded) for content in contents):
                raise ValueError(f"the releases of {name} are not those that have a date")
        for position, cell in enumerate(self.cells):
            if cell.codes.keys() != self.packages.keys() or cell.combination.keys() != self.packages.keys():
                raise ValueError(f"cell {position} is not of the packages {', '.join(self.packages)}")
            if any(place >= len(self.packages[name]) for name, place in cell.codes.items()):
                raise ValueError(f"cell {position} is of a code that no package has")
        positions = [one.cell for one in self.sets] + [best.cell for best in self.best if best.cell is not None]
        if any(position >= len(self.cells) for position in positions):
            raise ValueError("a set is of a cell that does not exist")
        for finding in self.findings:
            if any(position >= len(self.cells) for position in finding.cells):
                raise ValueError(f"a finding of {finding.clause} is of a cell that does not exist")
        self._require_known_requirements()
        self._require_known_contents()
        self._require_known_cells()
        return self

    def _require_known_requirements(self) -> None:
        for row in self.supported:
            known = {row.package, row.other} <= self.packages.keys()
            # The page looks up what a requirement keeps out.
            if not known or (row.asks and row.asks not in self.refused.get(row.other, {})):
                raise ValueError(f"{row.package} {row.version} cannot ask {row.other} for {row.asks!r}")

    def _require_known_cells(self) -> None:
        if any(position >= len(self.cells) for libraries in self.third_party for position in libraries.positions):
            raise ValueError("with other libraries a cell differs that does not exist")

    def _require_known_contents(self) -> None:
        for service in self.deployments.services:
            for cell in service.cells:
                for package, position in cell.codes.items():
                    if position >= len(self.packages.get(package, ())):
                        raise ValueError(f"service {service.name} is of a code that {package} does not have")
