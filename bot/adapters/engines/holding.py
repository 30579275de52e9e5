"""Keeps the leases of what is at work: as long as this process lives, nobody takes it away."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from bot.errors import StoreError
from bot.model.tasks import Task
from bot.ports import Clock, Queue

LOG = logging.getLogger(__name__)
BEATS = 4  # in the time of one lease


class Holding:
    """One thread that beats for all tasks that are held."""

    def __init__(self, queue: Queue, clock: Clock, lease: timedelta) -> None:
        self._queue, self._clock, self._lease = queue, clock, lease
        self._held: list[Task] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> tuple[Task, ...]:
        """End, and give what is still held."""
        self._over.set()
        with self._lock:
            return tuple(self._held)

    @contextmanager
    def held(self, task: Task) -> Iterator[None]:
        """Hold a task while the block runs."""
        with self._lock:
            self._held.append(task)
        try:
            yield
        finally:
            with self._lock:
                self._held.remove(task)

    def _beat(self) -> None:
        while not self._over.wait(self._lease.total_seconds() / BEATS):
            with self._lock:
                tasks = tuple(self._held)
            try:
                lost = self._queue.beat(tasks, self._clock() + self._lease)
            except StoreError as error:
                LOG.warning("leases could not be made longer: %s", error.message)
                continue
            except Exception:
                LOG.exception("leases could not be made longer")
                continue
            for task in lost:
                if task in self._held:
                    LOG.warning("the lease of %s was lost: its run goes on, and another may follow", task.repository)
