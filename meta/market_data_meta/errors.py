"""Errors with fields: what is wrong, why, what to do next, and the exit code they end the command with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Self


class Exit(IntEnum):
    """Exit codes of ``mdmeta``; the table in the README is this one."""

    OK = 0
    VIOLATED = 1
    BAD_INPUT = 2
    UNDECIDED = 3
    TOOL_FAILED = 4
    INTERRUPTED = 130


class ErrorCode(StrEnum):
    """Every error that ``mdmeta`` can end with: its stable code, and what it means in one line.

    ``mdmeta explain --errors`` shows them. An error is raised with a member of this class and never with a text.
    """

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        """The text of the code, with its meaning beside it."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    BAD_ANSWER = "bad-answer", "A worker of a cluster answered with a file that no cell has."
    BAD_CHANGE = "bad-change", "A seeded change does not fit the release that it is to be made in."
    BAD_CHECK = "bad-check", "A file of checks cannot be read, or a check is written as none may be."
    BAD_CLAUSE = "bad-clause", "A clause lacks a field, or a field has a value that no clause may have."
    BAD_DEPENDS_ON = "bad-depends-on", "A Depends-On line of a pull request cannot be read."
    BAD_FILE = "bad-file", "A file of the contract or of the tests is not of its format."
    BAD_GATE = "bad-gate", "A gate.json is not one, or contradicts itself."
    BAD_MATRIX = "bad-matrix", "A matrix.json is not one, or contradicts itself."
    BAD_PIN = "bad-pin", "A word on the command line is not a package with a version."
    BAD_PROVE = "bad-prove", "A proof.json is not one."
    BAD_PYTHON = "bad-python", "What --python names is not a version of Python."
    BAD_REACH = "bad-reach", "Options contradict each other about which partners to meet."
    BAD_RECORD = "bad-record", "A record of a run is damaged, or of another format."
    BAD_SDIST = "bad-sdist", "A source distribution cannot be unpacked safely."
    BAD_SOURCE = "bad-source", "What is to be a candidate is not a source that can be built."
    BAD_VERSION = "bad-version", "A version is not one that Python packages may have."
    BAD_WHEEL = "bad-wheel", "A wheel is damaged, unsafe to unpack, or not what its name says."
    BUG = "bug", "The tool itself failed: please report it."
    CELLS_DIED = "cells-died", "Some cells brought no record."
    CHANGED_FILE = "changed-file", "A published file is not the one that the ledger has recorded under its name."
    CLAUSE_EXISTS = "clause-exists", "There is a clause of that id already."
    DIRECT_REFERENCE = "direct-reference", "A candidate asks for something by its address, which is not followed."
    DISK = "disk", "A record could not be written."
    DISK_FULL = "disk-full", "The disk is full."
    GIT_FAILED = "git-failed", "A git command failed."
    GIT_TIMEOUT = "git-timeout", "A git command took too long."
    GONE = "gone", "A published file is no longer on the index."
    INCOMPLETE = "incomplete", "A combination lacks a version of a package, or a new clause a field."
    MEETS_NOTHING = "meets-nothing", "The requirements forbid every combination with the candidates."
    NO_BLOCK = "no-block", "tox.ini has lost the marks of its pinned block."
    NO_BREAK = "no-break", "No seeded break is aimed at what was named."
    NO_BUILD = "no-build", "A candidate does not build to a wheel."
    NO_CANDIDATE = "no-candidate", "No candidate is given, or the one that is named does not exist."
    NO_CHECKOUT = "no-checkout", "The command runs outside of a checkout of market-data-meta."
    NO_CLUSTER = "no-cluster", "No Dask scheduler answers at the address."
    NO_DASK = "no-dask", "The distributed engine is not installed."
    NO_ENVIRONMENT = "no-environment", "The folder to fill is not a virtual environment."
    NO_EVIDENCE = "no-evidence", "No run so far says anything about the question."
    NO_GIT = "no-git", "git is not installed."
    NO_HASH = "no-hash", "The package index does not say the hashes of its files."
    NO_INDEX = "no-index", "The package index cannot be reached."
    NO_INTERPRETER = "no-interpreter", "The Python that is named is not on this machine, or does not run."
    NO_NETWORK = "no-network", "The package index, or an address that was named, could not be reached."
    NO_OBSERVATIONS = (
        "no-observations",
        "A release could not be observed, so nothing is known of what it does otherwise.",
    )
    NO_PROJECT = "no-project", "A source tree is not a Python project."
    NO_RECORD = "no-record", "The suite did not start, so there is no record."
    NO_REF = "no-ref", "A git ref could not be fetched."
    NO_SERVER = "no-server", "A server that checks of services need cannot be had on this machine."
    NO_TEMPLATE = "no-template", "The warm lane did not start, or was stopped."
    NO_UPLOAD_TIME = "no-upload-time", "The package index does not say when its files were uploaded."
    NO_WHEEL = "no-wheel", "The newest releases could not be downloaded."
    NOT_CONFIRMED = "not-confirmed", "Cells that were to be confirmed brought no record."
    NOT_DEPLOYED = "not-deployed", "It is not known which release of a package is deployed."
    NOT_JSON = "not-json", "A file is not JSON."
    NOT_RUN = "not-run", "A release was not run alone, as its first run with the others brought no result."
    NOT_STARTED = "not-started", "A command could not be started."
    NOT_TOML = "not-toml", "A file is not TOML."
    ODD_LOCK = "odd-lock", "A resolution names a package more than once."
    OS_ERROR = "os-error", "The operating system refused a file or a folder."
    OTHER_DATE = "other-date", "The ledger does not know which releases were out at that time."
    OTHER_PACKAGE = "other-package", "A build is of another package than it was given for."
    OTHER_SCOPE = "other-scope", "A run of these packages does not decide the clause."
    SUITE_CONFLICT = "suite-conflict", "The packages leave no room for the libraries that the suite runs with."
    TOO_NEW = "too-new", "A library that fits was published after the ledger's date."
    TWICE = "twice", "A package is named twice."
    TWO_CANDIDATES = "two-candidates", "A package has two candidates."
    TWO_COMPANIONS = "two-companions", "Two pull requests of one repository cannot be gated at once."
    UNINSTALLABLE = "uninstallable", "No set of versions satisfies the requirements."
    UNKNOWN_AREA = "unknown-area", "There is no area of that name in contracts/clauses, and no capability."
    UNKNOWN_CAPABILITY = "unknown-capability", "There is no capability of that name."
    UNKNOWN_CLAUSE = "unknown-clause", "There is no clause of that id."
    UNKNOWN_DEFECT = "unknown-defect", "There is no known defect of that id."
    UNKNOWN_FORMAT = "unknown-format", "A file has a format that this version of the tool does not read."
    UNKNOWN_PACKAGE = "unknown-package", "There is no package of that name under contract."
    UNKNOWN_RELEASE = "unknown-release", "The ledger has no release of that version."
    UNKNOWN_REPOSITORY = "unknown-repository", "A Depends-On line names a repository that holds no package."
    UNKNOWN_SERVICE = "unknown-service", "There is no service of that name in contracts/packages.toml."
    UNREADABLE = "unreadable", "A file cannot be read."
    UV_FAILED = "uv-failed", "A uv command failed for a reason of its own."
    UV_TIMEOUT = "uv-timeout", "A uv command took too long."
    WRONG_INDEX = "wrong-index", "The package index lacks a package under contract."
    WRONG_CONTENT = "wrong-content", "A wheel holds other code than the ledger says."
    WRONG_HASH = "wrong-hash", "A downloaded file has another hash than the ledger says."


