"""The embedded engine: a few threads of this process, over a queue that outlives it."""

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, as_completed
from datetime import timedelta
from threading import Thread
from time import monotonic
from typing import TypeVar

from bot.adapters.engines.holding import Holding
from bot.decide.retries import abandoned
from bot.errors import BotError, Interrupted, StoreError
from bot.model.tasks import Ending, Errand, Later, Task
from bot.ports import Clock, Queue

Item = TypeVar("Item")
Result = TypeVar("Result")
LOG = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
LOOK_SECONDS = 5.0  # at least so often the queue is looked at: others may have put something there
PAUSES_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # while the queue cannot be used
HANDING_BACK_SECONDS = 5.0  # of the grace, for threads whose children were ended


class ThreadEngine:
    """Implements `ports.Engine` with at most `workers` threads; `interrupt` ends what they wait for.

    The threads are daemons: after an interruption the process can end while some of them still wait for a child
    process or a server. What they were writing is safe against that, as it is against a kill.
    """

    def __init__(self, workers: int, queue: Queue, clock: Clock, *, interrupt: Callable[[], None]) -> None:
        self._workers, self._queue, self._clock, self._interrupt = workers, queue, clock, interrupt
        self._name = uuid.uuid4().hex[:12]
        self._bell = threading.Condition()
        self._stopping = False
        self._threads: list[Thread] = []
        self._holding = Holding(queue, clock, LEASE)
        self._trouble = ""

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> tuple[Result, ...]:
        """Call `work` for every item and give the results in the order of the items; one worker needs no thread.

        An exception of one item waits until the others are done, and is then raised; with several, that of the
        first item. KeyboardInterrupt and SystemExit are raised at once, and no further item is begun.
        """
        futures: list[Future[Result]] = [Future() for _ in items]
        waiting = deque(zip(futures, items, strict=True))
        try:
            _start(work, waiting, min(self._workers, len(waiting)))
            for future in as_completed(futures):
                _raise_at_once(future.exception())
        finally:
            waiting.clear()
        return tuple(future.result() for future in futures)

    def submit(self, errands: Sequence[Errand]) -> None:
        """Keep errands, and wake whoever waits for one. Raises StoreError."""
        self._queue.submit(errands, self._clock())
        self._ring()

    def take_in(self, deliveries: Mapping[str, Sequence[Errand]]) -> frozenset[str]:
        """Keep the errands of deliveries, and give the ids that are new. Raises StoreError."""
        fresh = self._queue.take_in(deliveries, self._clock())
        self._ring()
        return fresh

    def tasks(self) -> tuple[Task, ...]:
        """Give all tasks, the most urgent first. Raises StoreError."""
        return self._queue.tasks()

    @property
    def trouble(self) -> str:
        """Why nothing is begun at the moment, "" where all is well."""
        return self._trouble

    def start(self, work: Callable[[Task], Ending]) -> None:
        """Free what a process that was killed still holds, and begin. Raises StoreError."""
        self._queue.free(self._clock())
        self._holding.start()
        for number in range(self._workers):
            thread = Thread(target=self._serve, args=(work, number + 1), name=f"worker-{number + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, grace: timedelta) -> bool:
        """Wait for what is at work, at most `grace`; then end its children and hand it back. See the port."""
        with self._bell:
            self._stopping = True
            self._bell.notify_all()
        handing_back = min(HANDING_BACK_SECONDS, grace.total_seconds() / 3)
        self._wait(grace.total_seconds() - handing_back)
        late = any(thread.is_alive() for thread in self._threads)
        if late:
            self._interrupt()
            self._wait(handing_back)
        for task in self._holding.stop():  # whatever its thread still does, nobody waits for it
            self._finish(task, Later(at=self._clock(), note="handed back when the service stopped", counts=False))
        return not late

    def _wait(self, seconds: float) -> None:
        until = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _ring(self) -> None:
        with self._bell:
            self._bell.notify_all()

    def _serve(self, work: Callable[[Task], Ending], number: int) -> None:
        failures = 0
        while not self._stopping:
            try:
                begun = self._one(work, f"{self._name}-{number}")
                failures, self._trouble = 0, ""
            except StoreError as error:
                pause = PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS) - 1)]
                failures += 1
                self._trouble = error.message
                LOG.error("no task can be begun, trying again in %.0f s: %s (%s)", pause, error.message, error.hint)  # noqa: TRY400 - the operator's matter
                self._sleep(pause)
                continue
            except Exception:
                LOG.exception("a worker met an error that Quarterdeck did not expect, and goes on")
                self._sleep(LOOK_SECONDS)
                continue
            if not begun:
                self._sleep(self._until_next())

    def _one(self, work: Callable[[Task], Ending], worker: str) -> bool:
        """Do one task, if there is one that is due. Raises StoreError, and leaves the task to its lease then."""
        now = self._clock()
        task = self._queue.lease(worker, now, now + LEASE)
        if task is None:
            return False
        with self._holding.held(task):
            self._queue.finish(task, _worked(work, task, self._clock), self._clock())
        return True

    def _until_next(self) -> float:
        try:
            due = self._queue.soonest()
        except StoreError:  # the next look will say so
            return LOOK_SECONDS
        if due is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(0.05, (due - self._clock()).total_seconds()))

    def _sleep(self, seconds: float) -> None:
        with self._bell:
            if not self._stopping:
                self._bell.wait(seconds)

    def _finish(self, task: Task, ending: Ending) -> None:
        try:
            self._queue.finish(task, ending, self._clock())
        except StoreError as error:
            LOG.warning("%s is not handed back, its lease will end: %s", task.repository, error.message)


def _worked(work: Callable[[Task], Ending], task: Task, clock: Clock) -> Ending:
    try:
        return work(task)
    except StoreError:
        raise
    except Interrupted:
        return Later(at=clock(), note="handed back when the service stopped", counts=False)
    except BotError as error:
        LOG.warning("%s: %s", task.repository, error.message)
        return abandoned(task, clock(), error.message)
    except Exception as error:
        LOG.exception("a task ended in an error that Quarterdeck did not expect")
        return abandoned(task, clock(), f"{type(error).__name__}: {error}")


def _start(work: Callable[[Item], Result], waiting: deque[tuple[Future[Result], Item]], threads: int) -> None:
    if threads <= 1:
        _work_off(work, waiting)
    for number in range(threads):
        Thread(target=_work_off, args=(work, waiting), name=f"worker-{number + 1}", daemon=True).start()


def _work_off(work: Callable[[Item], Result], waiting: deque[tuple[Future[Result], Item]]) -> None:
    """Take items until none is left; an interruption leaves the rest untouched."""
    while True:
        try:
            future, item = waiting.popleft()
        except IndexError:  # asking first whether one is left would race with the other threads
            return
        try:
            future.set_result(work(item))
        except BaseException as error:  # noqa: BLE001  the others must go on; `map` raises it when they are done
            if not isinstance(error, Exception):
                waiting.clear()
            future.set_exception(error)


def _raise_at_once(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, Exception):
        raise error
