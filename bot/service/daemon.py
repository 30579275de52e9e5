"""The service from its start to its end: what is begun in which order, what signals mean, and what is taken down."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from bot.decide import rounds as dates
from bot.errors import BotError
from bot.model.tasks import TaskState
from bot.service.face import Face
from bot.service.holds import Holds
from bot.service.inbox import Inbox
from bot.service.rolls import Rolls
from bot.service.roster import Roster
from bot.service.rounds import Rounds, told
from bot.service.ticks import At, Every, Ticks, When
from bot.service.working import Working
from bot.system.signals import Wait
from bot.web.app import make_app
from bot.web.server import WebServer
from bot.wiring.notices import NoticeHouse
from bot.wiring.order import Order
from bot.wiring.service import ServiceHouse, open_service

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 5.0  # between two looks at the clock and at what signals asked for
RETRY_SECONDS = 30.0
FIRST_FEEDS_SECONDS = 15.0  # for which first looks wait for advisories
CLOSING_SECONDS = 10.0
LEAP = timedelta(minutes=1)  # by which a clock may differ from the time that went by
NOTICES = timedelta(minutes=5)
RESTART = ("service.listen", "engine", "bot.data_dir")


def serve(order: Order, load: Callable[[], Order], wait: Wait) -> None:
    """Serve until `wait` gives SIGTERM or SIGINT; SIGHUP takes what `load` reads then.

    Raises ConfigError and StoreError, both before anything is begun.
    """
    with open_service(order) as service:
        Daemon(service, load).run(wait)


class Daemon:
    """One running service."""

    def __init__(self, service: ServiceHouse, load: Callable[[], Order]) -> None:
        self._service, self._load = service, load
        self._roster, self._rolls, self._holds = Roster(), Rolls(service.store), Holds()
        self._ticks = Ticks(service.order.settings.schedule.timezone)
        self._inbox = Inbox(service.engine)
        self._notices = NoticeHouse(service.order, service.store)
        self._over = threading.Event()
        self._rounds = Rounds(service, self._roster, self._rolls)
        self._face = Face(
            service=service,
            roster=self._roster,
            rolls=self._rolls,
            ticks=self._ticks,
            holds=self._holds,
            inbox=self._inbox,
            fleet_moved=partial(self._ticks.hurry, "fleet"),
        )
        self._web = WebServer(make_app(self._face), service.order.settings.service.listen)

    def run(self, wait: Wait) -> None:
        """Start, wait, and stop."""
        self._start()
        try:
            self._wait(wait)
        finally:
            self._end()

    def _start(self) -> None:
        settings = self._service.order.settings
        with self._service.shift() as house:
            house.check()
            self._roster.tell(house.fleet.members())
        working = Working(self._service, self._roster, self._holds, self._face.measures)
        self._service.engine.start(working)
        self._inbox.start()
        self._web.start()
        self._ticks.start()
        threading.Thread(target=self._catch_up_at_last, name="catching up", daemon=True).start()
        host = settings.service.listen[0]
        if not self._roster.members:
            LOG.warning("no repository is configured, and none was found until now")
        shown = f"[{host}]" if ":" in host else host
        LOG.info("serving %d repositories on http://%s:%d", len(self._roster.active), shown, self._web.port)

    def _catch_up_at_last(self) -> None:
        """Catch up, and let ticks come from then on; what keeps us from it is tried again."""
        while not self._over.is_set():
            try:
                self._catch_up()
            except BotError as error:
                LOG.error("the start: %s (%s)", error.message, error.hint)  # noqa: TRY400 - the operator's matter
            except Exception:
                LOG.exception("the start met an error that Quarterdeck did not expect")
            else:
                return
            self._over.wait(RETRY_SECONDS)

    def _catch_up(self) -> None:
        """Queue what came due while nobody was there, and what nobody looked at; advisories come first, if they do."""
        jobs, now = self._jobs(), self._service.order.clock()
        due = [jobs[name] for name in ("feeds", "fleet")]
        feeds, fleet = (call if isinstance(when, Every) and when.first <= now else None for when, call in due)
        if feeds is not None:
            reading = threading.Thread(target=feeds, name="first feeds", daemon=True)
            reading.start()
            reading.join(FIRST_FEEDS_SECONDS)
            if reading.is_alive():
                LOG.warning("advisories are still being read: a feed is large, or its server is slow")
        if fleet is not None:
            fleet()
        self._rounds.first_looks()
        self._rounds.quarterly()
        self._ticks.set(self._jobs())

    def _jobs(self) -> dict[str, tuple[When, Callable[[], None]]]:
        schedule = self._service.order.settings.schedule
        quarterly = At(fields=schedule.quarterly, timezone=schedule.timezone)
        intervals: dict[str, tuple[timedelta, Callable[[], None]]] = {
            "feeds": (schedule.feeds, self._rounds.feeds),
            "fleet": (schedule.discover, self._rounds.fleet),
            "security": (schedule.security, self._rounds.sweep),
            "digests": (schedule.digests, self._rounds.digests),
            "overview": (schedule.overview, self._rounds.overview),
        }
        if self._service.order.settings.notify:
            intervals["notices"] = (NOTICES, self._announce)
        every = {
            name: (self._every(name, interval), self._timed(name, call)) for name, (interval, call) in intervals.items()
        }
        return {"quarterly": (quarterly, self._timed("quarterly", self._rounds.quarterly)), **every}

    def _every(self, name: str, interval: timedelta) -> Every:
        now = self._service.order.clock()
        return Every(interval=interval, first=dates.next_tick(interval, self._rounds.last(name), now))

    def _timed(self, name: str, call: Callable[[], None]) -> Callable[[], None]:
        """Give a tick that notes when it came, before it begins: one that ends the process comes not at once again."""

        def tick() -> None:
            self._rounds.noted(name)
            call()

        return lambda: told(name, tick)

    def _announce(self) -> None:
        """Tell people what they should know."""
        store, keys, clock = self._service.store, self._roster.keys, self._service.order.clock
        documents = tuple(one for key, one in store.news(0)[1].items() if key in keys)
        failures = {key: count for key, count in store.streaks().items() if key in keys}
        most = self._service.order.settings.notifications.failures
        for task in self._service.engine.tasks():
            if task.state is TaskState.DEAD and task.repository in keys:  # it was tried often enough
                failures[task.repository] = max(most, failures.get(task.repository, 0))
        for problem in self._notices.announce(documents, failures, self._face.feeds(), self._face.stopped(), clock()):
            LOG.warning("a message was not delivered: %s", problem)

    def _wait(self, wait: Wait) -> None:
        clock = self._service.order.clock
        before, at = clock(), time.monotonic()
        while True:
            match wait(LOOK_SECONDS):
                case signal.SIGHUP:
                    told("the configuration", self._take_configuration)
                case None:
                    pass
                case _:
                    return
            now, later = clock(), time.monotonic()
            if abs((now - before) - timedelta(seconds=later - at)) > LEAP:
                LOG.warning("the clock was set: all dates are worked out anew")
                told("the clock", lambda: self._ticks.set(self._jobs()))
            before, at = now, later

    def _take_configuration(self) -> None:
        """Go by what the configuration says now; one that is wrong changes nothing."""
        try:
            order = self._load()
        except BotError as error:
            self._refuse(error)
            return
        before = self._service.order.settings
        old = self._service.order
        self._service.reorder(order)
        try:
            with self._service.shift() as house:
                house.check()
                members = house.fleet.members()
            self._face.reread()
        except BotError as error:
            self._service.reorder(old)
            self._refuse(error)
            return
        self._roster.tell(members)
        self._face.refused = ""
        self._notices = NoticeHouse(self._service.order, self._service.store)
        self._holds.clear()
        self._ticks.set(self._jobs())
        after = order.settings
        if (before.service.listen, before.engine, before.data_dir) != (
            after.service.listen,
            after.engine,
            after.data_dir,
        ):
            LOG.warning("%s take effect at the next start", ", ".join(RESTART))
        LOG.info("the configuration was read again: %d repositories", len(self._roster.active))
        self._ticks.hurry("fleet")
        if before != after:  # another policy may say otherwise of repositories in which nothing moved
            self._ticks.hurry("security")

    def _refuse(self, error: BotError) -> None:
        self._face.refused = f"the configuration was read again and is not used: {error.message}"
        LOG.error("%s", self._face.refused)

    def _end(self) -> None:
        grace = self._service.order.settings.service.grace
        self._over.set()
        LOG.info("stopping: what is at work has %.0f s", grace.total_seconds())
        closing = threading.Thread(target=self._close, name="closing", daemon=True)
        closing.start()
        if not self._service.engine.stop(grace):
            LOG.warning("what was at work took longer, and is handed back: the next start goes on with it")
        closing.join(CLOSING_SECONDS)
        LOG.info("stopped")

    def _close(self) -> None:
        """Begin nothing more: no tick, no request, no delivery."""
        self._ticks.stop()
        self._web.stop()
        self._inbox.stop()
