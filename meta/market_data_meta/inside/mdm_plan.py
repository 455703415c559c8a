"""What the tool tells a run of the suite, and what the run's record begins and ends with, as frozen values.

The tool builds them (``running/plans.py``) and imports this module as ``market_data_meta.inside.mdm_plan``; in an
environment under test it is ``mdm_plan``. ``mdm_json`` writes and reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

FORMAT = 1
"""The format of records."""

ENVIRONMENT: Mapping[str, str] = {"TZ": "<+0545>-5:45", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "umask": "022"}
"""What every run has, wherever it runs: an odd time zone, in which local time is not taken for UTC, and no caller's."""


@dataclass(frozen=True)
class ExpectedContent:
    """What a run is to find installed of a package: the content id of its release, and the digest of its wheel."""

    content: str
    sha256: str


@dataclass(frozen=True)
class AttestedPackage:
    """What is really installed of a package, read inside the environment."""

    version: str
    content: str
    direct_url: str | None


@dataclass(frozen=True)
class Interpreter:
    """The Python that ran the checks."""

    version: str
    implementation: str
    platform: str


@dataclass(frozen=True)
class Attestation:
    """What is really there: packages under test, interpreter, and the versions of all other distributions."""

    attestation: Mapping[str, AttestedPackage]
    interpreter: Interpreter
    third_party: Mapping[str, str]


@dataclass(frozen=True)
class Cage:
    """What restricted a run: the version of Landlock (0 for none), whether signals stay within it, whether attempts at
    more are reported, and whether the kernel has left it the loopback alone (None in older records, which do not say).
    """

    landlock: int
    signals: bool
    hook: bool
    loopback_only: bool | None = None


@dataclass(frozen=True)
class RecordHeader:
    """The first line of a record: what was to be run, which the tool says, and what was there, which the run says.

    ``forced`` are the requirements that had to be overridden, ``as_of`` the day of the third-party libraries (None for
    today's). A run with ``until`` ends as soon as one of these clauses does not hold. ``environment`` is what each run
    has, whoever runs it. ``users_servers`` says by the user's variable which server of theirs took the place of one of
    the wheels', never with credentials. ``uninstallable`` says why nothing could be run; ``start`` is then when that
    was found. ``attestation``, ``interpreter``, ``third_party`` and ``cage`` are what the run says, and missing where
    it never began.
    """

    kind: str = field(default="header", init=False)
    format: int = field(default=FORMAT, init=False)
    suite: str
    lane: str
    cell: str
    combination: Mapping[str, str]
    expected: Mapping[str, ExpectedContent]
    forced: tuple[str, ...]
    as_of: str | None
    third_party_choice: str
    clauses: tuple[str, ...]
    until: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    users_servers: Mapping[str, str] = field(default_factory=dict)
    attestation: Mapping[str, AttestedPackage] | None = None
    interpreter: Interpreter | None = None
    third_party: Mapping[str, str] | None = None
    cage: Cage | None = None
    uninstallable: str = ""
    start: float | None = None

    @property
    def python_version(self) -> str | None:
        """The version of the Python that ran the checks, if any ran."""
        return self.interpreter.version if self.interpreter else None

    @property
    def label(self) -> RecordHeader:
        """What was to be run, without what the run says."""
        return replace(self, attestation=None, interpreter=None, third_party=None, cage=None, start=None)


@dataclass(frozen=True)
class RecordFooter:
    """The last line of the record of a complete run: how many checks came out how, and when it ended."""

    kind: str = field(default="footer", init=False)
    counts: Mapping[str, int]
    end: float


@dataclass(frozen=True)
class PlannedPackage:
    """A package under test: its distribution, its top-level packages, and its FastAPI application, if it has one."""

    distribution: str
    imports: tuple[str, ...]
    app: str | None = None


@dataclass(frozen=True)
class PlannedClause:
    """A clause as its check needs it. ``expect`` has the contract's values, by names that are the check's own."""

    rule: str
    level: str
    scope: str
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReleaseFacts:
    """What checks of release scope are told: the release, the interpreter of its clean install, and what is published.

    ``extras`` says of each extra why it cannot be resolved, or None where it can; ``unresolved`` why it was not tried.
    """

    package: str
    version: str
    python: str
    published: Mapping[str, tuple[str, ...]]
    extras: Mapping[str, str | None]
    unresolved: Mapping[str, str]


