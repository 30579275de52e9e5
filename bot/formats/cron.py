"""Cron fields as APScheduler 3 names and reads them, and when they come round.

The grammar is that of `apscheduler.triggers.cron` (3.11): `*`, `*/n`, `a`, `a-b`, `a/n`, `a-b/n`, lists with
commas, names of months and weekdays and ranges of them, and for the day also `last`, `1st tue` to `5th tue`
and `last sun`. Weekday 0 is Monday, weeks are ISO weeks. Fields finer than the finest one given take their
least value, all others are `*`. What APScheduler lets pass unread (`mon/2`, `last week`) is refused here.

Summer time: a moment that the clocks skip comes once, later by what they skip; one that they show twice
comes twice. Asking from any moment gives the same moments; APScheduler 3.11 loses some after a change of
the clocks (day 1, hour 0 in Berlin has no 1st of April), so this is not a wrapper around it.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import islice

FIELDS = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
POSITIONS = ("1st", "2nd", "3rd", "4th", "5th", "last")
LIMITS = {
    "year": (1970, 9999), "month": (1, 12), "day": (1, 31), "week": (1, 53), "day_of_week": (0, 6),
    "hour": (0, 23), "minute": (0, 59), "second": (0, 59),
}  # fmt: skip
NAMES = {"month": (MONTHS, 1), "day_of_week": (WEEKDAYS, 0)}
LEAST = {"month": "1", "day": "1", "hour": "0", "minute": "0", "second": "0"}

NUMBERS = re.compile(r"(?:\*|(?P<first>[0-9]{1,6})(?:-(?P<last>[0-9]{1,6}))?)(?:/(?P<step>[0-9]{1,6}))?")
NAMED = re.compile(r"(?P<first>[a-z]+)(?:-(?P<last>[a-z]+))?")
POSITION = re.compile(rf"(?P<position>{'|'.join(POSITIONS)}) +(?P<weekday>[a-z]+)")

SEARCHED_YEARS = 10
SLACK = 2  # days: no change of the clocks ever moved a moment further (Samoa skipped one whole day)
SCHEDULES_KEPT = 64
CYCLE = (2000, 2027)  # in 28 years every date falls on every weekday, and every ISO week occurs


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """Parsed fields; `positions` are (which from 0, weekday from 0), which 5 being the last."""

    years: frozenset[int]
    months: frozenset[int]
    days: frozenset[int]
    positions: frozenset[tuple[int, int]]
    last_day: bool
    weeks: frozenset[int]
    weekdays: frozenset[int]
    hours: frozenset[int]
    minutes: frozenset[int]
    seconds: frozenset[int]

    def next(self, now: datetime, timezone: tzinfo) -> datetime | None:
        """Give the first moment after `now` (aware), in UTC; None where there is none within ten years."""
        start = _shifted(now.astimezone(timezone).date(), -SLACK)
        for day in self._from(start, forward=True):
            near = [self._after(_shifted(day, more), timezone, now) for more in range(SLACK + 1)]
            if found := [moment for moment in near if moment is not None]:
                return min(found)
        return None

    def last(self, now: datetime, timezone: tzinfo) -> datetime | None:
        """Give the last moment not after `now` (aware), in UTC; None where there is none within ten years."""
        start = _shifted(now.astimezone(timezone).date(), SLACK)
        for day in self._from(start, forward=False):
            near = [self._until(_shifted(day, -less), timezone, now) for less in range(SLACK + 1)]
            if found := [moment for moment in near if moment is not None]:
                return max(found)
        return None

    def possible(self) -> bool:
        """Whether such a day exists in any year at all: the 30th of February does not."""
        first, last = CYCLE
        return any(self._days(year, month) for year in range(first, last + 1) for month in self.months)

    def _from(self, start: date, *, forward: bool) -> Iterator[date]:
        """Yield the days that match, from `start` on, nearest first."""
        way = 1 if forward else -1
        for year in range(start.year, start.year + way * (SEARCHED_YEARS + 1), way):
            if year not in self.years:
                continue
            for month in sorted(self.months, reverse=not forward):
                for day in self._days(year, month)[::way]:
                    if (day >= start) if forward else (day <= start):
                        yield day

    def _days(self, year: int, month: int) -> list[date]:
        return [
            day for number in range(1, monthrange(year, month)[1] + 1) if self._on(day := date(year, month, number))
        ]

    def _on(self, day: date) -> bool:
        """Whether the day matches, its year aside."""
        return (
            day.month in self.months
            and day.weekday() in self.weekdays
            and day.isocalendar().week in self.weeks
            and (day.day in self.days or self._special(day))
        )

    def _special(self, day: date) -> bool:
        final = monthrange(day.year, day.month)[1]
        if self.last_day and day.day == final:
            return True
        which, weekday = (day.day - 1) // 7, day.weekday()
        return (which, weekday) in self.positions or (day.day + 7 > final and (5, weekday) in self.positions)

    def _after(self, day: date, timezone: tzinfo, now: datetime) -> datetime | None:
        minutes = [minute for minute in self._minutes(day, timezone) if minute > now - timedelta(minutes=1)]
        moments = (minute + timedelta(seconds=second) for minute in minutes for second in sorted(self.seconds))
        return next((moment for moment in moments if moment > now), None)

    def _until(self, day: date, timezone: tzinfo, now: datetime) -> datetime | None:
        minutes = [minute for minute in self._minutes(day, timezone) if minute <= now]
        seconds = sorted(self.seconds, reverse=True)
        moments = (minute + timedelta(seconds=second) for minute in reversed(minutes) for second in seconds)
        return next((moment for moment in moments if moment <= now), None)

    def _minutes(self, day: date, timezone: tzinfo) -> list[datetime]:
        """Give the minutes of a day, as the clocks of `timezone` show it, in UTC and in their order."""
        if day.year not in self.years or not self._on(day):
            return []
        midnight, later = datetime.combine(day, time()), datetime.combine(_shifted(day, 1), time())
        start = _instant(midnight, timezone, 0)
        if _instant(later, timezone, 0) - start == timedelta(days=1):
            return [start + timedelta(hours=h, minutes=m) for h in sorted(self.hours) for m in sorted(self.minutes)]
        return self._minutes_by_the_clock(day, timezone)

    def _minutes_by_the_clock(self, day: date, timezone: tzinfo) -> list[datetime]:
        """Give the minutes of a day on which the clocks change."""
        shown: set[datetime] = set()
        skipped: set[datetime] = set()
        for hour in self.hours:
            for minute in self.minutes:
                wall = datetime.combine(day, time(hour, minute))
                first, second = (_instant(wall, timezone, fold) for fold in (0, 1))
                if _reads(first, timezone) == wall:
                    shown |= {first, second}
                else:
                    skipped.add(first)
        return sorted(shown | set(islice(sorted(skipped), 1)))


def _instant(wall: datetime, timezone: tzinfo, fold: int) -> datetime:
    return wall.replace(tzinfo=timezone, fold=fold).astimezone(UTC)


def _reads(instant: datetime, timezone: tzinfo) -> datetime:
    """Give what the clocks show at an instant."""
    return instant.astimezone(timezone).replace(tzinfo=None)


def _shifted(day: date, days: int) -> date:
    """Move a day, and stop three days before the calendar ends: no clock's offset leads out of it then."""
    lowest, highest = date.min.toordinal() + 3, date.max.toordinal() - 3
    return date.fromordinal(min(max(day.toordinal() + days, lowest), highest))


