"""Which errands a tick brings."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import calendar, rounds
from bot.decide.census import Standing
from bot.decide.rounds import Known
from bot.model.policy import Schedule, Trigger
from bot.model.repository import Repository
from bot.model.runs import Outcome
from bot.model.tasks import Urgency
from tests.builders import NOW

WEB, API = Repository(name="acme/web", url=""), Repository(name="acme/api", url="")
SCHEDULE = Schedule()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_standing(next_due: datetime | None = None, **fields: object) -> Standing:
    values = {"name": "acme/web", "outcome": Outcome.NOTHING, "finished_at": NOW} | fields
    return Standing(next_due=next_due, **values)  # type: ignore[arg-type]


def known(
    standings: dict[str, Standing] | None = None,
    failures: dict[str, int] | None = None,
    quarters: dict[str, frozenset[str]] | None = None,
) -> Known:
    return Known(standings=standings or {}, failures=failures or {}, quarters=quarters or {})


def test_a_sweep_looks_at_every_repository_now() -> None:
    errands = rounds.sweep([WEB, API], known(), "security", NOW)
    assert [(one.repository, one.trigger, one.due, one.urgency) for one in errands] == [
        ("acme/web", Trigger.AUTO, NOW, Urgency.SOON), ("acme/api", Trigger.AUTO, NOW, Urgency.SOON),
    ]  # fmt: skip


def test_a_sweep_lets_a_repository_rest_that_keeps_failing() -> None:
    failed = a_standing(outcome=Outcome.FAILED, finished_at=NOW - timedelta(minutes=10))
    (errand,) = rounds.sweep([WEB], known({"acme/web": failed}, {"acme/web": 4}), "security", NOW)
    assert errand.due == NOW + timedelta(minutes=110)
    assert errand.why == "security, after a rest: it failed 4 times in a row"


def test_a_clock_that_was_once_ahead_lets_nobody_rest_for_a_year() -> None:
    failed = a_standing(outcome=Outcome.FAILED, finished_at=NOW + timedelta(days=365))
    (errand,) = rounds.sweep([WEB], known({"acme/web": failed}, {"acme/web": 3}), "security", NOW)
    assert errand.due == NOW + timedelta(hours=1)


def test_a_repository_that_rested_long_enough_is_looked_at_now() -> None:
    failed = a_standing(outcome=Outcome.FAILED, finished_at=NOW - timedelta(days=2))
    (errand,) = rounds.sweep([WEB], known({"acme/web": failed}, {"acme/web": 9}), "security", NOW)
    assert errand.due == NOW


def test_first_looks_go_to_what_was_never_looked_at() -> None:
    errands = rounds.first_looks([WEB, API], known({"acme/web": a_standing()}), NOW)
    assert [one.repository for one in errands] == ["acme/api"]


@pytest.mark.parametrize(
    ("next_due", "quarters", "now", "due"),
    [
        (None, {"2026q3"}, "2026-10-06T09:00", "2026-10-06T09:00"),       # the date has come
        (None, {"2026q3"}, "2026-11-20T00:00", "2026-11-20T00:00"),       # down on quarter day: caught up at the start
        (None, {"2026q3"}, "2026-10-06T08:59", None),                     # not yet
        (None, {"2026q4"}, "2026-11-20T00:00", None),                     # done
        (None, set(), "2026-11-20T00:00", "2026-11-20T00:00"),            # never done
        ("2026-10-06T09:00", set(), "2026-10-06T09:00", "2026-10-06T09:00"),  # the run saw a merged proposal
        ("2027-01-05T09:00", set(), "2026-11-20T00:00", None),
        ("2026-10-06T09:00", {"2026q4"}, "2027-01-05T09:00", "2027-01-05T09:00"),
        ("2025-12-31T23:59", {"2025q4"}, "2026-01-06T09:00", "2026-01-06T09:00"),  # over the end of a year
    ],
)  # fmt: skip
def test_a_quarter_is_queued_when_it_is_due(
    next_due: str | None, quarters: set[str], now: str, due: str | None
) -> None:
    looked_at = at("2026-10-05T00:00") if now < "2026-11" else at("2026-09-30T00:00")
    standing = a_standing(at(next_due) if next_due else None, finished_at=looked_at, outcome=Outcome.DEFERRED)
    found = rounds.quarterly(
        [WEB], known({"acme/web": standing}, quarters={"acme/web": frozenset(quarters)}), SCHEDULE, at(now)
    )
    assert [(one.due, one.urgency, one.why) for one in found] == (
        [(at(due), Urgency.LATER, "quarterly")] if due else []
    )


def test_what_was_looked_at_since_it_was_due_is_not_asked_again() -> None:
    standing = a_standing(None, finished_at=NOW)
    assert rounds.quarterly([WEB], known({"acme/web": standing}), SCHEDULE, NOW) == ()
    since = known({"acme/web": standing}, quarters={"acme/web": frozenset({"2026q3"})})
    assert rounds.quarterly([WEB], since, SCHEDULE, NOW) == ()
    opened = known({"acme/web": a_standing(None, finished_at=NOW, outcome=Outcome.OPENED)})
    assert rounds.quarterly([WEB], opened, SCHEDULE, NOW) == ()
    rehearsed = known({"acme/web": a_standing(None, finished_at=NOW, outcome=Outcome.PLANNED)})
    assert len(rounds.quarterly([WEB], rehearsed, SCHEDULE, NOW)) == 1
    before = a_standing(None, finished_at=at("2026-10-01T00:00"))
    due = known({"acme/web": before}, quarters={"acme/web": frozenset({"2026q3"})})
    assert len(rounds.quarterly([WEB], due, SCHEDULE, NOW)) == 1


def test_the_first_look_of_a_repository_is_no_matter_of_the_calendar() -> None:
    assert rounds.quarterly([WEB], known(), SCHEDULE, NOW) == ()


def test_at_the_date_all_are_queued_each_at_its_own_place_in_the_spread() -> None:
    spread = Schedule(spread=timedelta(days=3))
    fleet = [Repository(name=f"acme/web{number}", url="") for number in range(50)]
    date = at("2026-10-06T09:00")
    standings = {one.key: a_standing(date + calendar.place(spread.spread, one.name)) for one in fleet}
    found = rounds.quarterly(fleet, known(standings), spread, date)
    assert [one.due for one in found] == [standings[one.key].next_due for one in fleet]
    from_store = rounds.quarterly(
        fleet,
        known({one.key: a_standing() for one in fleet}, quarters={one.key: frozenset({"2026q3"}) for one in fleet}),
        spread,
        date,
    )
    assert [one.due for one in from_store] == [one.due for one in found]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, NOW),
        (NOW - timedelta(hours=7), NOW),
        (NOW - timedelta(hours=2), NOW + timedelta(hours=4)),
        (NOW + timedelta(days=400), NOW + timedelta(hours=6)),  # noted by a clock that was wrong
    ],
)
def test_a_tick_comes_again_after_its_interval_also_over_a_restart(last: datetime | None, expected: datetime) -> None:
    assert rounds.next_tick(timedelta(hours=6), last, NOW) == expected


@given(
    st.timedeltas(timedelta(seconds=1), timedelta(days=30)), st.timedeltas(timedelta(days=-999), timedelta(days=999))
)
def test_a_tick_is_never_in_the_past_nor_further_off_than_its_interval(every: timedelta, gap: timedelta) -> None:
    assert NOW <= rounds.next_tick(every, NOW + gap, NOW) <= NOW + every