@dataclass(frozen=True)
class Limits:
    """CPU seconds of a check, how many processes run checks at a time, and how many checks a process runs at most."""

    check_seconds: float
    jobs: int
    checks_per_process: int = 1


@dataclass(frozen=True)
class RecordFile:
    """Where a run writes its record, and the secret with which it seals the lines."""

    path: str
    secret: str = ""


@dataclass(frozen=True)
class Sandbox:
    """What a run may write, and the file to which it writes each attempt at more that was refused."""

    writable: tuple[str, ...]
    refused_attempts: str


@dataclass(frozen=True)
class Plan:
    """A run of the suite.

    ``preload`` are the modules that are imported before the first check. Clauses of ``not_applicable`` are not run, and
    recorded with the reason. A failure of ``known_failures`` (fingerprints by clause) counts in a process that others
    have used, too. ``trace`` are folders: the lines that a check executes below them are recorded. ``release`` is there
    in release scope only; ``record``, with ``header``, where a record is to be written; ``sandbox`` where the process
    is to be restricted. The plan of a template of the warm lane has none of these: each of its cells brings a
    ``CellRun``.

    ``servers`` says where checks of deployment scope find real servers: ``redis`` is a server binary, ``postgres`` the
    folder with ``initdb``, ``postgres`` and ``psql``, ``postgres_data`` a data folder to be copied, if there is one;
    ``redis_url`` and ``postgres_url`` are the user's own, which are asked where there is no binary.

    ``recordings``, each its stream and its entries by name, are given to a consumer in place of the archive.
    """

    root: str
    packages: Mapping[str, PlannedPackage]
    clauses: Mapping[str, PlannedClause]
    limits: Limits
    preload: tuple[str, ...] = ()
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    known_failures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trace: tuple[str, ...] = ()
    release: ReleaseFacts | None = None
    header: RecordHeader | None = None
    record: RecordFile | None = None
    sandbox: Sandbox | None = None
    servers: Mapping[str, str] = field(default_factory=dict)
    recordings: Mapping[str, Any] = field(default_factory=dict)

    def of_clauses(self, names: Iterable[str]) -> Plan:
        """The same run of some of its clauses."""
        clauses = {name: self.clauses[name] for name in sorted(set(names))}
        not_applicable = {name: why for name, why in self.not_applicable.items() if name in clauses}
        header = self.header and replace(self.header, clauses=tuple(clauses))
        return replace(self, clauses=clauses, not_applicable=not_applicable, header=header)


@dataclass(frozen=True)
class CellRun:
    """A cell of the warm lane: what its record is to say, and the folders of its releases, in the order of the path.

    With ``trace`` the lines that its checks execute in these folders are recorded. ``recordings`` are the plan's.
    """

    header: RecordHeader
    path: tuple[str, ...]
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    trace: bool = False
    recordings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ForkedProcess:
    """What a process that is forked from a template may use: its home, its limits, and what else it may read."""

    home: str
    limits: Mapping[str, int]
    readable: tuple[str, ...]


@dataclass(frozen=True)
class LoadRequest:
    """Asks a template to load those of the modules that can be loaded."""

    kind: str = field(default="load", init=False)
    id: int
    modules: tuple[str, ...]


@dataclass(frozen=True)
class SurveyRequest:
    """Asks a template which modules ``preload`` brings in with the releases of ``path``.

    The descriptors of three files go with it: the log, the list of modules, and the refused attempts.
    """

    kind: str = field(default="survey", init=False)
    id: int
    path: tuple[str, ...]
    preload: tuple[str, ...]
    process: ForkedProcess


@dataclass(frozen=True)
class CellRequest:
    """Asks a template to run a cell, and to seal its record with the secret.

    The descriptors of three files go with it: the log, the record, and the refused attempts.
    """

    kind: str = field(default="run", init=False)
    id: int
    run: CellRun
    secret: str
    process: ForkedProcess


TemplateRequest = LoadRequest | SurveyRequest | CellRequest


@dataclass(frozen=True)
class TemplateAnswer:
    """What a template says of the request with this id.

    ``loaded``: it has done so, and how many modules there are now. ``pid``: the process that it has forked. ``status``:
    how that process has ended.
    """

    id: int
    loaded: int | None = None
    pid: int | None = None
    status: int | None = None