@lru_cache(SCHEDULES_KEPT)
def parse(fields: tuple[tuple[str, str], ...]) -> Cron:
    """Read fields as (name, expression); ValueError says which field is wrong, and why.

    What was read is kept: a fleet asks for the same few schedules again and again.
    """
    texts = _completed(dict(fields))
    days = [item for item in _items(texts["day"]) if not _is_special(item)]
    specials = [item for item in _items(texts["day"]) if _is_special(item)]
    return Cron(
        years=_values("year", _items(texts["year"])),
        months=_values("month", _items(texts["month"])),
        days=_values("day", days),
        positions=frozenset(_position(item) for item in specials if item != "last"),
        last_day="last" in specials,
        weeks=_values("week", _items(texts["week"])),
        weekdays=_values("day_of_week", _items(texts["day_of_week"])),
        hours=_values("hour", _items(texts["hour"])),
        minutes=_values("minute", _items(texts["minute"])),
        seconds=_values("second", _items(texts["second"])),
    )


def check(name: str, expression: str) -> None:
    """Read one field by itself; ValueError says what is wrong with it."""
    parse(((name, expression),))


def _completed(given: dict[str, str]) -> dict[str, str]:
    """Give every field a text: least values below the finest one given, `*` elsewhere."""
    unknown = [name for name in given if name not in FIELDS]
    if unknown or not given:
        what = f"no field is called {unknown[0]!r}" if unknown else "no field is given"
        raise ValueError(f"{what}; fields are {', '.join(FIELDS)}")
    finest = max(FIELDS.index(name) for name in given)
    return {name: given.get(name, LEAST.get(name, "*") if place > finest else "*") for place, name in enumerate(FIELDS)}


def _items(expression: str) -> list[str]:
    return [item.strip(" ") for item in expression.strip().lower().split(",")]


def _is_special(item: str) -> bool:
    return item.startswith(POSITIONS)


def _values(name: str, items: list[str]) -> frozenset[int]:
    values: set[int] = set()
    for item in items:
        try:
            values.update(_range(name, item))
        except ValueError as error:
            raise ValueError(f"{item!r} is no {name.replace('_', ' ')}: {error}") from None
    return frozenset(values)


def _range(name: str, item: str) -> range:
    """Read one item of a field's list as the values that it stands for."""
    low, high = LIMITS[name]
    if match := NUMBERS.fullmatch(item):
        first = low if match["first"] is None else int(match["first"])
        alone = match["first"] is not None and match["step"] is None
        last = int(match["last"]) if match["last"] else first if alone else high
        return _checked(first, last, low, high, None if match["step"] is None else int(match["step"]))
    match = NAMED.fullmatch(item)
    if match and name in NAMES:
        first, last = (_named(name, word) for word in (match["first"], match["last"] or match["first"]))
        return _checked(first, last, low, high, None)
    special = ", last or 1st mon" if name == "day" else " or a name" if name in NAMES else ""
    raise ValueError(f"write {low} to {high}, a-b, */n, a list of them{special}")


def _checked(first: int, last: int, low: int, high: int, step: int | None) -> range:
    if not (low <= first <= high and low <= last <= high):
        raise ValueError(f"it goes from {low} to {high}")
    if first > last:
        raise ValueError("a range goes upwards; write two ranges with a comma to go round the end")
    if step is not None and not 1 <= step <= last - first:
        raise ValueError(f"the step is from 1 to {last - first} here")
    return range(first, last + 1, step or 1)


def _named(field: str, word: str) -> int:
    names, offset = NAMES[field]
    if word not in names:
        raise ValueError(f"names are {', '.join(names)}")
    return names.index(word) + offset


def _position(item: str) -> tuple[int, int]:
    match = POSITION.fullmatch(item)
    if match is None or match["weekday"] not in WEEKDAYS:
        raise ValueError(f"{item!r} is no day: write 1st to 5th or last, and one of {', '.join(WEEKDAYS)}")
    return POSITIONS.index(match["position"]), WEEKDAYS.index(match["weekday"])
