"""The oracle is APScheduler's own CronTrigger, and a plain reading of the clocks around their changes."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.formats import cron

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago")
QUARTER = (("month", "1,4,7,10"), ("day", "1st tue"), ("hour", "9"))
TICK = timedelta(microseconds=1)
WITHIN_SEARCH = timedelta(days=365 * (cron.SEARCHED_YEARS - 1))

Fields = tuple[tuple[str, str], ...]


def _items(name: str) -> st.SearchStrategy[str]:
    low, high = (2019, 2032) if name == "year" else cron.LIMITS[name]
    number = st.integers(low, high)
    pair = st.tuples(number, number).filter(lambda ends: ends[0] < ends[1])
    kinds = [
        st.just("*"),
        st.integers(1, high - low).map(lambda step: f"*/{step}"),
        number.map(str),
        pair.map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.builds(lambda ends, step: f"{ends[0]}-{ends[1]}/{min(step, ends[1] - ends[0])}", pair, st.integers(1, 5)),
        st.integers(low, high - 1).map(lambda first: f"{first}/1"),
    ]
    if name in cron.NAMES:
        words = cron.NAMES[name][0]
        kinds += [
            st.sampled_from(words),
            st.sampled_from([f"{a}-{b.upper()}" for a, b in zip(words, words[2:], strict=False)]),
        ]
    if name == "day":
        kinds.append(st.builds("{} {}".format, st.sampled_from(cron.POSITIONS), st.sampled_from(cron.WEEKDAYS)))
        kinds.append(st.just("last"))
    return st.one_of(kinds)


def _expression(name: str) -> st.SearchStrategy[str]:
    return st.lists(_items(name), min_size=1, max_size=3).map(", ".join)


@st.composite
def _fields(draw: st.DrawFn, names: tuple[str, ...] = cron.FIELDS) -> Fields:
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    return tuple((name, draw(_expression(name))) for name in chosen)


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants naive bounds


def _theirs(fields: Fields, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Give APScheduler's next moment after `now`, within the ten years that we search."""
    end = now + timedelta(days=366 * cron.SEARCHED_YEARS)
    trigger = CronTrigger(timezone=zone, end_date=end, **dict(fields))
    found: datetime | None = trigger.get_next_fire_time(None, (now + TICK).astimezone(zone))
    if found is None or found.year > now.astimezone(zone).year + cron.SEARCHED_YEARS - 1:
        return None
    return found.astimezone(UTC)


def _still(zone: ZoneInfo, start: datetime, end: datetime) -> bool:
    """Whether the clocks do not change between two moments, as far as hours show."""
    hours = math.ceil((end - start) / timedelta(hours=1)) + 1
    return hours < 9000 and len({(start + timedelta(hours=n)).astimezone(zone).utcoffset() for n in range(hours)}) == 1


@settings(deadline=None)
@given(fields=_fields(), now=MOMENTS)
@example(fields=QUARTER, now=datetime(2026, 10, 6, 9, tzinfo=UTC))
@example(fields=(("week", "53"),), now=datetime(2021, 2, 1, tzinfo=UTC))
@example(fields=(("month", "2"), ("day", "29")), now=datetime(2021, 2, 1, tzinfo=UTC))
def test_the_next_moment_is_apschedulers(fields: Fields, now: datetime) -> None:
    ours = cron.parse(fields).next(now, UTC)
    if ours is not None and ours.year > now.year + cron.SEARCHED_YEARS - 1:
        ours = None

    assert ours == _theirs(fields, now, ZoneInfo("UTC"))


@settings(deadline=None)
@given(
    fields=_fields(names=("month", "day", "day_of_week", "hour", "minute", "second")),
    now=MOMENTS,
    zone=st.sampled_from(ZONES),
)
def test_the_next_moment_is_apschedulers_in_every_timezone_while_the_clocks_stand(
    fields: Fields, now: datetime, zone: str
) -> None:
    ours = cron.parse(fields).next(now, ZoneInfo(zone))

    assume(ours is not None)
    assert ours is not None
    assume(_still(ZoneInfo(zone), now, ours))
    assert ours == _theirs(fields, now, ZoneInfo(zone))


@settings(deadline=None, max_examples=60)
@given(fields=_fields(), now=MOMENTS, zone=st.sampled_from(ZONES))
@example(fields=(("year", "*/11"),), now=datetime(2020, 1, 1, tzinfo=UTC), zone="UTC")
def test_last_and_next_are_one_sequence(fields: Fields, now: datetime, zone: str) -> None:
    read, where = cron.parse(fields), ZoneInfo(zone)
    before, after = read.last(now, where), read.next(now, where)

    if after is not None:
        assert after > now
        assert read.last(after, where) == after
    if before is not None:
        assert before <= now
        assert read.next(before - TICK, where) == before
    if before is not None and after is not None and after - before < WITHIN_SEARCH:
        assert read.last(after - TICK, where) == before
        assert read.next(before, where) == after


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"])
@pytest.mark.parametrize(
    "fields", [(("minute", "*/20"),), (("hour", "0"),), (("hour", "2"), ("minute", "15,45")), QUARTER]
)
def test_around_changes_of_the_clocks_moments_are_those_that_the_clocks_show(fields: Fields, zone: str) -> None:
    where, read, trigger = ZoneInfo(zone), cron.parse(fields), CronTrigger(timezone=zone, **dict(fields))
    for start in _changes(where, 2026):
        minutes = [start + timedelta(minutes=n) for n in range(-600, 600)]
        shown = {
            moment for moment in minutes
            if all(f.get_next_value(wall := moment.astimezone(where)) == f.get_value(wall) for f in trigger.fields)
        }  # fmt: skip
        ours = set(_sequence(read, minutes[0] - TICK, minutes[-1], where))
        extra = ours - shown

        assert shown <= ours
        assert len(extra) <= 1
        assert all(timedelta(0) <= moment - start < timedelta(hours=1) for moment in extra)


