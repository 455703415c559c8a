"""May these releases go out together? What will work, what will not, and the evidence that it rests on."""

from __future__ import annotations

from typing import ClassVar, Literal

from market_data_meta.models import Document, Model
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.parts import Count, Digest, ExitCode, Text, Verdict, Versions


class DeployEvidence(Model):
    """The run behind an answer, and how many published combinations it stands for.

    ``start`` and ``interpreter`` are None where nothing was run. ``as_of`` is the day of the releases that are known.
    """

    counts: dict[str, Count]
    suite: Digest
    as_of: Text
    start: float | None
    interpreter: str | None
    stands_for: Count


class DeployAnswer(Document):
    """What `mdmeta can-i-deploy --json` prints.

    ``question`` has the versions as they were asked for, without the packages that were left out, and ``combination``
    the set that the answer is about. ``ran`` are the releases that were run: the same code, if not the same releases.
    ``capabilities`` say what will work and what will not, whatever is expected. ``unmet`` are those of ``needs`` that
    are broken or unknown, and those of ``needs_fully`` that do not work or are unknown. ``no_set`` says that no
    published set has what is needed, where one was looked for.
    """

    schema_name: ClassVar[str] = "can-i-deploy"

    format: Literal[2] = 2
    exit: ExitCode
    question: dict[Text, str]
    combination: Versions
    ran: Versions | None
    verdict: Verdict
    forbidden: tuple[Text, ...]
    capabilities: tuple[CapabilityState, ...]
    needs: tuple[Text, ...]
    needs_fully: tuple[Text, ...]
    unmet: tuple[Text, ...]
    no_set: str | None
    evidence: DeployEvidence
    reasons: tuple[str, ...]
