"""Telling people: what is due to each target is told, and what arrived is remembered."""

import contextlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias

from bot.adapters.notifiers.apprise import AppriseNotifier
from bot.decide import notify, telling
from bot.errors import BotError, StoreError
from bot.formats import values
from bot.model.contents import FeedState
from bot.model.notices import Batch, Known, Limits, Notice, NoticeKind, NoticeRules, Told
from bot.model.secrets import Secret
from bot.ports import Notifier, Store
from bot.settings import NotifySettings, Settings
from bot.system.secrets import reveal
from bot.wiring.order import Order

KIND = "notices"
KEY = "told"
FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)
READER = values.Reader((Told, Known))
LOG = logging.getLogger(__name__)

NotifierKind: TypeAlias = Literal["apprise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """That a target did not take a message: `times` in a row, last `since`; it is left alone for a while."""

    times: int
    since: datetime

    def holds(self, now: datetime) -> bool:
        """Say whether it is still too early to try again; a clock that went back is no reason to wait."""
        doubled = FIRST_REST * (1 << min(self.times - 1, 10))
        return self.since <= now < self.since + min(doubled, LONGEST_REST)


class NoticeHouse:
    """The targets of one service. One call at a time: `announce` takes as long as the targets take to answer."""

    def __init__(self, order: Order, store: Store) -> None:
        self._settings: Settings = order.settings
        self._folder = order.data_dir / "notices"
        self._rehearsal = order.rehearsal
        self._store = store
        self._told: dict[str, Told] = {}
        self._kept: dict[str, Told] | None = None  # what the store has; None: not read yet
        self._rests: dict[str, Rest] = {}

    def announce(
        self,
        documents: Sequence[Mapping[str, Any]],
        failures: Mapping[str, int],
        feeds: Sequence[FeedState],
        stopped: Mapping[str, str],
        now: datetime,
    ) -> tuple[str, ...]:
        """Tell every target what is due to it; the arguments are those of `decide.notify.notices`.

        Gives a sentence for each target that did not take its messages: they are due again at a later call. Raises
        StoreError, after telling, where what was told cannot be read or kept; meanwhile this process remembers it.
        """
        if self._rehearsal or not self._settings.notify:
            return ()
        lost = self._recall()
        found = notify.notices(documents, failures, feeds, stopped, self._rules, now)
        if lost:  # nobody knows what was told before, but that work stands still is worth telling twice
            found = tuple(one for one in found if one.kind is NoticeKind.STOPPED)
        problems = [self._served(target, found, now) for target in self._settings.notify]
        if lost:
            raise lost
        self._keep(now)
        return tuple(problem for problem in problems if problem)

    @property
    def _rules(self) -> NoticeRules:
        wanted, most = self._settings.notifications, self._settings.policy.max_feed_age
        return NoticeRules(proposal_age=wanted.proposal_age, failures=wanted.failures, max_feed_age=most)

    def _served(self, target: NotifySettings, found: Sequence[Notice], now: datetime) -> str:
        """Tell one target, and remember what arrived. Gives what went wrong, "" where nothing did."""
        theirs = tuple(one for one in found if one.kind in target.events)
        limits = Limits(per_hour=self._settings.notifications.per_hour)
        batch = telling.due(theirs, self._told.get(target.label, Told()), now, limits)
        self._told[target.label] = batch.told
        rest = self._rests.get(target.label)
        if not batch.send or (rest and rest.holds(now)):
            return ""
        try:
            self._sent(target, batch, now)
        except BotError as error:
            self._rests[target.label] = Rest(times=rest.times + 1 if rest else 1, since=now)
            hint = f"; {error.hint}" if error.hint else ""
            return f"{target.label} could not be told: {error.message}{hint}"
        self._rests.pop(target.label, None)
        return ""

    def _sent(self, target: NotifySettings, batch: Batch, now: datetime) -> None:
        notifier = NOTIFIERS["apprise"](reveal(target.url), self._place())
        for message in batch.send:
            notifier.tell(message)
            self._told[target.label] = telling.after(self._told[target.label], message, now)
            LOG.info("told %s: %s", target.label, message.title)
            if self._kept is not None:  # the next message may be the one during which the process is killed
                with contextlib.suppress(StoreError):  # `announce` tries again, and says so
                    self._keep(now)

    def _place(self) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._folder} cannot be made: {error.strerror}") from error
        return self._folder

    def _recall(self) -> StoreError | None:
        """Read once what earlier processes told; give why that cannot be read."""
        if self._kept is not None:
            return None
        try:
            kept = _read(self._store.recall(KIND, KEY))
        except StoreError as error:
            return error
        labels = sorted(target.label for target in self._settings.notify)
        self._kept = kept
        self._told = {one: _joined(kept.get(one, Told()), self._told.get(one, Told())) for one in labels}
        return None

    def _keep(self, now: datetime) -> None:
        if self._told != self._kept:
            self._store.remember(KIND, KEY, _written(self._told), now)
            self._kept = dict(self._told)


def _joined(older: Told, newer: Told) -> Told:
    known = {one.key: one for one in (*older.known, *newer.known)}
    return Told(known=tuple(known[key] for key in sorted(known)), sent=(*older.sent, *newer.sent))


def check(settings: Settings, folder: Path) -> tuple[str, ...]:
    """Say of each target why it cannot be told anything: no secret at its place, or an address of no known kind."""
    return tuple(problem for target in settings.notify if (problem := _checked(target, folder)))


def _checked(target: NotifySettings, folder: Path) -> str:
    try:
        AppriseNotifier(reveal(target.url), folder).check()
    except BotError as error:
        return f"[[notify]] {target.label}: {error.message}"
    return ""


def _written(told: Mapping[str, Told]) -> str:
    return json.dumps({label: values.dumps(one) for label, one in sorted(told.items())}, separators=(",", ":"))


def _read(kept: str | None) -> dict[str, Told]:
    try:
        found = json.loads(kept or "{}")
        return {str(label): _told(one) for label, one in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # what is damaged is as good as nothing told


def _told(document: object) -> Told:
    found = READER.loads(document)
    if not isinstance(found, Told):
        raise TypeError(f"{type(found).__name__} is not what was kept")
    return found


NOTIFIERS: Mapping[NotifierKind, Callable[[Secret, Path], Notifier]] = {
    "apprise": AppriseNotifier,
}
