"""What came of messages on a stream that a consumer of feedback was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mdc_doubles import RecordingController
from mdc_feedback_consumer import consuming
from mdc_feedback_stream import DeadLetter, FeedbackStream

Adjustment = list[Any]


def adjustments_of(controller: RecordingController) -> list[Adjustment]:
    """Provider, scale, level and time of each adjustment."""
    return [[each.provider, each.scale, each.reason.value, each.ts] for each in controller.adjustments]


def levels_of(controller: RecordingController) -> list[str]:
    """The level of each adjustment."""
    return [each.reason.value for each in controller.adjustments]


@dataclass(frozen=True)
class Outcome:
    """What came of messages that a consumer of its own was given, with nothing else on the stream."""

    ids: list[str]
    adjustments: list[Adjustment]
    dead_letters: list[DeadLetter]
    state: str

    @property
    def what_happened(self) -> str:
        """The same in a few words."""
        if self.adjustments:
            return f"applied {self.adjustments}"
        if self.state != "runs":
            return f"the consumer {self.state}"
        return "put aside as a dead letter" if self.dead_letters else "nothing came of it"


async def outcome_of(stream: FeedbackStream, *messages: bytes, adjustments: int = 1, **options: Any) -> Outcome:
    """Give a consumer of its own the messages, and see what comes of them: so many adjustments at the most."""
    stream.server.command("FLUSHALL")
    controller = RecordingController()
    async with consuming(stream, controller, **options) as consumer:
        ids = stream.add(*messages)
        await consumer.dealt_with(adjustments)
        return Outcome(ids, adjustments_of(controller), stream.dead_letters(), consumer.state)


def not_taken(outcomes: Mapping[str, Outcome], adjustments: list[Adjustment]) -> dict[str, str]:
    """What happened to each that did not become these adjustments, by its name."""
    return {name: outcome.what_happened for name, outcome in outcomes.items() if outcome.adjustments != adjustments}
