"""May these services go out together, each with its own releases? What will work between them, and what will not."""

from __future__ import annotations

from typing import ClassVar, Literal

from market_data_meta.models import Document
from market_data_meta.results.capabilities import CapabilityState
from market_data_meta.results.parts import Digest, ExitCode, Text, Versions


class DeploymentAnswer(Document):
    """What `mdmeta can-i-deploy --json` prints where services have versions of their own.

    ``capabilities`` are those that services decide. ``forbidden`` says what the releases of a service require of each
    other that is not so. ``unmet`` are those of ``needs`` that are broken or unknown, and those of ``needs_fully`` that
    do not work or are unknown.
    """

    schema_name: ClassVar[str] = "deployment"

    format: Literal[1] = 1
    exit: ExitCode
    services: dict[Text, Versions]
    forbidden: tuple[Text, ...]
    capabilities: tuple[CapabilityState, ...]
    needs: tuple[Text, ...]
    needs_fully: tuple[Text, ...]
    unmet: tuple[Text, ...]
    suite: Digest
    as_of: Text
