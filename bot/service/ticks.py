"""The clockwork: APScheduler holds one tick per schedule, in memory and nothing else; nobody else knows of it."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.formats import cron
from bot.system.clock import system_clock

LOG = logging.getLogger(__name__)

THREADS = 4
MOST_JITTER = timedelta(minutes=5)
JITTER_PART = 20  # of an interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A tick that comes in an interval, for the first time at `first`; jitter keeps fleets of services apart."""

    interval: timedelta
    first: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """A tick at the dates of cron fields, read in a timezone (IANA) by the same rules as due dates are."""

    fields: tuple[tuple[str, str], ...]
    timezone: str


When = Every | At


class CronTick(BaseTrigger):  # type: ignore[misc]
    """The dates of our own cron fields, which lose no day on which the clocks change."""

    def __init__(self, at: At) -> None:
        self._cron, self._zone = cron.parse(at.fields), ZoneInfo(at.timezone)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Give the first date after the one before, or after now."""
        return self._cron.next(max(previous_fire_time or now, now), self._zone)


class Ticks:
    """Calls functions when it is time, each in a thread of its own and never twice at once; missed ones come once."""

    def __init__(self, timezone: str) -> None:
        # what APScheduler itself has to tell is about functions, not about what our operators know
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            timezone=ZoneInfo(timezone),
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(_failed, EVENT_JOB_ERROR)
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._again: set[str] = set()

    def set(self, jobs: Mapping[str, tuple[When, Callable[[], None]]]) -> None:
        """Hold exactly these ticks, in place of those that were."""
        for name, (when, call) in jobs.items():
            first = {"next_run_time": when.first} if isinstance(when, Every) else {}
            self._scheduler.add_job(
                partial(self._run, name, call), _trigger(when), id=name, name=name, replace_existing=True, **first
            )
        for job in self._scheduler.get_jobs():
            if job.id not in jobs:
                job.remove()

    def hurry(self, name: str) -> None:
        """Let a tick come now; asked for often, it comes once; asked for while it is under way, it comes once more."""
        with self._lock:
            if name in self._running:
                self._again.add(name)
                return
        self._now(name)

    def _now(self, name: str) -> None:
        try:
            self._scheduler.modify_job(name, next_run_time=system_clock())
        except JobLookupError:  # there is no such tick now
            LOG.debug("there is no tick %s", name)

    def _run(self, name: str, call: Callable[[], None]) -> None:
        with self._lock:
            self._running.add(name)
        try:
            call()
        finally:
            with self._lock:
                self._running.discard(name)
                again = name in self._again
                self._again.discard(name)
            if again:
                self._now(name)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """Begin nothing more; what is under way is not waited for."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def running(self) -> bool:
        """Whether ticks come."""
        return bool(self._scheduler.running)

    def next(self) -> dict[str, datetime]:
        """Give when each tick comes next; what has none is left out."""
        times = {job.id: job.next_run_time for job in self._scheduler.get_jobs()}
        return {name: moment for name, moment in sorted(times.items()) if moment is not None}


def _trigger(when: When) -> BaseTrigger:
    match when:
        case At():
            return CronTick(when)
        case Every(interval=interval, first=first):
            jitter = min(interval / JITTER_PART, MOST_JITTER).total_seconds()
            seconds = max(1, int(interval.total_seconds()))
            return IntervalTrigger(seconds=seconds, start_date=first, jitter=jitter if jitter >= 1 else None)


def _failed(event: JobExecutionEvent) -> None:
    LOG.error("the tick %s ended in an error that Quarterdeck did not expect: %r", event.job_id, event.exception)
