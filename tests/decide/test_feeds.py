"""What is not known because advisories are missing or old."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import feeds
from bot.model.contents import FeedState
from tests.builders import NOW

TWO_DAYS = timedelta(days=2)


def a_feed(age: timedelta | None = timedelta(0), **fields: object) -> FeedState:
    values = {"ecosystem": "PyPI", "source": "https://feeds.example", "records": 17_000, **fields}
    return FeedState(as_of=None if age is None else NOW - age, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((), ["no advisories about Python packages are known: nobody can say whether the pins are safe"]),
        ((a_feed(),), []),
        ((a_feed(TWO_DAYS),), []),
        ((a_feed(timedelta(days=-1)),), []),
        ((a_feed(TWO_DAYS + timedelta(hours=1)),), ["the advisories of PyPI are 2 days old, more than 2 days, so newer flaws are not known"]),
        ((a_feed(timedelta(days=9), problem="no route"),), ["the advisories of PyPI are 9 days old, more than 2 days, so newer flaws are not known: no route"]),
        ((a_feed(None),), ["the advisories of PyPI are not known, so nobody can say whether pins are safe: nothing was ever read from there"]),
        ((a_feed(None, problem="no route"),), ["the advisories of PyPI are not known, so nobody can say whether pins are safe: no route"]),
        ((a_feed(problem="half of it is broken"), a_feed()), ["half of it is broken"]),
    ],
)  # fmt: skip
def test_every_source_that_is_missing_old_or_damaged_is_told(states: tuple[FeedState, ...], told: list[str]) -> None:
    assert [reason.text for reason in feeds.doubts(states, TWO_DAYS, NOW)] == told


@given(
    st.lists(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=999)) | st.none(), max_size=4),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)),
)
def test_no_doubt_means_that_something_is_known_and_all_of_it_young(
    ages: list[timedelta | None], most: timedelta
) -> None:
    states = tuple(a_feed(age) for age in ages)
    if not feeds.doubts(states, most, NOW):
        assert states
        assert all(age is not None and age <= most for age in ages)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(minutes=61), "1 hour"), (timedelta(hours=6), "6 hours"), (timedelta(hours=47), "47 hours"),
        (TWO_DAYS, "2 days"), (timedelta(days=12, hours=9), "12 days"),
    ],
)  # fmt: skip
def test_ages_read_as_people_say_them(age: timedelta, text: str) -> None:
    assert feeds.told(age) == text


@pytest.mark.parametrize(
    ("states", "text"),
    [
        ((), ""),
        ((a_feed(None),), ""),
        ((a_feed(),), "checked against 17,000 advisories as of 2026-11-24 12:00 UTC"),
        ((a_feed(), a_feed(timedelta(hours=1), records=3)), "checked against 17,003 advisories as of 2026-11-24 11:00 UTC"),
        ((a_feed(records=None),), "checked against what PyPI itself says of each release as of 2026-11-24 12:00 UTC"),
    ],
)  # fmt: skip
def test_the_proof_counts_the_advisories_and_names_the_oldest_age(states: tuple[FeedState, ...], text: str) -> None:
    assert feeds.checked(states) == text


def test_ages_are_compared_as_aware_moments() -> None:
    elsewhere = datetime.fromisoformat("2026-11-24T23:00:00+11:00")  # the same moment as NOW
    assert feeds.doubts((FeedState(ecosystem="PyPI", source="x", as_of=elsewhere),), timedelta(0), NOW) == ()
