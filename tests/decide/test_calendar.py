"""The quarter: hit once, remembered, caught up."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import calendar
from bot.decide.calendar import Due, NotDue
from bot.model.policy import Freeze, Schedule
from tests.builders import NOW

SCHEDULE = Schedule()
BERLIN = Schedule(timezone="Europe/Berlin")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_repository_that_was_never_rebuilt_is_due_at_its_first_look() -> None:
    assert calendar.due(SCHEDULE, frozenset(), NOW) == Due(quarter="2026q4", since=None)


@pytest.mark.parametrize(
    ("done", "now", "expected"),
    [
        ({"2026q4"}, "2026-11-24T12:00", NotDue(quarter="2026q4", until=_at("2027-01-05T09:00"))),
        ({"2026q3"}, "2026-11-24T12:00", Due(quarter="2026q4", since=_at("2026-10-06T09:00"))),
        ({"2026q3"}, "2026-10-06T08:59", NotDue(quarter="2026q3", until=_at("2026-10-06T09:00"))),
        ({"2026q3"}, "2026-10-06T09:00", Due(quarter="2026q4", since=_at("2026-10-06T09:00"))),
        ({"2025q1"}, "2026-12-31T23:59", Due(quarter="2026q4", since=_at("2026-10-06T09:00"))),
        ({"2026q4"}, "2027-01-05T09:00", Due(quarter="2027q1", since=_at("2027-01-05T09:00"))),
        # asked for by hand on 2 October, before the date of the quarter had come: the date brings no second one
        ({"2026q4"}, "2026-10-06T10:00", NotDue(quarter="2026q4", until=_at("2027-01-05T09:00"))),
        ({"2026q4"}, "2026-10-02T10:00", NotDue(quarter="2026q4", until=_at("2026-10-06T09:00"))),
    ],
)
def test_due_is_a_table_of_done_quarters_and_the_time(done: set[str], now: str, expected: object) -> None:
    assert calendar.due(SCHEDULE, done, _at(now)) == expected


def test_the_date_is_read_in_the_schedules_timezone() -> None:
    assert calendar.due(BERLIN, {"2026q3"}, _at("2026-10-06T07:00")) == Due(
        quarter="2026q4", since=_at("2026-10-06T07:00")
    )
    assert calendar.quarter_of(_at("2026-09-30T22:30"), ZoneInfo("Europe/Berlin")) == "2026q4"
    assert calendar.quarter_of(_at("2026-09-30T22:30"), ZoneInfo("UTC")) == "2026q3"


def test_a_schedule_without_a_further_date_says_so() -> None:
    once = Schedule(quarterly=(("year", "2026"), ("month", "10"), ("day", "1")))
    verdict = calendar.due(once, {"2026q4"}, NOW)
    assert verdict == NotDue(quarter="2026q4", until=None)
    assert calendar.not_due_reason(verdict).text == "the rebuild of 2026q4 is done; no other is scheduled"
    future = Schedule(quarterly=(("year", "2030"), ("month", "10"), ("day", "1")))
    assert isinstance(calendar.due(future, {"2026q4"}, NOW), NotDue)


@given(st.lists(st.integers(min_value=0, max_value=60 * 24 * 3), min_size=5, max_size=60))
def test_each_quarter_is_hit_exactly_once_however_often_one_asks(gaps: list[int]) -> None:
    done: set[str] = {"2025q4"}
    now = _at("2026-01-01T00:00")
    hits = []
    for gap in gaps:
        now += timedelta(minutes=gap * 10)
        verdict = calendar.due(SCHEDULE, done, now)
        if isinstance(verdict, Due):
            hits.append(verdict.quarter)
            done.add(verdict.quarter)
    assert hits == sorted(set(hits))


SPREAD = Schedule(spread=timedelta(days=3))


@given(st.text(min_size=1), st.integers(0, 10**7))
def test_each_repository_has_its_own_place_in_the_spread_and_keeps_it(name: str, seconds: int) -> None:
    spread = timedelta(seconds=seconds)
    place = calendar.place(spread, name)
    assert place == calendar.place(spread, name)
    assert timedelta(0) <= place < max(spread, timedelta(seconds=1))


def test_a_thousand_repositories_are_spread_evenly() -> None:
    places = [calendar.place(timedelta(days=3), f"acme/web{number}") for number in range(1000)]
    by_half_day = [sum(1 for one in places if one // timedelta(hours=12) == slot) for slot in range(6)]
    assert all(120 < count < 220 for count in by_half_day)


def test_a_spread_date_comes_later_by_the_repositorys_place_and_keeps_its_quarter() -> None:
    place = calendar.place(SPREAD.spread, "acme/web")
    date = _at("2026-10-06T09:00") + place
    assert place > timedelta(0)
    assert calendar.due(SPREAD, {"2026q3"}, date - timedelta(seconds=1), "acme/web") == NotDue(
        quarter="2026q3", until=date
    )
    assert calendar.due(SPREAD, {"2026q3"}, date, "acme/web") == Due(quarter="2026q4", since=date)
    assert calendar.due(SPREAD, {"2026q4"}, date, "acme/web") == NotDue(
        quarter="2026q4", until=_at("2027-01-05T09:00") + place
    )


@pytest.mark.parametrize(
    ("start", "end", "now", "until"),
    [
        ((12, 15), (1, 5), "2026-12-20T00:00", "2027-01-06T00:00"),
        ((12, 15), (1, 5), "2027-01-05T23:59", "2027-01-06T00:00"),
        ((12, 15), (1, 5), "2027-01-06T00:00", None),
        ((12, 15), (1, 5), "2026-12-14T23:59", None),
        ((7, 1), (7, 31), "2026-07-01T00:00", "2026-08-01T00:00"),
        ((7, 1), (7, 31), "2026-06-30T00:00", None),
        ((2, 1), (2, 29), "2026-02-10T00:00", "2026-03-01T00:00"),
        ((2, 1), (2, 29), "2028-02-10T00:00", "2028-03-01T00:00"),
        ((2, 1), (2, 29), "2100-02-10T00:00", "2100-03-01T00:00"),
        ((2, 1), (2, 29), "2000-02-10T00:00", "2000-03-01T00:00"),
    ],
)
def test_a_freeze_has_a_first_day_a_last_day_and_an_end(
    start: tuple[int, int], end: tuple[int, int], now: str, until: str | None
) -> None:
    freeze = Freeze(start=start, end=end, reason="holidays")
    found = calendar.frozen((freeze,), _at(now), "UTC")
    assert found == (None if until is None else (freeze, _at(until)))
