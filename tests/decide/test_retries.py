"""What becomes of a task after its run."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import retries
from bot.model.policy import Trigger
from bot.model.runs import Failure
from bot.model.tasks import Dead, Done, Later, Task, TaskState, Urgency
from tests.builders import NOW


def a_task(attempts: int = 1) -> Task:
    return Task(
        repository="acme/web", trigger=Trigger.AUTO, why="security", urgency=Urgency.SOON, state=TaskState.RUNNING,
        due=NOW, asked_at=NOW, attempts=attempts,
    )  # fmt: skip


def away(retry_after: float | None = None) -> Failure:
    return Failure(kind="Unavailable", message="the registry does not answer", hint="", retry_after=retry_after)


@pytest.mark.parametrize("kind", ["LockFailed", "AccessDenied", "RepoError", "InternalError"])
def test_what_a_second_try_would_not_change_is_done_with_its_verdict(kind: str) -> None:
    assert retries.ending(a_task(), Failure(kind=kind, message="no", hint=""), NOW, 0.0) == Done()


def test_a_run_that_did_not_fail_is_done() -> None:
    assert retries.ending(a_task(), None, NOW, 0.0) == Done()


@pytest.mark.parametrize(
    ("attempts", "retry_after", "luck", "seconds"),
    [
        (1, None, 0.0, 30), (2, None, 0.0, 60), (3, None, 0.0, 120), (7, None, 0.0, 1920),
        (1, None, 1.0, 45), (1, 600.0, 0.0, 600), (1, 5.0, 0.0, 30), (1, 10.0**9, 0.0, 6 * 3600),
    ],
)  # fmt: skip
def test_an_outage_is_waited_out_by_doubling_and_as_long_as_the_other_side_asks(
    attempts: int, retry_after: float | None, luck: float, seconds: int
) -> None:
    later = retries.ending(a_task(attempts), away(retry_after), NOW, luck)
    assert later == Later(at=NOW + timedelta(seconds=seconds), note="the registry does not answer")


def test_after_eight_attempts_a_task_is_given_up_with_the_reason() -> None:
    assert retries.ending(a_task(8), away(), NOW, 0.0) == Dead(
        note="given up after 8 attempts: the registry does not answer"
    )


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 0), (2, 0), (3, 60), (7, 960)])
def test_a_task_whose_worker_is_gone_is_begun_again_with_longer_and_longer_waits(attempts: int, seconds: int) -> None:
    later = retries.abandoned(a_task(attempts), NOW)
    assert isinstance(later, Later)
    assert later.at == NOW + timedelta(seconds=seconds)


def test_a_task_that_takes_its_worker_down_again_and_again_is_given_up() -> None:
    assert isinstance(retries.abandoned(a_task(8), NOW), Dead)


@pytest.mark.parametrize(("failures", "hours"), [(0, None), (2, None), (3, 1), (4, 2), (5, 4), (8, 24), (10**6, 24)])
def test_a_repository_that_keeps_failing_rests_longer_and_longer_but_never_more_than_a_day(
    failures: int, hours: int | None
) -> None:
    assert retries.rests_until(failures, NOW) == (None if hours is None else NOW + timedelta(hours=hours))


@given(st.integers(1, 7), st.one_of(st.none(), st.floats(0, 10**12)), st.floats(0, 1))
def test_a_wait_is_never_shorter_than_was_asked_nor_endless(attempts: int, asked: float | None, luck: float) -> None:
    later = retries.ending(a_task(attempts), away(asked), NOW, luck)
    assert isinstance(later, Later)
    assert timedelta(seconds=30) <= later.at - NOW <= timedelta(hours=9)
    assert later.at - NOW >= timedelta(seconds=min(asked or 0.0, 6 * 3600)) - timedelta(milliseconds=1)
