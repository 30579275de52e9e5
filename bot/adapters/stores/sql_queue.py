"""The durable queue over SQLAlchemy: tasks and webhook deliveries in the store's own database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, func, insert, select, update

from bot.adapters.stores.tables import DELIVERIES, TASKS
from bot.decide.retries import abandoned
from bot.model.policy import Trigger
from bot.model.tasks import Dead, Done, Ending, Errand, Later, Task, TaskState, Urgency

Opener = Callable[[], AbstractContextManager[Connection]]

DELIVERIES_KEPT = timedelta(days=7)
PRUNED_EVERY = timedelta(hours=1)
LONGEST_RETRY = timedelta(days=1)
CHUNK = 500  # keys in one question
WAITING, RUNNING, DEAD = TaskState.WAITING.value, TaskState.RUNNING.value, TaskState.DEAD.value
COLUMNS = TASKS.c


def _due(*columns: Any) -> Any:
    """Select what is due at `now`, of repositories on which nobody works, the most urgent first."""
    other = TASKS.alias("other")
    busy = exists().where(other.c.repository == COLUMNS.repository, other.c.state == RUNNING)
    due = select(*columns).where(COLUMNS.state == WAITING, COLUMNS.due <= bindparam("now"), ~busy)
    return due.order_by(COLUMNS.urgency, COLUMNS.due, COLUMNS.repository, COLUMNS.trigger).limit(1)


# made once, as making them costs more than asking
IS_DUE = _due(COLUMNS.repository)
NEXT = _due(*TASKS.columns)
EXPIRED = select(TASKS).where(COLUMNS.state == RUNNING, COLUMNS.lease_until < bindparam("now"))
ONE = and_(COLUMNS.repository == bindparam("one"), COLUMNS.trigger == bindparam("of"))
HELD = and_(
    ONE, COLUMNS.state == RUNNING, COLUMNS.worker == bindparam("holder"), COLUMNS.attempts == bindparam("attempt")
)
SELECT_HELD, DELETE_ONE = select(TASKS).where(HELD), delete(TASKS).where(ONE)
UPDATE_ONE, UPDATE_HELD = update(TASKS).where(ONE), update(TASKS).where(HELD)


class SqlQueue:
    """Implements `ports.Queue`; safe to use from several threads and processes. Every method is one transaction."""

    def __init__(self, read: Opener, write: Opener) -> None:
        self._read, self._write = read, write
        self._pruned_at: datetime | None = None

    def submit(self, errands: Sequence[Errand], now: datetime) -> None:
        """Keep errands; one whose key is there already is joined with it, and one that is dead comes to life."""
        if errands:
            with self._write() as connection:
                _submit(connection, errands, now)

    def take_in(self, deliveries: Mapping[str, Sequence[Errand]], now: datetime) -> frozenset[str]:
        """Keep the errands of webhook deliveries, by their id, and give the ids that are new; others are replays."""
        with self._write() as connection:
            kept = select(DELIVERIES.c.id).where(DELIVERIES.c.id.in_(list(deliveries)))
            known = set(connection.scalars(kept))
            fresh = [one for one in deliveries if one not in known]
            if fresh:
                connection.execute(insert(DELIVERIES), [{"id": one, "taken_at": now} for one in fresh])
                _submit(connection, [errand for one in fresh for errand in deliveries[one]], now)
            self._prune(connection, now)
        return frozenset(fresh)

    def lease(self, worker: str, now: datetime, until: datetime) -> Task | None:
        """Give the most urgent task that is due and whose repository nobody works on, to hold until `until`."""
        with self._read() as connection:  # most looks find nothing: a reader waits for nobody
            if connection.scalar(IS_DUE, {"now": now}) is None and not _expired(connection, now):
                return None
        with self._write() as connection:
            for task in _expired(connection, now):
                _end(connection, task, abandoned(task, now), now)
            row = connection.execute(NEXT, {"now": now}).first()
            if row is None:
                return None
            begun = {"state": RUNNING, "worker": worker, "lease_until": until, "again": False,
                     "attempts": row.attempts + 1}  # fmt: skip
            connection.execute(UPDATE_ONE, {**_one(row.repository, row.trigger), **begun})
            return _task(row, **begun)

    def beat(self, tasks: Sequence[Task], until: datetime) -> tuple[Task, ...]:
        """Hold tasks longer; give those that are not held any more by the worker that the task names."""
        if not tasks:
            return ()
        with self._write() as connection:
            longer = [(task, {**_mine(task), "lease_until": until}) for task in tasks]
            return tuple(task for task, values in longer if connection.execute(UPDATE_HELD, values).rowcount == 0)

    def finish(self, task: Task, ending: Ending, now: datetime) -> None:
        """End a task that is held; one that somebody else holds by now is left to them."""
        with self._write() as connection:
            row = connection.execute(SELECT_HELD, _mine(task)).first()
            if row is not None:
                _end(connection, _task(row), ending, now)

    def free(self, now: datetime) -> None:
        """Take back whatever is held, for the only one that serves this database, when it starts."""
        with self._write() as connection:
            held = connection.execute(select(TASKS).where(COLUMNS.state == RUNNING)).all()
            for task in map(_task, held):
                _end(connection, task, abandoned(task, now), now)

    def settle(self, repository: str, before: datetime) -> None:
        """Forget what waits for a repository and was asked for before that time: it is done."""
        with self._write() as connection:
            waits = and_(COLUMNS.state != RUNNING, COLUMNS.asked_at < before, COLUMNS.due <= before)
            connection.execute(delete(TASKS).where(COLUMNS.repository == repository, waits))

    def soonest(self) -> datetime | None:
        """Give when the next task that waits is due; None where none does."""
        with self._read() as connection:
            moment: datetime | None = connection.scalar(select(func.min(COLUMNS.due)).where(COLUMNS.state == WAITING))
        return moment

    def tasks(self) -> tuple[Task, ...]:
        """Give all tasks, the most urgent first."""
        with self._read() as connection:
            rows = connection.execute(select(TASKS).order_by(COLUMNS.urgency, COLUMNS.due, COLUMNS.repository))
            return tuple(_task(row) for row in rows)

    def _prune(self, connection: Connection, now: datetime) -> None:
        if self._pruned_at is None or abs(now - self._pruned_at) > PRUNED_EVERY:
            connection.execute(delete(DELIVERIES).where(DELIVERIES.c.taken_at < now - DELIVERIES_KEPT))
            self._pruned_at = now


def _submit(connection: Connection, errands: Sequence[Errand], now: datetime) -> None:
    """Join errands with what is there; of several with one key the later ones join the first."""
    known = {(row.repository, row.trigger): row for row in _rows(connection, {one.repository for one in errands})}
    fresh: dict[tuple[str, str], dict[str, Any]] = {}
    changed: dict[tuple[str, str], dict[str, Any]] = {}
    for errand in errands:
        key = (errand.repository, errand.trigger.value)
        before = fresh.get(key) or changed.get(key) or (known[key]._asdict() if key in known else None)
        place = changed if key in known else fresh
        place[key] = _joined(before, errand, now) if before else _first(errand, now)
    for (repository, trigger), values in changed.items():
        connection.execute(UPDATE_ONE, {**_one(repository, trigger), **values})
    if fresh:
        connection.execute(insert(TASKS), list(fresh.values()))


def _rows(connection: Connection, repositories: set[str]) -> Iterator[Row[Any]]:
    names = sorted(repositories)
    for start in range(0, len(names), CHUNK):
        yield from connection.execute(select(TASKS).where(COLUMNS.repository.in_(names[start : start + CHUNK])))


def _first(errand: Errand, now: datetime) -> dict[str, Any]:
    return {
        "repository": errand.repository, "trigger": errand.trigger.value, "why": errand.why, "urgency": errand.urgency,
        "state": WAITING, "due": errand.due, "asked_at": now, "attempts": 0, "worker": "",
        "lease_until": None, "again": False, "note": "",
    }  # fmt: skip


def _joined(before: dict[str, Any], errand: Errand, now: datetime) -> dict[str, Any]:
    """Put an errand to a task: what waits is not put off, and what is dead waits anew.

    Only somebody who waits for it lets what is under way be done once more, and brings forward what has failed.
    """
    anew = {"why": errand.why, "urgency": errand.urgency, "due": errand.due, "asked_at": now}
    match TaskState(before["state"]):
        case TaskState.DEAD:
            return {**before, **anew, "state": WAITING, "attempts": 0, "note": ""}
        case TaskState.RUNNING if errand.urgency is not Urgency.NOW:
            return before
        case TaskState.RUNNING if not before["again"]:
            return {**before, **anew, "again": True}
        case _:
            pass
    wrong = before["due"] > now + LONGEST_RETRY  # no wait is that long: a clock was wrong
    forward = before["attempts"] == 0 or errand.urgency is Urgency.NOW or wrong
    sooner = errand.due < before["due"] and forward
    more_urgent = errand.urgency < before["urgency"]
    return {
        **before,
        "asked_at": now,
        "due": errand.due if sooner else before["due"],
        "urgency": min(errand.urgency, before["urgency"]),
        "why": errand.why if more_urgent else before["why"],
    }


def _one(repository: str, trigger: str) -> dict[str, Any]:
    return {"one": repository, "of": str(trigger)}


def _mine(task: Task) -> dict[str, Any]:
    return {**_one(task.repository, task.trigger), "holder": task.worker, "attempt": task.attempts}


def _expired(connection: Connection, now: datetime) -> tuple[Task, ...]:
    return tuple(_task(row) for row in connection.execute(EXPIRED, {"now": now}))


def _end(connection: Connection, task: Task, ending: Ending, now: datetime) -> None:
    here = _one(task.repository, task.trigger)
    let_go: dict[str, Any] = {"state": WAITING, "worker": "", "lease_until": None, "again": False}
    match ending:
        case Done() | Dead() if task.again:
            values = {**let_go, "attempts": 0, "note": "", "due": max(task.due, now)}
        case Done():
            connection.execute(DELETE_ONE, here)
            return
        case Later(at=at, note=note, counts=counts):
            values = {**let_go, "attempts": task.attempts - (0 if counts else 1), "note": note, "due": at}
        case Dead(note=note):
            values = {**let_go, "state": DEAD, "note": note}
        case _:
            assert_never(ending)
    connection.execute(UPDATE_ONE, {**here, **values})


def _task(row: Row[Any], **more: Any) -> Task:
    values = {**row._asdict(), **more}
    values |= {"trigger": Trigger(values["trigger"]), "state": TaskState(values["state"])}
    return Task(**values | {"urgency": Urgency(values["urgency"])})
