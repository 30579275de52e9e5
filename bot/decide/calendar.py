"""Whether the quarterly rebuild is due: pure, with `now` as an argument, so that downtime is caught up.

A quarter is named `2026q4`, after the calendar quarter, in the schedule's timezone, in which its date falls. Where many
repositories are spread over a time, each has its own place in it, which its name gives: the same for ever, everywhere.
"""

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from bot.formats import cron
from bot.model.policy import Freeze, Schedule
from bot.model.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The rebuild of `quarter` is due since `since`; None where the repository was never rebuilt."""

    quarter: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDue:
    """The newest date's `quarter` is done; the next one falls on `until` (None: the schedule has no further date)."""

    quarter: str
    until: datetime | None


Verdict: TypeAlias = Due | NotDue


def due(schedule: Schedule, done: AbstractSet[str], now: datetime, name: str = "") -> Verdict:
    """Decide for the repository `name` whose quarters in `done` were proposed, or found to need nothing.

    Never done: due at the first look, for the calendar quarter of `now`. Otherwise due when the newest date that
    has passed belongs to a quarter that is not done; each quarter is hit once, however often one asks. Its dates are
    those of the schedule, later by its `place`; the quarter is that of the schedule's own date.
    """
    zone = ZoneInfo(schedule.timezone)
    if not done:
        return Due(quarter=quarter_of(now, zone), since=None)
    dates = cron.parse(schedule.quarterly)
    later = place(schedule.spread, name)
    last = dates.last(now - later, zone)
    next_date = dates.next(now - later, zone)
    following = next_date + later if next_date else None
    if last is None or (label := quarter_of(last, zone)) in done or max(done) > label:
        return NotDue(quarter=max(done), until=following)
    return Due(quarter=label, since=last + later)


def place(spread: timedelta, name: str) -> timedelta:
    """Give a repository's place in the time over which many are spread: whole seconds, less than `spread`."""
    seconds = int(spread.total_seconds())
    if seconds <= 0:
        return timedelta(0)
    return timedelta(seconds=int.from_bytes(hashlib.sha256(name.casefold().encode()).digest()[:8], "big") % seconds)


def quarter_of(moment: datetime, zone: ZoneInfo) -> str:
    """Name the calendar quarter of a moment: `2026q4`."""
    local = moment.astimezone(zone)
    return f"{local.year}q{(local.month - 1) // 3 + 1}"


def frozen(freezes: tuple[Freeze, ...], now: datetime, timezone: str) -> tuple[Freeze, datetime] | None:
    """Give the freeze window that `now` falls into, and the first moment after it (UTC)."""
    zone = ZoneInfo(timezone)
    local = now.astimezone(zone)
    today = (local.month, local.day)
    for freeze in freezes:
        crosses = freeze.start > freeze.end
        after_start, before_end = today >= freeze.start, today <= freeze.end
        if (after_start or before_end) if crosses else (after_start and before_end):
            year = local.year + (1 if crosses and after_start else 0)
            last = datetime(year, freeze.end[0], _day(year, freeze.end), tzinfo=zone)
            return freeze, (last + timedelta(days=1)).astimezone(now.tzinfo)
    return None


def _day(year: int, end: tuple[int, int]) -> int:
    """Give the last day of a window that ends on 29 February, which not every year has."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return end[1] if end != (2, 29) or leap else 28


def not_due_reason(verdict: NotDue) -> Reason:
    """Say that nothing is due, and when something will be."""
    following = (
        f"the next one falls on {verdict.until:%Y-%m-%d %H:%M} UTC" if verdict.until else "no other is scheduled"
    )
    return Reason(
        code="quarter-done", subject=verdict.quarter, text=f"the rebuild of {verdict.quarter} is done; {following}"
    )
