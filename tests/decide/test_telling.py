"""Which messages are due: a table of single steps, and weeks of simulated life."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import telling
from bot.model.notices import Batch, Known, Limits, Message, Notice, NoticeKind, Told
from tests.builders import NOW

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
TEN = Limits(per_hour=10)


def a_notice(
    key: str = "a", kind: NoticeKind = NoticeKind.FAILING, *, over: bool = False, again: timedelta | None = None
) -> Notice:
    return Notice(kind=kind, key=key, title=f"title of {key}", text="text", over=over, again=again)


def knowing(age: timedelta, *, holds: bool = True, seen: timedelta | None = None) -> Told:
    seen_at = NOW - (age if seen is None else seen)
    return Told(known=(Known(key="a", at=NOW - age, seen=seen_at, holds=holds),))


def titles(batch: Batch) -> list[str]:
    return [message.title for message in batch.send]


@pytest.mark.parametrize(
    ("notice", "told", "is_due"),
    [
        (a_notice(), Told(), True),
        (a_notice(), knowing(DAY), False),
        (a_notice(), knowing(DAY, holds=False), True),
        (a_notice(over=True), Told(), False),
        (a_notice(over=True), knowing(DAY), True),
        (a_notice(over=True), knowing(DAY, holds=False), False),
        (a_notice(again=DAY), knowing(DAY), True),
        (a_notice(again=DAY), knowing(DAY - MINUTE), False),
        (a_notice(again=DAY), knowing(DAY - MINUTE, holds=False), False),
        (a_notice(again=DAY), knowing(-900 * DAY), False),
        (a_notice(), knowing(400 * DAY, seen=179 * DAY), False),
        (a_notice(), knowing(400 * DAY, seen=180 * DAY), False),  # it holds, so it was seen just now
    ],
)
def test_a_notice_is_due_or_it_is_not(notice: Notice, told: Told, is_due: bool) -> None:
    assert titles(telling.due((notice,), told, NOW, TEN)) == (["title of a"] if is_due else [])


def test_what_was_out_of_sight_for_half_a_year_is_forgotten() -> None:
    assert telling.due((), knowing(400 * DAY, seen=180 * DAY), NOW, TEN).told_after == Told()
    assert telling.due((), knowing(400 * DAY, seen=179 * DAY), NOW, TEN).told_after == knowing(
        400 * DAY, seen=179 * DAY
    )


def test_that_something_still_holds_is_noted_at_the_first_look_of_a_day() -> None:
    quiet = knowing(9 * DAY, seen=11 * HOUR)  # NOW is at noon
    assert telling.due((a_notice(),), quiet, NOW, TEN).told_after == quiet
    yesterday = knowing(9 * DAY, seen=13 * HOUR)
    assert telling.due((a_notice(),), yesterday, NOW, TEN).told_after == knowing(9 * DAY, seen=timedelta(0))


def test_that_something_is_over_leaves_the_time_at_which_it_was_told() -> None:
    batch = telling.due((a_notice(over=True, again=DAY),), knowing(2 * HOUR), NOW, TEN)
    assert batch.told_after == Told(known=knowing(2 * HOUR, holds=False).known, sent=(NOW,))


def test_the_most_urgent_goes_first_and_what_is_over_last() -> None:
    kinds = [(f"{kind}", kind) for kind in reversed(NoticeKind)]
    news = (a_notice("a", NoticeKind.STOPPED, over=True), *(a_notice(key, kind) for key, kind in kinds))
    assert [one.kind for one in telling.due(news, knowing(DAY), NOW, TEN).send] == [*NoticeKind, NoticeKind.STOPPED]


@pytest.mark.parametrize(
    ("count", "sent", "expected"),
    [
        (10, 0, [f"title of {n}" for n in range(10)]),
        (11, 0, [*(f"title of {n}" for n in range(9)), "and 2 more messages"]),
        (3, 8, ["title of 0", "and 2 more messages"]),
        (3, 9, ["3 messages at once"]),
        (1, 9, ["title of 0"]),
        (3, 10, []),
        (3, 12, []),
    ],
)
def test_what_exceeds_the_hour_is_summed_up_in_one(count: int, sent: int, expected: list[str]) -> None:
    news = [a_notice(f"{number:x}") for number in range(count)]
    told = Told(sent=(NOW - 59 * MINUTE,) * sent + (NOW - HOUR,) * 5)
    batch = telling.due(news, told, NOW, TEN)
    assert [title.replace("of a", "of 10") for title in titles(batch)] == expected
    assert len(batch.told_after.sent) == sent + len(expected)


def test_what_arrived_is_known_even_where_the_rest_did_not() -> None:
    batch = telling.due([a_notice("a"), a_notice("b")], Told(), NOW, TEN)
    half = telling.after(batch.told, batch.send[0], NOW)
    assert titles(telling.due([a_notice("a"), a_notice("b")], half, NOW + MINUTE, TEN)) == ["title of b"]
    assert telling.after(half, batch.send[1], NOW) == batch.told_after


class Life:
    """One target, told by `due` again and again, whose deliveries may fail."""

    def __init__(self, per_hour: int) -> None:
        self.limits = Limits(per_hour=per_hour)
        self.told = Told()
        self.arrived: list[tuple[datetime, Message]] = []

    def look(self, notices: Sequence[Notice], now: datetime, *, deliverable: int = 1000) -> None:
        batch = telling.due(notices, self.told, now, self.limits)
        self.told = batch.told
        for message in batch.send[:deliverable]:
            self.told = telling.after(self.told, message, now)
            self.arrived.append((now, message))

    def times(self, key: str, *, over: bool = False) -> list[datetime]:
        """Give when a key was told."""
        every = ((when, one) for when, message in self.arrived for one in message.tells)
        return [when for when, one in every if one.key == key and one.over == over]


KEYS = [f"key {number}" for number in range(12)]
AGAIN = {key: (None, DAY, 6 * HOUR)[place % 3] for place, key in enumerate(KEYS)}
STEPS = st.lists(
    st.tuples(st.integers(1, 600), st.sets(st.sampled_from(KEYS)), st.integers(0, 4)), min_size=1, max_size=60
)  # minutes since the last look, what holds, how many messages get through


def looked_at(holding: set[str]) -> list[Notice]:
    return [a_notice(key, over=key not in holding, again=AGAIN[key]) for key in KEYS]


@given(st.integers(1, 5), STEPS)
def test_never_more_than_the_limit_within_any_hour(per_hour: int, steps: list[tuple[int, set[str], int]]) -> None:
    life, now = Life(per_hour), NOW
    for minutes, holding, deliverable in steps:
        now += minutes * MINUTE
        life.look(looked_at(holding), now, deliverable=deliverable)
    for start, _ in life.arrived:
        assert sum(start <= when < start + HOUR for when, _ in life.arrived) <= per_hour


@given(st.integers(1, 5), STEPS)
def test_nothing_is_told_twice(per_hour: int, steps: list[tuple[int, set[str], int]]) -> None:
    life, now = Life(per_hour), NOW
    for minutes, holding, deliverable in steps:
        now += minutes * MINUTE
        life.look(looked_at(holding), now, deliverable=deliverable)
    for key in KEYS:
        begun, over = life.times(key), life.times(key, over=True)
        gaps = [later - earlier for earlier, later in pairwise(begun)]
        if (again := AGAIN[key]) is not None:
            assert all(gap >= again for gap in gaps)
        bounds = [*begun, NOW + 999 * DAY]
        ends = [sum(start <= when < end for when in over) for start, end in pairwise(bounds)]
        assert all(count <= 1 for count in ends)
        if AGAIN[key] is None:
            assert all(count == 1 for count in ends[:-1])  # another streak is told only after the end of the last was
        assert len(over) <= len(begun)


@given(st.integers(1, 5), STEPS, st.sets(st.sampled_from(KEYS), min_size=1))
def test_nothing_is_lost(per_hour: int, steps: list[tuple[int, set[str], int]], stays: set[str]) -> None:
    life, now = Life(per_hour), NOW
    for minutes, holding, deliverable in steps:
        now += minutes * MINUTE
        life.look(looked_at(holding), now, deliverable=deliverable)
    for _ in range(30):  # then it holds for more than a day, and messages get through
        now += HOUR
        life.look(looked_at(stays), now)
    told = {one.key: one.holds for one in life.told.known}
    assert {key for key in told if told[key]} == stays
    for key in stays:
        assert life.times(key)


@given(st.integers(1, 5), st.lists(st.tuples(st.integers(-500_000, 600), st.sets(st.sampled_from(KEYS))), max_size=40))
def test_a_clock_that_goes_backwards_makes_nothing_due(per_hour: int, steps: list[tuple[int, set[str]]]) -> None:
    life, now = Life(per_hour), NOW
    life.look(looked_at(set(KEYS)), now)
    for _ in range(20):
        now += HOUR
        life.look(looked_at(set(KEYS)), now)
    before = Counter(key for key in KEYS for _ in life.times(key))
    for minutes, _ in steps:
        now += min(minutes, 0) * MINUTE
        life.look(looked_at(set(KEYS)), now)
    assert Counter(key for key in KEYS for _ in life.times(key)) == before


@given(st.lists(st.integers(-500_000, 500_000), min_size=1, max_size=60))
def test_a_clock_that_jumps_to_and_fro_tells_once_a_jump_at_most_what_is_told_anew(jumps: list[int]) -> None:
    life, now = Life(1000), NOW
    for minutes in jumps:
        now += minutes * MINUTE
        life.look(looked_at(set(KEYS)), now)
    forward = sum(minutes > 0 for minutes in jumps)
    for key in KEYS:
        # what is told once stays told once, unless nobody looked for half a year
        most = 1 + forward if AGAIN[key] or max(jumps) * MINUTE >= telling.FORGOTTEN else 1
        assert len(life.times(key)) <= most


def test_after_an_outage_a_thousand_notices_are_an_hours_messages_and_no_more() -> None:
    life, now = Life(20), NOW
    for _ in range(3 * 60):
        life.look([a_notice(f"key {number}") for number in range(1000)], now)
        now += MINUTE
    assert len(life.arrived) == 20
    assert sum(len(message.tells) for _, message in life.arrived) == 1000
