"""What the service tells and hears through its pages: health, metrics, webhooks."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.decide import census as sums
from bot.decide import readiness
from bot.errors import BotError
from bot.model.contents import FeedState
from bot.model.events import Event
from bot.service import hearing
from bot.service.holds import Holds
from bot.service.inbox import Inbox
from bot.service.metrics import Metrics, Sights
from bot.service.rolls import Rolls
from bot.service.roster import Roster
from bot.service.ticks import Ticks
from bot.system.secrets import reveal
from bot.web.app import Check
from bot.wiring.service import ServiceHouse

FEEDS_SECONDS = 5.0  # for which what is known of feeds is not looked up again


class Face:
    """Implements `web.app.Service`."""

    def __init__(  # noqa: PLR0913 - it looks at everything
        self, *, service: ServiceHouse, roster: Roster, rolls: Rolls, ticks: Ticks, holds: Holds, inbox: Inbox,
        fleet_moved: Callable[[], None],
    ) -> None:  # fmt: skip
        self._service, self._roster, self._rolls, self._ticks, self._holds = service, roster, rolls, ticks, holds
        self._inbox, self._fleet_moved = inbox, fleet_moved
        self.measures = Metrics(self._sights)
        self.refused = ""  # why the configuration that was read last is not used
        self._feeds: tuple[float, tuple[FeedState, ...]] | None = None
        self._lock = threading.Lock()
        self._secret = self._revealed()

    def secret(self) -> bytes | None:
        """Give the webhooks' secret, as it was at the start or the last reload."""
        return self._secret

    def reread(self) -> None:
        """Read what may be another one after a reload. Raises ConfigError."""
        self._secret = self._revealed()

    def _revealed(self) -> bytes | None:
        ref = self._service.order.settings.service.webhook_secret
        return reveal(ref).reveal().encode() if ref is not None else None

    def checks(self) -> tuple[Check, ...]:
        """Say how store, schedule, engine and feeds are; what is only worth knowing stands there, too."""
        now, order = self._service.order.clock(), self._service.order
        try:
            self._service.store.queue.soonest()
            store = Check(name="store", ok=True)
            fresh, why = readiness.feeds(self.feeds(), order.settings.policy.max_feed_age, now)
            feeds = Check(name="feeds", ok=fresh, why=why)
        except BotError as error:
            store = Check(name="store", ok=False, why=f"{error.message} ({error.hint})")
            feeds = Check(name="feeds", ok=False, why="the store cannot be read")
        trouble = self._service.engine.trouble
        holds = "; ".join(f"waits until {hold.until:%H:%M} UTC: {hold.why}" for hold in self._holds.all(now))
        return (
            store,
            Check(name="scheduler", ok=self._ticks.running, why="" if self._ticks.running else "it does not run"),
            Check(name="engine", ok=not trouble, why=trouble),
            feeds,
            Check(name="forge", ok=True, why=holds),
            Check(name="configuration", ok=True, why=self.refused),
        )

    def feeds(self) -> tuple[FeedState, ...]:
        """Say how every feed stands, as far as the data folder knows; nobody is asked. Raises StoreError."""
        with self._lock:
            if self._feeds is not None and time.monotonic() - self._feeds[0] < FEEDS_SECONDS:
                return self._feeds[1]
            with self._service.shift() as house:
                found = house.feeds()
            read = all(one.as_of is not None for one in found)  # what is not may be in a moment
            self._feeds = (time.monotonic(), found) if read else None
            return found

    def stopped(self) -> dict[str, str]:
        """Say of every part that can stand still why it does, "" where it works."""
        now = self._service.order.clock()
        holds = "; ".join(hold.why for hold in self._holds.all(now))
        return {"engine": self._service.engine.trouble, "forge": holds, "configuration": self.refused}

    def metrics(self) -> bytes:
        """Give the metrics; where the store cannot be read they say that nothing is ready."""
        return self.measures.text()

    def take(self, delivery: str, events: Sequence[Event]) -> bool:
        """Keep what a delivery asks for, and answer: whoever does the work is woken."""
        fresh = self._inbox.take(delivery, hearing.errands(events, self._roster, self._service.order.clock()))
        if fresh and hearing.moves_fleet(events):
            self._fleet_moved()
        return fresh

    def noted(self, result: str) -> None:
        """Count what became of a delivery."""
        self.measures.delivered(result)

    def _sights(self) -> Sights:
        now = self._service.order.clock()
        ready = all(check.ok for check in self.checks())
        quota = self._service.quota
        found = Sights(census=sums.census((), now), tasks=(), feeds=(), quota=None, now=now, ready=ready)
        with suppress(BotError):  # `ready` says so
            return Sights(
                census=self._rolls.census(self._roster.keys, now), tasks=self._service.engine.tasks(),
                feeds=self.feeds(), quota=quota.remaining if quota else None, now=now, ready=ready,
            )  # fmt: skip
        return found
