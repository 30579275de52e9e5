"""What the ticks of the schedule do: they look around and submit errands; the work itself is the engine's."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.decide import rounds
from bot.decide.rounds import Known
from bot.errors import BotError, StoreError
from bot.model.repository import Repository
from bot.model.tasks import Errand, Urgency
from bot.service.rolls import Rolls
from bot.service.roster import Roster
from bot.wiring.house import House
from bot.wiring.service import ServiceHouse
from bot.workflow import still
from bot.workflow.stirred import is_stirred, keeps_overview

LOG = logging.getLogger(__name__)

TICKS = "ticks"
EDITION = "edition"
FOR_EVER = timedelta(days=3650)


class Rounds:
    """One method per tick; each may be called at any time, and twice does no harm. All raise BotError."""

    def __init__(self, service: ServiceHouse, roster: Roster, rolls: Rolls) -> None:
        self._service, self._roster, self._rolls = service, roster, rolls

    def sweep(self) -> None:
        """Look at all repositories, with fresh answers of registries and feeds."""
        self._service.renew()
        self._forget_strangers()
        self._submit("security", rounds.sweep(self._repositories(), self._known(), "security", self._now()))

    def quarterly(self) -> None:
        """Queue the quarters that are due, or come within the spread."""
        schedule = self._service.order.settings.schedule
        self._submit("quarterly", rounds.quarterly(self._repositories(), self._known(), schedule, self._now()))

    def first_looks(self) -> None:
        """Look at what was never looked at."""
        self._submit("first look", rounds.first_looks(self._repositories(), self._known(), self._now()))

    def feeds(self) -> None:
        """Bring advisories up to date; where they are others now, look at the repositories that they concern."""
        self._service.renew()
        with self._service.shift() as house:
            known, edition = house.advisories.feeds, house.advisories.edition
            before = self._service.store.recall(TICKS, EDITION)
            if edition == before or all(feed.records is None for feed in known):
                return  # an index is asked release by release: that is the sweeps' business
            if before is not None:
                self._think_over(house, "a new advisory")
        self._service.store.remember(TICKS, EDITION, edition, self._now())

    def digests(self) -> None:
        """Ask registries what tags point to now, once for all, and look at the repositories that this concerns."""
        self._service.renew()
        with self._service.shift() as house:
            self._think_over(house, "another digest or an advisory")

    def overview(self) -> None:
        """Look at everything anew where an overview is kept, so that it says how things stand today."""
        kept = []
        with self._service.shift() as house:
            for member in self._roster.active:
                assignment = house.member(member)
                tools = house.tools(assignment)
                if keeps_overview(tools, assignment):
                    still.forget(tools, assignment, self._now())
                    kept.append(member.repository)
        self._submit("overview", rounds.sweep(kept, self._known(), "overview", self._now()))

    def fleet(self) -> None:
        """Find out which repositories there are, and look at the new ones."""
        with self._service.shift() as house:
            for reason in house.fleet.refresh():
                LOG.warning("%s", reason.text)
            newest = house.order is self._service.order
            if newest:
                self._roster.tell(house.fleet.members())
        if not newest:  # the configuration was read again meanwhile
            return self.fleet()
        return self.first_looks()

    def noted(self, name: str) -> None:
        """Note that something is done now, for the next start."""
        now = self._now()
        self._service.store.remember(TICKS, name, now.isoformat(), now)

    def last(self, name: str) -> datetime | None:
        """Give when something was done the last time, by whatever process; None: never."""
        text = self._service.store.recall(TICKS, name)
        return datetime.fromisoformat(text) if text else None

    def _forget_strangers(self) -> None:
        """Drop what waits, or was given up, for repositories that are not looked after any more."""
        keys, store = self._roster.keys, self._service.store
        for key in {task.repository for task in self._service.engine.tasks()} - keys:
            store.queue.settle(key, self._now() + FOR_EVER)

    def _think_over(self, house: House, why: str) -> None:
        now, stirred = self._now(), []
        for member in self._roster.active:
            assignment = house.member(member)
            if is_stirred(house.tools(assignment, routine=True), assignment, now):
                stirred.append(member.repository)
        self._submit(why, rounds.sweep(stirred, self._known(), why, now, urgency=Urgency.NOW))

    def _submit(self, why: str, errands: tuple[Errand, ...]) -> None:
        if errands:
            self._service.engine.submit(errands)
        LOG.info("%s: %d of %d repositories are to be looked at", why, len(errands), len(self._roster.active))

    def _known(self) -> Known:
        store = self._service.store
        return Known(standings=self._rolls.standings(), failures=store.streaks(), quarters=store.settled())

    def _repositories(self) -> tuple[Repository, ...]:
        return tuple(member.repository for member in self._roster.active)

    def _now(self) -> datetime:
        return self._service.order.clock()


def told(name: str, tick: Callable[[], None]) -> None:
    """Do a tick; what goes wrong is told and ends that tick alone."""
    try:
        tick()
    except StoreError as error:
        LOG.error("%s: %s (%s)", name, error.message, error.hint)  # noqa: TRY400 - the operator's matter
    except BotError as error:
        LOG.warning("%s: %s", name, error.message)
