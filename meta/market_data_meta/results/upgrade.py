"""In which order may the services get their new releases? The steps, or why no order is safe."""

from __future__ import annotations

from typing import ClassVar, Literal

from market_data_meta.models import Document, Model
from market_data_meta.results.capabilities import CapabilityState, StateName
from market_data_meta.results.parts import BroughtLibrary, Digest, ExitCode, Level, Text, Value, Versions

OrderVerdict = Literal["safe", "unsafe", "undecided"]
"""Of an order: nothing gets worse at any step, something does, or that is not known of a step."""
Effect = Literal["worse", "unknown", "same"]
"""What a step does to a capability, compared with the services before the upgrade.

Of a capability that the new releases lose in any order it is compared with what remains of it after the upgrade."""
ServiceVersions = dict[Text, Versions]
"""Service to the releases that it runs."""


class SentRecording(Model):
    """What a service has put on a stream: the file that has it, and the fields of each entry."""

    file: Text
    stream: Text
    entries: tuple[dict[Text, str], ...]


class UpgradeFailure(Model):
    """A clause that fails in a deployment and held before the upgrade: the check, and the command that shows it.

    ``service`` is the one whose run decides it. ``sent`` is what the other service sends, where the failure is about
    that. ``defect`` is the id of the known defect that it shows.
    """

    clause: Text
    level: Level
    essential: bool
    rule: Text
    service: Text
    versions: Versions
    message: str | None
    expected: Value
    got: Value
    sentence: Text
    defect: str | None
    sent: tuple[SentRecording, ...]
    reproduce: Text


class UpgradeProblem(Model):
    """A capability that a deployment has in another state than before the upgrade, or in which something else fails.

    ``reason`` says why nothing is known of it, or that a service cannot be installed; else it is empty.
    """

    capability: Text
    title: Text
    before: StateName
    after: StateName
    effect: Effect
    reason: str
    failures: tuple[UpgradeFailure, ...]


class UpgradeStep(Model):
    """A service gets other releases of these packages; what is out then, and what is otherwise than before."""

    service: Text
    packages: Versions
    services: ServiceVersions
    problems: tuple[UpgradeProblem, ...]


class UpgradeOrder(Model):
    """The steps of an order. What is lost in any order counts in its verdict if it is worse in between."""

    verdict: OrderVerdict
    steps: tuple[UpgradeStep, ...]


class UpgradeCapability(Model):
    """What is known of a capability before the upgrade and after it."""

    before: CapabilityState
    after: CapabilityState


class UpgradeCandidate(Model):
    """A build that takes part beside the releases, under this version.

    It is a local one where its own is published already with other code (``version_is_taken``). ``edited`` says that
    its source has edits that are not in the commit.
    """

    package: Text
    source: Text
    version: Text
    commit: str | None
    edited: bool
    version_is_taken: bool


class UpgradeAnswer(Document):
    """What `mdmeta upgrade --json` prints.

    ``asked_before`` and ``asked_after`` are the releases in the words of who asks, ``candidates`` the builds among
    them, ``brings_along`` the libraries of these that no published release runs with. ``capabilities`` are those
    that services decide. ``orders`` are those that were looked at, the safe ones first and of these the ones with
    the fewest steps; none where nothing changes. ``first`` are the services that are first in one of these.
    ``lost`` is what is worse after the upgrade, in whatever order. ``forbidden`` says what the new releases' own
    requirements rule out. ``unmet`` are those of ``needs`` that are broken or unknown after the upgrade.
    """

    schema_name: ClassVar[str] = "upgrade"

    format: Literal[1] = 1
    exit: ExitCode
    suite: Digest
    as_of: Text
    asked_before: tuple[Text, ...]
    asked_after: tuple[Text, ...]
    before: ServiceVersions
    after: ServiceVersions
    candidates: tuple[UpgradeCandidate, ...]
    brings_along: tuple[BroughtLibrary, ...]
    capabilities: tuple[UpgradeCapability, ...]
    forbidden: tuple[Text, ...]
    needs: tuple[Text, ...]
    unmet: tuple[Text, ...]
    lost: tuple[UpgradeProblem, ...]
    first: tuple[Text, ...]
    orders: tuple[UpgradeOrder, ...]
