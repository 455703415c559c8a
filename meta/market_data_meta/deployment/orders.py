"""Orders of an upgrade: every way from the services that are out to those that are to be. Pure functions; no I/O.

One service is changed at a time. It gets its new releases at once, or some of them first, such as Core, and the others
later: so far as the releases' own requirements allow what is out in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from market_data_meta.releases.combinations import Combination
from market_data_meta.releases.services import Services


@dataclass(frozen=True)
class Change:
    """One service gets other releases of some of its packages, after which these ``services`` are out."""

    service: str
    packages: Mapping[str, str]
    services: Services


Order = tuple[Change, ...]


def orders(before: Services, after: Services, *, may_be_out: Callable[[Combination], bool]) -> list[Order]:
    """Every order without a way back, those with the fewest changes first.

    ``may_be_out`` says whether a service with these releases may be out between its old and its new ones.
    """
    return sorted(_orders(before, after, may_be_out), key=len)


def direct_orders(before: Services, after: Services) -> list[Order]:
    """The orders in which each service gets all its new releases at once."""
    return orders(before, after, may_be_out=lambda _: False)


def _orders(before: Services, after: Services, may_be_out: Callable[[Combination], bool]) -> Iterator[Order]:
    if before == after:
        yield ()
    for service, old in before.items():
        for new in _next(old, after[service], may_be_out):
            packages = {name: version for name, version in new.versions if old.as_dict()[name] != version}
            change = Change(service, packages, {**before, service: new})
            yield from ((change, *later) for later in _orders(change.services, after, may_be_out))


def _next(old: Combination, new: Combination, may_be_out: Callable[[Combination], bool]) -> Iterator[Combination]:
    """What a service may run after its old releases: its new ones, or some of them beside some of the old."""
    changed = [name for name, version in new.versions if old.as_dict()[name] != version]
    if changed:
        yield new
    for number in range(1, len(changed)):
        for packages in combinations(changed, number):
            versions = new.as_dict()
            mixed = tuple((name, versions[name] if name in packages else version) for name, version in old.versions)
            if may_be_out(Combination(mixed)):
                yield Combination(mixed)
