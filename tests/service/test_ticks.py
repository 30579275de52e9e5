"""The clockwork: dates, jitter, and that ticks come."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.service.ticks import At, CronTick, Every, Ticks
from bot.system.clock import system_clock

QUARTERLY = (("month", "1,4,7,10"), ("day", "1st tue"), ("hour", "9"))
SOON = 30.0


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "timezone", "now", "expected"),
    [
        (QUARTERLY, "Europe/Berlin", "2026-10-01T00:00", "2026-10-06T07:00"),  # summer time
        (QUARTERLY, "Europe/Berlin", "2026-11-01T00:00", "2027-01-05T08:00"),  # winter time, the next year
        (QUARTERLY, "UTC", "2026-10-06T09:00", "2027-01-05T09:00"),            # not twice
        ((("month", "4"), ("day", "1"), ("hour", "0")), "Europe/Berlin", "2026-01-01T00:00", "2026-03-31T22:00"),
    ],
)  # fmt: skip
def test_a_quarterly_tick_falls_on_the_dates_of_the_calendar(
    fields: tuple[tuple[str, str], ...], timezone: str, now: str, expected: str
) -> None:
    tick = CronTick(At(fields=fields, timezone=timezone))
    assert tick.get_next_fire_time(None, at(now).astimezone(ZoneInfo(timezone))) == at(expected)


def test_after_a_tick_comes_the_next_date_however_late_it_was() -> None:
    tick = CronTick(At(fields=QUARTERLY, timezone="UTC"))
    assert tick.get_next_fire_time(at("2026-10-06T09:00"), at("2026-10-06T09:00")) == at("2027-01-05T09:00")
    assert tick.get_next_fire_time(at("2026-01-06T09:00"), at("2026-10-07T00:00")) == at("2027-01-05T09:00")


def test_a_schedule_without_a_further_date_has_no_tick() -> None:
    once = At(fields=(("year", "2020"), ("month", "1"), ("day", "1")), timezone="UTC")
    assert CronTick(once).get_next_fire_time(None, at("2026-01-01T00:00")) is None


def test_what_is_due_comes_at_once_and_the_rest_waits() -> None:
    came = threading.Event()
    ticks, now = Ticks("UTC"), system_clock()
    hour = timedelta(hours=1)
    ticks.set({
        "due": (Every(interval=hour, first=now), came.set),
        "later": (Every(interval=hour, first=now + hour), pytest.fail),
        "quarterly": (At(fields=QUARTERLY, timezone="UTC"), pytest.fail),
    })  # fmt: skip
    ticks.start()
    try:
        assert came.wait(SOON)
        assert ticks.running
        following = ticks.next()
        assert sorted(following) == ["due", "later", "quarterly"]
        assert now + hour * 0.9 < following["due"] < now + hour * 1.1 + timedelta(seconds=SOON)
    finally:
        ticks.stop()


def test_ticks_run_from_start_to_stop() -> None:
    ticks = Ticks("UTC")
    states = [ticks.running]
    ticks.start()
    states.append(ticks.running)
    ticks.stop()
    ticks.stop()
    states.append(ticks.running)
    assert states == [False, True, False]


def test_another_schedule_takes_the_place_of_the_one_before() -> None:
    ticks, now, hour = Ticks("UTC"), system_clock(), timedelta(hours=1)
    ticks.start()
    try:
        ticks.set(
            {
                "a": (Every(interval=hour, first=now + hour), pytest.fail),
                "b": (Every(interval=hour, first=now + hour), pytest.fail),
            }
        )
        ticks.set({"a": (Every(interval=hour, first=now + 2 * hour), pytest.fail)})
        assert ticks.next() == {"a": now + 2 * hour}
    finally:
        ticks.stop()


def test_a_tick_that_fails_is_told_and_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    calls, again = [0], threading.Event()

    def tick() -> None:
        calls[0] += 1
        if calls[0] > 1:
            again.set()
        raise ZeroDivisionError("a defect")

    ticks = Ticks("UTC")
    ticks.set({"broken": (Every(interval=timedelta(seconds=1), first=system_clock()), tick)})
    ticks.start()
    try:
        assert again.wait(SOON)
    finally:
        ticks.stop()
    assert "broken" in caplog.text
    assert "a defect" in caplog.text
