"""Which errands a tick of the schedule brings: pure, over what is known of last runs, so that downtime is caught up."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.decide import calendar, retries
from bot.decide.census import Standing
from bot.model.policy import Schedule, Trigger
from bot.model.repository import Repository
from bot.model.runs import Outcome
from bot.model.tasks import Errand, Urgency

CONSIDERED = frozenset({Outcome.NOTHING, Outcome.OPENED, Outcome.UPDATED, Outcome.LEFT_ALONE, Outcome.CLOSED})
"""How a run ends that had the quarter before it: asking at once again would bring nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the runs of a fleet, by `Repository.key`.

    `standings` has nothing of a repository that was never looked at, `failures` counts failures in a row, `quarters`
    are those that are settled.
    """

    standings: Mapping[str, Standing]
    failures: Mapping[str, int]
    quarters: Mapping[str, AbstractSet[str]]


def sweep(
    repositories: Iterable[Repository], known: Known, why: str, now: datetime, *, urgency: Urgency = Urgency.SOON
) -> tuple[Errand, ...]:
    """Look at every repository, at those that keep failing not before they have rested."""
    return tuple(replace(_looked_at(one, known, why, now), urgency=urgency) for one in repositories)


def quarterly(
    repositories: Iterable[Repository], known: Known, schedule: Schedule, now: datetime
) -> tuple[Errand, ...]:
    """Rebuild what is due or will be within the time over which repositories are spread, each at its own moment."""
    found = ((one, _date(one, known, schedule, now)) for one in repositories)
    return tuple(
        Errand(
            repository=one.key, trigger=Trigger.AUTO, why="quarterly", urgency=Urgency.LATER,
            due=max(date, now, _rested(one, known, now) or now),
        )
        for one, date in found if date is not None
    )  # fmt: skip


def first_looks(repositories: Iterable[Repository], known: Known, now: datetime) -> tuple[Errand, ...]:
    """Look at repositories that were never looked at."""
    return tuple(
        Errand(repository=one.key, trigger=Trigger.AUTO, why="first look", due=now)
        for one in repositories
        if one.key not in known.standings
    )


def next_tick(every: timedelta, last: datetime | None, now: datetime) -> datetime:
    """Give when something is to be done again that is done `every` so often: at once where that has passed.

    A last time that lies ahead was noted by a clock that was wrong; it counts as now.
    """
    if last is None:
        return now
    return max(now, min(last, now) + every)


def _date(one: Repository, known: Known, schedule: Schedule, now: datetime) -> datetime | None:
    """Give the date of the quarter that is to be queued now; None where none is."""
    standing = known.standings.get(one.key)
    if standing is None:
        return None  # the first look finds out
    horizon = now + schedule.spread
    if standing.next_due is not None:  # the run saw proposals, which the store alone does not know
        return standing.next_due if standing.next_due <= horizon else None
    verdict = calendar.due(schedule, known.quarters.get(one.key, frozenset()), now, one.name)
    match verdict:
        case calendar.Due(since=since):
            looked_since = since is None or standing.finished_at >= since
            return None if looked_since and standing.outcome in CONSIDERED else since or now
        case calendar.NotDue(until=until):
            return until if until is not None and until <= horizon else None
        case _:
            assert_never(verdict)


def _looked_at(one: Repository, known: Known, why: str, now: datetime) -> Errand:
    rests = _rested(one, known, now)
    if rests is None or rests <= now:
        return Errand(repository=one.key, trigger=Trigger.AUTO, why=why, due=now)
    said = f"{why}, after a rest: it failed {known.failures[one.key]} times in a row"
    return Errand(repository=one.key, trigger=Trigger.AUTO, why=said, due=rests)


def _rested(one: Repository, known: Known, now: datetime) -> datetime | None:
    standing = known.standings.get(one.key)
    if standing is None:
        return None
    last = min(standing.finished_at, now)  # a clock may have been wrong
    return retries.rests_until(known.failures.get(one.key, 0), last)
