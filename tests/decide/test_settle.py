"""Which digest has stood long enough: our own looks tell, and a tag that moves often starves nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import settle
from bot.decide.settle import BEGINNING, Sighting
from tests.builders import NOW

HOUR = timedelta(hours=1)
SIX = timedelta(hours=6)


def history(*looks: tuple[str, float], created: datetime | None = NOW) -> tuple[Sighting, ...]:
    """Look at digests at hours after NOW."""
    found: tuple[Sighting, ...] = ()
    for digest, hour in looks:
        found = settle.seen(found, digest, NOW + hour * HOUR, created)
    return found


def test_at_the_first_look_an_image_stands_since_it_was_made() -> None:
    assert settle.settled(history(("a", 5), created=NOW), SIX) is None
    assert settle.settled(history(("a", 6), created=NOW), SIX) == "a"


@pytest.mark.parametrize("created", [None, NOW + HOUR])
def test_an_image_without_an_honest_date_stands_for_ever(created: datetime | None) -> None:
    assert history(("a", 0), created=created) == (Sighting(digest="a", since=BEGINNING, until=NOW),)
    assert settle.settled(history(("a", 0), created=created), SIX) == "a"


def test_a_digest_was_never_seen_before_so_it_has_to_stand_from_now_on() -> None:
    looks = [("a", 0.0), ("b", 10.0)]
    assert settle.settled(history(*looks, created=None), SIX) == "a"
    assert settle.ripe(history(*looks), SIX) == NOW + 16 * HOUR
    assert settle.settled(history(*looks, ("b", 13.0), ("b", 15.9), created=None), SIX) == "a"
    assert settle.settled(history(*looks, ("b", 13.0), ("b", 16.0)), SIX) == "b"


def test_without_a_look_nothing_settles_and_nothing_gets_ripe() -> None:
    assert settle.settled((), SIX) is None
    assert settle.ripe((), SIX) is None


def test_a_tag_that_moves_every_hour_starves_nobody() -> None:
    busy = [(f"d{hour}", float(hour)) for hour in range(40)]
    calm = [("stood", float(hour)) for hour in range(40, 48)]
    busy_again = [(f"e{hour}", float(hour)) for hour in range(48, 200)]
    found = history(*busy, *calm, *busy_again)
    assert settle.settled(found, SIX) == "stood"
    assert settle.forward(found, "d5", "stood")
    assert len(found) == settle.LONGEST_HISTORY
    assert [row.since for row in found] == sorted(row.since for row in found)


def test_a_digest_that_comes_back_counts_each_time_by_itself() -> None:
    away = history(("a", 0), ("a", 7), ("b", 8), ("a", 9))
    assert [row.digest for row in away] == ["a", "b", "a"]
    assert settle.settled(away, SIX) == "a"
    assert settle.settled(history(("b", 0), ("a", 1), ("b", 2), ("b", 7)), SIX) is None


def test_nobody_goes_back_behind_the_pin() -> None:
    found = history(("a", 0), ("a", 7), ("b", 8))
    assert settle.forward(found, "a", "b")
    assert not settle.forward(found, "b", "a")
    assert settle.forward(found, "unknown", "a")
    assert settle.forward(found, "a", "unknown")
    assert not settle.forward(history(("a", 0), ("b", 1), ("a", 2)), "a", "b")


def test_a_clock_that_is_set_back_shortens_nothing() -> None:
    assert settle.settled(history(("a", 0), ("a", 7), ("a", 1)), SIX) == "a"


@pytest.mark.parametrize("text", [None, "", "[[1]]", "null", "{}", '[["a", "x", "y"]]', '[["a", 1, 2]]', "[1]"])
def test_what_is_no_history_is_an_empty_one(text: str | None) -> None:
    assert settle.loads(text) == ()


@pytest.mark.parametrize(("time", "text"), [(SIX, "6 hours"), (HOUR, "1 hour"), (HOUR * 1.5, "1.5 hours")])
def test_a_time_is_told_in_hours(time: timedelta, text: str) -> None:
    assert settle.hours(time) == text


LOOKS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), min_size=1, max_size=30)
SETTLE = st.integers(0, 12).map(lambda hours: hours * HOUR)


def walked(looks: list[tuple[str, int]]) -> tuple[tuple[Sighting, ...], list[tuple[str, datetime]]]:
    """Look again after some hours each; give the history, and the looks with their times."""
    at = NOW
    found: tuple[Sighting, ...] = ()
    raw: list[tuple[str, datetime]] = []
    for digest, hours in looks:
        at += hours * HOUR
        found = settle.seen(found, digest, at, NOW)
        raw.append((digest, at))
    return found, raw


@given(LOOKS, SETTLE)
def test_the_settled_digest_always_stood_and_no_younger_one_did(looks: list[tuple[str, int]], wait: timedelta) -> None:
    found, raw = walked(looks)
    stands: list[tuple[str, datetime, datetime]] = []
    for digest, at in raw:
        if stands and stands[-1][0] == digest:
            stands[-1] = (digest, stands[-1][1], at)
        else:
            stands.append((digest, at if stands else NOW, at))
    long = [digest for digest, since, until in stands if until - since >= wait]
    assert settle.settled(found, wait) == (long[-1] if long else None)


@given(LOOKS)
def test_a_history_survives_the_store(looks: list[tuple[str, int]]) -> None:
    found, _ = walked(looks)
    assert settle.loads(settle.dumps(found)) == found
    assert all(one.since.tzinfo is UTC for one in found)


@given(LOOKS, SETTLE)
def test_what_once_settled_is_never_lost_to_a_tag_that_moves_on(looks: list[tuple[str, int]], wait: timedelta) -> None:
    found, raw = walked(looks)
    before = settle.settled(found, wait)
    after = settle.settled(settle.seen(found, "new", raw[-1][1] + HOUR, None), wait + timedelta(seconds=1))
    assert before is None or after is not None or settle.settled(found, wait + timedelta(seconds=1)) is None


def test_a_history_is_written_where_it_tells_something_new_and_not_at_every_look() -> None:
    first = history(("a", 0))
    assert settle.is_news((), first)
    assert not settle.is_news((), ())
    assert not settle.is_news(first, first)
    assert not settle.is_news(first, history(("a", 0), ("a", 0.1)))
    assert settle.is_news(first, history(("a", 0), ("a", 0.2)))
    assert settle.is_news(first, history(("a", 0), ("b", 0.1)))
    assert settle.is_news(history(("a", 0), created=None), first)