def _sequence(read: cron.Cron, now: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    while (found := read.next(now, zone)) is not None and found <= end:
        yield found
        now = found


def _changes(zone: ZoneInfo, year: int) -> list[datetime]:
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(48 * 364)]
    return [
        later for earlier, later in pairwise(hours)
        if earlier.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset()
    ]  # fmt: skip


def _berlin(*parts: int, fold: int = 0) -> datetime:
    year, month, day, hour, minute = parts
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN, fold=fold).astimezone(UTC)


def test_a_moment_that_the_clocks_skip_comes_once_as_apscheduler_has_it() -> None:
    fields, eve = (("hour", "2"), ("minute", "30,45")), _berlin(2026, 3, 28, 12, 0)

    first = cron.parse(fields).next(eve, BERLIN)

    assert first is not None
    assert first == _theirs(fields, eve, BERLIN) == _berlin(2026, 3, 29, 3, 30)
    assert cron.parse(fields).next(first, BERLIN) == _theirs(fields, first, BERLIN) == _berlin(2026, 3, 30, 2, 30)


def test_a_moment_that_the_clocks_show_twice_comes_twice_as_apscheduler_has_it() -> None:
    fields, eve = (("hour", "2"), ("minute", "30")), _berlin(2026, 10, 24, 12, 0)

    first = cron.parse(fields).next(eve, BERLIN)
    assert first is not None
    assert first == _theirs(fields, eve, BERLIN) == _berlin(2026, 10, 25, 2, 30)
    second = cron.parse(fields).next(first, BERLIN)
    assert second == _theirs(fields, first, BERLIN) == _berlin(2026, 10, 25, 2, 30, fold=1)


def test_no_moment_is_lost_after_a_change_of_the_clocks() -> None:
    first_of_month = cron.parse((("day", "1"), ("hour", "0")))

    assert first_of_month.next(_berlin(2026, 3, 15, 0, 0), BERLIN) == _berlin(2026, 4, 1, 0, 0)


def test_a_day_that_a_country_skipped_is_made_up_for() -> None:
    apia = ZoneInfo("Pacific/Apia")
    on_the_30th = cron.parse((("month", "12"), ("day", "30"), ("hour", "9")))

    found = on_the_30th.next(datetime(2011, 12, 1, tzinfo=UTC), apia)

    assert found == datetime(2011, 12, 31, 9, tzinfo=apia).astimezone(UTC)


def test_a_day_that_never_comes_is_not_possible() -> None:
    never, leap = cron.parse((("month", "2"), ("day", "30"))), cron.parse((("month", "2"), ("day", "29")))

    assert (never.possible(), leap.possible()) == (False, True)
    assert never.next(datetime(2026, 1, 1, tzinfo=UTC), BERLIN) is None
    assert never.last(datetime(2026, 1, 1, tzinfo=UTC), BERLIN) is None


@pytest.mark.parametrize(
    ("name", "expression", "complaint"),
    [
        ("months", "1", "no field is called 'months'; fields are year, month, day,"),
        ("month", "13", "'13' is no month: it goes from 1 to 12"),
        ("month", "0", "it goes from 1 to 12"),
        ("month", "nov-feb", "a range goes upwards"),
        ("month", "juno", "names are jan, feb"),
        ("month", "jan/2", "write 1 to 12, a-b, */n, a list of them or a name"),
        ("day", "5-1", "a range goes upwards"),
        ("day", "tue", "'tue' is no day: write 1 to 31, a-b, */n, a list of them, last or 1st mon"),
        ("day", "6th tue", "'6th tue' is no day"),
        ("day", "1st tuesday", "'1st tuesday' is no day: write 1st to 5th or last"),
        ("day", "lastly", "'lastly' is no day"),
        ("day_of_week", "mon-someday", "names are mon, tue"),
        ("hour", "*/0", "the step is from 1 to 23 here"),
        ("hour", "20-22/3", "the step is from 1 to 2 here"),
        ("hour", "x", "'x' is no hour: write 0 to 23, a-b, */n, a list of them"),
        ("minute", "", "'' is no minute"),
        ("second", "1,", "'' is no second"),
    ],
)
def test_a_wrong_field_is_refused_with_what_is_right(name: str, expression: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"is no|no field") as caught:
        cron.check(name, expression)
    assert complaint in str(caught.value)


def test_no_fields_are_no_schedule() -> None:
    with pytest.raises(ValueError, match="no field is given"):
        cron.parse(())


@settings(deadline=None)
@given(st.sampled_from(cron.FIELDS), st.text(alphabet="0123456789*/-, lastdmonueth", max_size=8))
def test_what_is_accepted_apscheduler_accepts_too(name: str, expression: str) -> None:
    try:
        cron.check(name, expression)
    except ValueError:
        return
    CronTrigger(timezone="UTC", **{name: expression})
