"""Known defects as the lists that programs and renderers read. Pure functions; no I/O."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from packaging.specifiers import SpecifierSet

from market_data_meta.contract import Contract
from market_data_meta.errors import ErrorCode, MetaError
from market_data_meta.judging.defects import Defect, DefectChanges, KnownDefects, ShownBy
from market_data_meta.judging.report_document import mended_defects, stale_defects
from market_data_meta.results.defects import DefectClause, DefectDescription, DefectList


def defect_named(known: KnownDefects, name: str) -> Defect:
    """The defect with this id. Raises MetaError with the nearest ids for one that does not exist."""
    for defect in known.defects:
        if defect.id == name:
            return defect
    ids = [defect.id for defect in known.defects]
    near = difflib.get_close_matches(name, ids, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "mdmeta defects lists them"
    raise MetaError(ErrorCode.UNKNOWN_DEFECT, f"there is no known defect {name!r}", hint=hint)


def defect_list(
    contract: Contract, known: KnownDefects, reproducers: Mapping[str, str], changes: DefectChanges
) -> DefectList:
    """All known defects, those first that break a capability, and how the known runs differ from the list."""
    descriptions = defect_descriptions(contract, known, reproducers)
    return DefectList(defects=descriptions, mended=mended_defects(changes), stale=stale_defects(changes))


def defect_descriptions(
    contract: Contract, known: KnownDefects, reproducers: Mapping[str, str] | None = None
) -> tuple[DefectDescription, ...]:
    """The defects, those first that no release has mended, and among them those that break a capability."""
    descriptions = [_description(contract, defect, (reproducers or {}).get(defect.id)) for defect in known.defects]
    return tuple(sorted(descriptions, key=lambda row: (row.mended_in is not None, not row.broken)))


def _description(contract: Contract, defect: Defect, reproducer: str | None) -> DefectDescription:
    return DefectDescription(
        id=defect.id,
        means=defect.means,
        package=defect.package,
        versions=dict(defect.versions),
        mended_in=_mended_in(defect),
        cause=defect.cause,
        workaround=defect.workaround,
        reported=defect.reported,
        shown_by=tuple(_clause(contract, defect, shown) for shown in defect.shown_by),
        reproducer=reproducer,
    )


def _clause(contract: Contract, defect: Defect, shown: ShownBy) -> DefectClause:
    capability = next(
        (one for one in contract.capabilities.values() if shown.clause in one.essential + one.others), None
    )
    return DefectClause(
        clause=shown.clause,
        fingerprints=shown.fingerprints,
        versions=dict(shown.versions or defect.versions),
        third_party=shown.third_party,
        capability=capability.name if capability else "none",
        essential=bool(capability and shown.clause in capability.essential),
    )


def _mended_in(defect: Defect) -> str | None:
    """The first version of the package without the defect, where its specifier has an end."""
    specifier = SpecifierSet(defect.versions.get(defect.package, ""))
    return next((part.version for part in specifier if part.operator == "<"), None)
