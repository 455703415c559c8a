"""What the matrix says of services that are out beside each other, each with its own releases."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from market_data_meta.models import Model
from market_data_meta.results.capabilities import StateName
from market_data_meta.results.parts import Count, Text

Delivery = Literal["all", "some", "none", "unknown"]
"""How much of what a service sends another one takes."""
Positions = Annotated[tuple[Count, ...], Field(min_length=1)]


class ServiceCell(Model):
    """One content of each package of a service, by its position; ``capabilities`` are by what the service decides."""

    codes: Annotated[dict[Text, Count], Field(min_length=1)]
    capabilities: dict[Text, StateName]


class MatrixService(Model):
    """A service: its packages, and what works with each of their contents, whatever the other services run."""

    name: Text
    packages: Annotated[tuple[Text, ...], Field(min_length=1)]
    cells: tuple[ServiceCell, ...]


class MatrixDelivery(Model):
    """What these consumers take of what these producers send; both are positions among the cells of their service.

    ``reason`` says what became of the rest, or why nothing is known.
    """

    producers: Positions
    consumers: Positions
    taken: Delivery
    reason: str


class MatrixWire(Model):
    """What one service sends to another. Each pair of their cells is in one of the deliveries."""

    producer: Text
    consumer: Text
    capabilities: Annotated[
        tuple[Text, ...], Field(description="Those that are decided by it, beside other clauses.", min_length=1)
    ]
    deliveries: tuple[MatrixDelivery, ...]


class ServicesResult(Model):
    """All services with what each decides, and the wires between them."""

    services: tuple[MatrixService, ...] = ()
    wires: tuple[MatrixWire, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """What a schema cannot say: each wire is between services, and each delivery between cells of theirs."""
        count = {service.name: len(service.cells) for service in self.services}
        for wire in self.wires:
            if not {wire.producer, wire.consumer} <= count.keys():
                raise ValueError(f"there is no service {wire.producer} or {wire.consumer}")
            for delivery in wire.deliveries:
                if max(delivery.producers) >= count[wire.producer] or max(delivery.consumers) >= count[wire.consumer]:
                    raise ValueError(
                        f"a delivery from {wire.producer} to {wire.consumer} is of a cell that is not there"
                    )
        return self
