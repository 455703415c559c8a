"""Known defects in sentences: what was mended, and what the list says wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from market_data_meta.contract import Contract
from market_data_meta.results.defects import DefectDescription
from market_data_meta.results.parts import MendedDefectResult, StaleDefectResult


def mended_lines(mended: Iterable[MendedDefectResult]) -> Iterator[str]:
    """A sentence for each defect that a release has mended, with the clauses that show it no longer."""
    clauses: dict[tuple[str, str, str], list[str]] = {}
    for one in mended:
        clauses.setdefault((one.defect, one.package, one.version), []).append(one.clause)
    for (defect, package, version), names in clauses.items():
        yield (
            f"mended in {package} {version}: {defect} ({', '.join(names)} no longer "
            f"{'shows' if len(names) == 1 else 'show'} it); mdmeta defects --update writes it down"
        )


def stale_lines(stale: Iterable[StaleDefectResult]) -> Iterator[str]:
    """A sentence for each entry of the list that does not say what was seen."""
    for one in stale:
        yield f"contracts/defects.toml is wrong about {one.defect}, {one.clause}: {one.how}"


def versions_line(versions: Mapping[str, str]) -> str:
    """The versions that have a defect: ``pipeline >=0.8.20 with core >=1.2.33``."""
    return " with ".join(f"{package} {specifier}" for package, specifier in versions.items())


def capabilities_line(defect: DefectDescription, contract: Contract) -> str:
    """What a defect costs: ``breaks “Write data”; limits “Share types”``."""
    parts = []
    for verb, names in (("breaks", defect.broken), ("limits", defect.limited)):
        if names:
            titles = [f"“{contract.capabilities[n].title}”" if n in contract.capabilities else n for n in names]
            parts.append(f"{verb} {', '.join(titles)}")
    if defect.mended_in:
        parts.append(f"mended in {defect.package} {defect.mended_in}")
    return "; ".join(parts)
