"""What becomes of a task after its run: done, tried again later, or given up; and how long a failing repository rests.

Waits grow by doubling and are spread by chance (`luck`, from 0 to 1), so that a thousand repositories that met the
same outage do not come back in the same second.
"""

from datetime import datetime, timedelta

from bot.model.runs import Failure
from bot.model.tasks import Dead, Done, Ending, Later, Task

ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
LONGEST_ASKED = timedelta(hours=6)  # what another side may ask us to wait
WIDTH = 0.5  # a wait is made longer by chance, by up to this part of it

GONE = "whoever worked on it was gone before it was done"

PATIENCE = 2  # failures in a row that change nothing
FIRST_REST = timedelta(hours=1)
LONGEST_REST = timedelta(days=1)

RETRIED = frozenset({"Unavailable"})
MOST_DOUBLINGS = 20


def ending(task: Task, failure: Failure | None, now: datetime, luck: float) -> Ending:
    """Decide what becomes of a task whose run ended so; `failure` None: it did not fail.

    Only what may pass by itself is tried again. Everything else has its verdict, and is looked at when it is next due.
    """
    if failure is None or failure.kind not in RETRIED:
        return Done()
    if task.attempts >= ATTEMPTS:
        return Dead(note=f"given up after {task.attempts} attempts: {failure.message}")
    least = timedelta(seconds=min(failure.retry_after or 0.0, LONGEST_ASKED.total_seconds()))
    wait = max(least, _doubled(FIRST_WAIT, task.attempts - 1, LONGEST_WAIT))
    return Later(at=now + wait * (1 + WIDTH * luck), note=failure.message)


def abandoned(task: Task, now: datetime, why: str = GONE) -> Ending:
    """Decide about a task that came to no verdict: that may be the task's doing, so it has an end."""
    if task.attempts >= ATTEMPTS:
        return Dead(note=f"given up after {task.attempts} attempts: {why}")
    wait = timedelta(0) if task.attempts <= PATIENCE else _doubled(FIRST_WAIT, task.attempts - PATIENCE, LONGEST_WAIT)
    return Later(at=now + wait, note=why)


def rests_until(failures: int, last: datetime) -> datetime | None:
    """Say until when a repository is left alone that failed so often in a row, `last` time; None: not at all."""
    if failures <= PATIENCE:
        return None
    return last + _doubled(FIRST_REST, failures - PATIENCE - 1, LONGEST_REST)


def _doubled(first: timedelta, times: int, most: timedelta) -> timedelta:
    return min(first * (1 << max(0, min(times, MOST_DOUBLINGS))), most)