@dataclass
class MetaError(Exception):
    """A problem to tell the user: a stable code, what is wrong, and optionally why and what to do next."""

    code: ErrorCode
    what: str
    why: str = ""
    hint: str = ""
    exit: Exit = Exit.BAD_INPUT

    def __str__(self) -> str:
        parts = [
            f"{self.what} [{self.code}]",
            self.why and f"  because: {self.why}",
            self.hint and f"  try: {self.hint}",
        ]
        return "\n".join(part for part in parts if part)


class UninstallableError(MetaError):
    """No set of versions satisfies what was asked for; ``why`` is the resolver's reason."""

    def __init__(self, why: str) -> None:
        super().__init__(ErrorCode.UNINSTALLABLE, "no set of versions satisfies it", why, exit=Exit.UNDECIDED)


class SuiteConflictError(MetaError):
    """The packages can be installed, and the suite not beside them; ``why`` says what stands in its way.

    It is no fault of the packages, and nothing is known of them: another library in its place would be another set.
    """

    def __init__(self, why: str) -> None:
        what = "the suite cannot run with the libraries of these packages"
        super().__init__(ErrorCode.SUITE_CONFLICT, what, why, exit=Exit.UNDECIDED)


def direct_reference(who: str, references: Iterable[str]) -> MetaError:
    """The error for what asks for something by its address."""
    why = "what stands at an address is nobody's release, and no index would take it"
    hint = "ask for a version that is on the index; mdmeta gate --allow-direct follows it all the same"
    return MetaError(
        ErrorCode.DIRECT_REFERENCE, f"{who} asks for {', '.join(references)}, which is not followed", why, hint
    )


def undecided(code: ErrorCode, what: str, why: str = "", hint: str = "") -> MetaError:
    """The error for a question that could not be answered (not installable, no network, stopped)."""
    return MetaError(code, what, why, hint, Exit.UNDECIDED)
