"""Forges that nobody may ask for a while: a credential was refused, or the quota is spent.

Without this a thousand repositories would each find out by themselves.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.runs import Failure

FIRST, LONGEST = timedelta(minutes=5), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Until when, and why."""

    until: datetime
    why: str


class Holds:
    """Holds by kind of forge; safe for threads. Each refusal in a row makes the next hold longer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holds: dict[str, Hold] = {}
        self._refusals: dict[str, int] = {}

    def of(self, forge: str, now: datetime) -> Hold | None:
        """Give the hold of a forge, if there is one; one that lies far ahead of the clock was made by a wrong clock."""
        with self._lock:
            hold = self._holds.get(forge)
        return hold if hold is not None and now < hold.until <= now + LONGEST else None

    def all(self, now: datetime) -> tuple[Hold, ...]:
        """Give all holds."""
        with self._lock:
            names = sorted(self._holds)
        return tuple(hold for name in names if (hold := self.of(name, now)) is not None)

    def learn(self, forge: str, failure: Failure | None, now: datetime) -> None:
        """Learn from how a run ended."""
        with self._lock:
            if failure is None:
                self._holds.pop(forge, None)
                self._refusals.pop(forge, None)
            elif failure.everywhere:
                count = self._refusals.get(forge, 0)
                self._refusals[forge] = count + 1
                self._holds[forge] = Hold(until=now + min(FIRST * 2 ** min(count, 10), LONGEST), why=failure.message)

    def spent(self, forge: str, until: datetime, now: datetime) -> None:
        """Learn that the forge's quota is spent until then, by its own clock; ours waits for an hour at most."""
        with self._lock:
            self._holds[forge] = Hold(until=min(until, now + LONGEST), why="the forge's API quota is spent")

    def clear(self) -> None:
        """Forget all holds: the configuration is another."""
        with self._lock:
            self._holds.clear()
            self._refusals.clear()
