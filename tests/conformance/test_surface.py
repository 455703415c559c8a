"""What each package offers under the documented names, whose classes that takes and gives, and how it is called."""

from __future__ import annotations

from mdc_surface import foreign_classes, missing_names, parameter_problems, starless_names
from mdm_clause import ClauseCheck


def _check_names(clause: ClauseCheck) -> None:
    examined = sum(len(names) for names in clause.expect.values())
    clause.none("documented names that are not there", missing_names(clause.expect), examined=examined)


def _check_classes(clause: ClauseCheck) -> None:
    clause.none("classes that are not Core's own", foreign_classes(clause.expect), examined=len(clause.expect))


def _check_parameters(clause: ClauseCheck) -> None:
    clause.none("parameters unlike documented", parameter_problems(clause.expect), examined=len(clause.expect))


def test_core_offers_telemetry(clause: ClauseCheck) -> None:
    """Core's telemetry module offers the documented DTOs and enums."""
    _check_names(clause)


def test_core_offers_protocols(clause: ClauseCheck) -> None:
    """Core's protocols module offers the documented protocols."""
    _check_names(clause)


def test_core_offers_federation(clause: ClauseCheck) -> None:
    """Core's federation module offers the documented types."""
    _check_names(clause)


def test_core_offers_events(clause: ClauseCheck) -> None:
    """Core's events module offers the envelope, the bus protocols, the in-memory bus, the codec and the factories."""
    _check_names(clause)


def test_core_offers_registry(clause: ClauseCheck) -> None:
    """Core's registry module offers the documented specifications, protocols and enforcement functions."""
    _check_names(clause)


def test_core_offers_at_top(clause: ClauseCheck) -> None:
    """Core offers its contracts at the top level as well."""
    _check_names(clause)


def test_core_offers_configuration(clause: ClauseCheck) -> None:
    """Core offers the configuration system and its loader."""
    _check_names(clause)


def test_pipeline_offers_feedback(clause: ClauseCheck) -> None:
    """Pipeline offers its feedback parts under the documented names."""
    _check_names(clause)


def test_pipeline_offers_services(clause: ClauseCheck) -> None:
    """Pipeline offers its application, its Pulse consumer and its sinks under the documented names."""
    _check_names(clause)


def test_pipeline_offers_jobs(clause: ClauseCheck) -> None:
    """Pipeline offers its job runner under the documented names."""
    _check_names(clause)


def test_store_offers_coordinator(clause: ClauseCheck) -> None:
    """Store offers its coordinator and its feedback parts under the documented names, to a star import as well."""
    _check_names(clause)
    missing = starless_names(clause.expect)
    clause.none("documented names that a star import does not bring", missing, examined=len(clause.expect))


def test_store_offers_services(clause: ClauseCheck) -> None:
    """Store offers its application, its Pulse publisher and its sinks under the documented names."""
    _check_names(clause)


def test_store_offers_at_top(clause: ClauseCheck) -> None:
    """Store offers its coordinator and its feedback parts at the top level as well."""
    _check_names(clause)


def test_pipeline_speaks_core(clause: ClauseCheck) -> None:
    """Pipeline's feedback parts take and give Core's own classes."""
    _check_classes(clause)


def test_store_speaks_core(clause: ClauseCheck) -> None:
    """Store's feedback parts and health endpoints use Core's own classes."""
    _check_classes(clause)


def test_core_parameters(clause: ClauseCheck) -> None:
    """What consumers call in Core's events and registry takes the documented parameters."""
    _check_parameters(clause)


def test_pipeline_parameters(clause: ClauseCheck) -> None:
    """What consumers call in Pipeline's feedback and rate parts takes the documented parameters."""
    _check_parameters(clause)


def test_store_parameters(clause: ClauseCheck) -> None:
    """What consumers call in Store's coordinator takes the documented parameters."""
    _check_parameters(clause)


def test_buses_interchangeable(clause: ClauseCheck) -> None:
    """Pipeline's own bus can be used in every way that Store's bus, which stands in for it, can be."""
    _check_parameters(clause)
