"""The backtest in words that all its renderers share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from market_data_meta.render.set_words import verb
from market_data_meta.render.signs import CAPABILITY_STATES
from market_data_meta.results.backtest import BacktestDay, BacktestMending, BacktestRelease, BacktestResult
from market_data_meta.results.capabilities import StateName

GATE_WORDS = {
    "stopped": "a required gate would have stopped it",
    "passed": "a required gate would have let it pass",
    "unknown": "it is not known what a gate would have done",
}

_HOW = {"broke": "broke what had held", "brought": "brought what fails", "changed": "failed in another way than before"}
_TROUBLES = ("could not be installed with anything that was out", *_HOW.values(), "shut out partners")
_HEADS = {"broke": "It broke", "brought": "New in it, and failing", "changed": "Failing in another way than before"}


def _worst(release: BacktestRelease) -> str:
    """What the worst of a bad release is."""
    if release.not_installable:
        return _TROUBLES[0]
    return _HOW[release.worse[0].how] if release.worse else _TROUBLES[-1]


def summary_sentences(result: BacktestResult) -> Iterator[str]:
    """How many releases were bad, and how many of these a required gate would have stopped; what is not known."""
    bad = result.bad
    count = len(result.releases)
    stopped = sum(one.gate == "stopped" for one in bad)
    if not bad:
        yield f"None of {count} published releases is known to be worse than its predecessor."
    else:
        counts = Counter(map(_worst, bad))
        parts = [f"{counts[words]} {words}" for words in _TROUBLES if counts[words]]
        listed = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
        which = ("all of them" if len(bad) > 1 else "it") if stopped == len(bad) else f"{stopped} of them"
        yield f"Of {count} published releases {listed}. A required gate would have stopped {which}."
    unknown = [one for one in result.releases if one.gate == "unknown"]
    if unknown:
        yield f"Of {len(unknown)} releases it is not known what a gate would have done: {unknown[-1].name}, for one."
    libraries = f"with the libraries of {result.libraries} and not with those of then"
    yield f"By the runs of the matrix, so {libraries}. {_alone(result)}"


def _alone(result: BacktestResult) -> str:
    """Of how many releases it is known what only a run of a release alone decides."""
    other_code = [one for one in result.releases if one.predecessor and not one.same_code]
    count = sum(one.run_alone for one in other_code)
    if not count:
        return "What only a run of a release alone decides is not in it."
    return f"Of the {len(other_code)} releases of other code than their predecessors {count} were run alone too."


def release_sentence(release: BacktestRelease) -> str:
    """What a release did, in one sentence, and how long that lasted; the worst of it where there is more."""
    parts = []
    if release.not_installable:
        parts.append(f"It could not be installed with anything that was out: {release.not_installable[0]}")
        parts.append(mending_in_words(release.made_installable, "That lasted"))
    elif release.lost:
        parts.append(release.lost[0])
    if release.worse:
        first = release.worse[0]
        # A defect may be shown by several clauses.
        others = len({one.sentence for one in release.worse}) - 1
        more = f" (and {others} more)" if others else ""
        parts.append(f"{_HEADS[first.how]}: {first.sentence.rstrip('.')}{more}")
        parts.append(mending_in_words(first.mended, "Mended after"))
    if release.capabilities:
        parts.append(capability_words(release))
    if release.mended:
        parts.append(f"It mended {_listed(release.mended)}")
    if not parts:
        parts.append(_nothing(release))
    return " ".join(f"{part.rstrip('.')}." for part in parts)


def _nothing(release: BacktestRelease) -> str:
    if release.same_code:
        return f"It installs the code of {release.predecessor}"
    if release.undecided:
        return f"Nothing is known: {release.undecided[0]}"
    return f"Its code is new, and no check came out otherwise than with {release.predecessor}"


def mending_in_words(mending: BacktestMending | None, verb_words: str) -> str:
    """How long it lasted: ``Mended after 16.5 hours, by core 1.2.13``, or never."""
    if mending is None:
        return "Mended: never"
    return f"{verb_words} {hours_in_words(mending.hours)}, until {mending.release}"


def hours_in_words(hours: float) -> str:
    """So many minutes, hours or days."""
    if hours < 1:
        minutes = max(1, round(hours * 60))
        return f"{minutes} {'minute' if minutes == 1 else 'minutes'}"
    if hours < 72:
        return f"{hours:.1f} hours"
    return f"{hours / 24:.0f} days"


def capability_words(release: BacktestRelease) -> str:
    """The capabilities whose state changed: ``jobs: works before, broken now``."""
    return "; ".join(f"{one.name}: {one.before} before, {one.after} now" for one in release.capabilities)


def day_mark(day: BacktestDay) -> str:
    """Whether the newest set could be installed on a day: all of it, not at its end, or for a part of it."""
    return "✘" if day.forbidden else "◐" if day.hours_not_installable else "✔"


def day_sentence(day: BacktestDay) -> str:
    """Whether the newest set could be installed on a day, and what worked in it at its end."""
    if day.forbidden:
        first = f"at its end the newest set could not be installed ({day.forbidden[0]})"
    elif day.hours_not_installable:
        first = f"for {hours_in_words(day.hours_not_installable)} the newest set could not be installed"
    else:
        first = "the newest set could be installed all day"
    if day.forbidden and day.hours_not_installable:
        first += f", for {hours_in_words(day.hours_not_installable)} in all"
    return f"{first}; {states_words(day.states)}"


def states_words(states: Mapping[StateName, int]) -> str:
    """How many capabilities are in each state: ``2 of 14 work, 6 are limited``."""
    total = Counter(states).total()
    works, *others = CAPABILITY_STATES
    parts = [f"{states.get(works, 0)} of {total} capabilities {verb(works, states.get(works, 0))}"]
    return ", ".join([*parts, *(f"{states[name]} {verb(name, states[name])}" for name in others if states.get(name))])


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
