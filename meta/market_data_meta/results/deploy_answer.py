"""May these releases go out together? The answer, and the evidence that it rests on."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from market_data_meta.models import Document, Model
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.parts import Digest, ExitCode, InstalledPackage, Text, Verdict, Versions


class DeployEvidence(Model):
    """The run behind an answer, and how many published combinations it stands for."""

    counts: dict[str, int]
    lane: str | None
    suite: Digest | None
    start: float | None
    interpreter: str | None
    attestation: dict[str, InstalledPackage] | None
    stands_for: Annotated[int, Field(ge=1)]


class DeployAnswer(Document):
    """What `mdmeta can-i-deploy --json` prints.

    ``capabilities`` say what will work and what will not, whatever is expected.
    """

    schema_name: ClassVar[str] = "can-i-deploy"

    format: Literal[1] = 1
    exit: ExitCode
    deploy: bool
    combination: Versions
    verdict: Verdict
    reasons: tuple[str, ...]
    forbidden: tuple[Text, ...]
    capabilities: tuple[CapabilityState, ...]
    evidence: DeployEvidence
    waived: tuple[Text, ...]
    failed: tuple[Text, ...]
