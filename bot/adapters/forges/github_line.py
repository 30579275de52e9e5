"""Connections to one GitHub: opened for a piece of work, or kept for the next question, and what is left of its quota.

A line lives as long as the process; what is known of repositories does not (`github_access`). Connections are never
shared by two threads at a time: PyGithub's are not safe for that.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from github import Auth, Github

from bot.adapters.forges.github_keys import Keyring
from bot.model.secrets import Secret
from bot.system.clock import system_clock

API_VERSION: Final = "2022-11-28"
TIMEOUT_SECONDS: Final = 30
PAGE: Final = 100
IDLE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one answer said of a quota."""

    remaining: int
    limit: int
    reset_at: datetime


class Quota:
    """What is left of the requests that GitHub allows; every installation of an App has a quota of its own.

    The scarcest is told; all are None until something was answered. Safe for several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: dict[str, Reading] = {}

    def note(self, owner: str, reading: Reading, now: datetime) -> None:
        """Take note of an answer about an owner's repositories; what is older than its reset is forgotten."""
        with self._lock:
            self._readings[owner.casefold()] = reading
            self._readings = {name: one for name, one in self._readings.items() if one.reset_at > now or one is reading}

    @property
    def remaining(self) -> int | None:
        """How many more requests are allowed until `reset_at`."""
        scarcest = self._scarcest()
        return scarcest.remaining if scarcest else None

    @property
    def limit(self) -> int | None:
        """How many requests are allowed in an hour."""
        scarcest = self._scarcest()
        return scarcest.limit if scarcest else None

    @property
    def reset_at(self) -> datetime | None:
        """When the quota is full again, in UTC."""
        scarcest = self._scarcest()
        return scarcest.reset_at if scarcest else None

    def _scarcest(self) -> Reading | None:
        with self._lock:
            return min(self._readings.values(), key=lambda one: (one.remaining, one.reset_at), default=None)


class Badge(Auth.Auth):
    """PyGithub's way to ask for a token before every request; `used` is the one that the last request carried."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys
        self.owner = ""
        self.used = Secret("")

    @property
    def token_type(self) -> str:
        """Give the scheme of the Authorization header."""
        return "token"

    @property
    def token(self) -> str:
        """Give the token of the owner whose turn it is."""
        self.used = self._keys.token(self.owner)
        return self.used.reveal()

    def refused(self) -> bool:
        """Note that the last request was answered 401; say whether another token may do."""
        return self._keys.lost(self.owner, self.used)


class Wire:
    """One connection."""

    def __init__(self, url: str, keys: Keyring) -> None:
        self.badge = Badge(keys)
        self.github = Github(
            auth=self.badge, base_url=url, timeout=TIMEOUT_SECONDS, per_page=PAGE, retry=None,
            seconds_between_requests=None, seconds_between_writes=None, api_version=API_VERSION,
            user_agent="quarterdeck",
        )  # fmt: skip

    def reading(self) -> Reading | None:
        """Give what the last answer said of the quota."""
        (remaining, limit), reset = self.github.requester.rate_limiting, self.github.requester.rate_limiting_resettime
        if remaining < 0 or not reset:
            return None
        return Reading(remaining=remaining, limit=limit, reset_at=datetime.fromtimestamp(reset, UTC))


class GithubLine:
    """The way to one GitHub. `url` is the API's address, `idle` how many connections are kept open for questions."""

    def __init__(
        self, url: str, keys: Keyring, *, idle: int = IDLE, now: Callable[[], datetime] = system_clock
    ) -> None:
        self.url = url.rstrip("/")
        self.keys = keys
        self.quota = Quota()
        self._now = now
        self._most = idle
        self._idle: list[Wire] = []
        self._lock = threading.Lock()

    @contextmanager
    def wire(self, owner: str, *, fresh: bool = False) -> Iterator[Wire]:
        """Give a connection for one piece of work on an owner's repositories, to one thread.

        `fresh` makes sure that nobody used it before: a write that meets a connection which the other side has closed
        could not be told from one that arrived. It is kept for the next question where nothing went wrong.
        """
        wire = (None if fresh else self._taken()) or Wire(self.url, self.keys)
        wire.badge.owner = owner
        whole = False
        try:
            yield wire
            whole = True
        finally:
            if (reading := wire.reading()) is not None:
                self.quota.note(owner, reading, self._now())
            if not (whole and self._given_back(wire)):
                wire.github.close()

    def close(self) -> None:
        """Close what is idle; those in use are closed when they are given back."""
        with self._lock:
            idle, self._idle, self._most = self._idle, [], 0
        for wire in idle:
            wire.github.close()

    def _taken(self) -> Wire | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _given_back(self, wire: Wire) -> bool:
        with self._lock:
            if len(self._idle) >= self._most:
                return False
            self._idle.append(wire)
            return True
