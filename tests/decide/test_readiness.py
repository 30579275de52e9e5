"""Whether advisories are fresh enough to call oneself ready."""

from datetime import timedelta

from bot.decide import readiness
from bot.model.contents import FeedState
from tests.builders import NOW

MOST = timedelta(days=2)


def a_feed(age: timedelta | None, problem: str = "") -> FeedState:
    return FeedState(ecosystem="PyPI", source="file://x", as_of=NOW - age if age is not None else None, problem=problem)


def test_one_fresh_feed_is_enough() -> None:
    assert readiness.feeds([a_feed(timedelta(hours=1)), a_feed(timedelta(days=9))], MOST, NOW) == (
        True,
        "1 of 2 are fresh",
    )


def test_old_feeds_are_told_with_their_age_and_their_problem() -> None:
    ready, why = readiness.feeds([a_feed(timedelta(days=3), "404"), a_feed(timedelta(days=4)), a_feed(None)], MOST, NOW)
    assert not ready
    assert why == "PyPI: what is known is 3.0 days old: 404; PyPI: what is known is 4.0 days old; PyPI: not read yet"


def test_a_feed_that_was_never_read_says_why() -> None:
    assert readiness.feeds([a_feed(None, "no such file")], MOST, NOW) == (False, "PyPI: no such file")


def test_without_any_dump_the_index_is_asked() -> None:
    assert readiness.feeds([], MOST, NOW)[0]
