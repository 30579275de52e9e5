"""HTTP for everything that reads: time limits, byte limits, bounded redirects, patience with servers that are busy.

A 2xx, 3xx without a place to go, or 4xx (but 429) comes back as an Answer. `Unavailable` is raised where there is no
answer, where a server error stays, where a limit is passed, and where 429 asks for more patience than we have.
"""

import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from bot.errors import Unavailable
from bot.system.clock import system_clock
from bot.system.http_messages import (
    BODY_BYTES,
    DOWNLOAD_SECONDS,
    ORDINARY,
    READ_SECONDS,
    TOTAL_SECONDS,
    Answer,
    Ask,
    Passing,
    Route,
)
from bot.system.urls import origin, redirected, shown

if TYPE_CHECKING:
    from bot.system.http_sender import Sender

__all__ = ["BODY_BYTES", "DOWNLOAD_SECONDS", "READ_SECONDS", "TOTAL_SECONDS", "Answer", "Http", "Route"]

REDIRECTS = 5
PAUSES_SECONDS = (0.5, 1.0, None)  # after each try, times 0.5 to 1.5; nothing is tried after the last
PATIENCE_SECONDS = 10.0  # the longest Retry-After that is waited out here
BUSY = frozenset({429, 502, 503, 504})
MOVED = frozenset({301, 302, 303, 307, 308})
NO_HEADERS: Mapping[str, str] = {}
JITTER = random.SystemRandom().random


class Http:
    """One pool of connections for the whole process; safe to use from several threads; close it, or use `with`.

    Proxies come from the usual environment variables, certificates from SSL_CERT_FILE, REQUESTS_CA_BUNDLE or
    SSL_CERT_DIR, unless `route` says otherwise. `requests` counts every request that was sent, retries and
    redirects included.
    """

    def __init__(
        self,
        *,
        route: Route = ORDINARY,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = JITTER,
    ) -> None:
        self.requests = 0
        self._sleep, self._clock, self._monotonic, self._jitter = sleep, clock, monotonic, jitter
        self._route = route
        self._lock = threading.Lock()
        self._senders: dict[bool, Sender] = {}  # by whether certificates are looked at

    def get(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, limit: int = BODY_BYTES, plain: Collection[str] = ()
    ) -> Answer:
        """Read a resource of at most `limit` bytes; a redirect to plain http is followed only to `plain` hosts.

        `plain` holds `host` or `host:port`. Authorization is dropped as soon as scheme, host or port changes.
        """
        until = self._monotonic() + TOTAL_SECONDS
        return self._follow(Ask(method="GET", url=url, headers=headers, limit=limit, until=until), plain)

    def head(self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, plain: Collection[str] = ()) -> Answer:
        """Ask for the headers only; everything else is as with `get`."""
        until = self._monotonic() + TOTAL_SECONDS
        return self._follow(Ask(method="HEAD", url=url, headers=headers, limit=0, until=until), plain)

    def download(self, url: str, target: Path, *, limit: int, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """Write a resource of at most `limit` bytes to `target` as the server has it, without undoing compression.

        The file is written where the answer is 200, and is whole only where nothing is raised: rename it then.
        Raises StoreError where it cannot be written; everything else is as with `get`.
        """
        until = self._monotonic() + DOWNLOAD_SECONDS
        raw = {**headers, "Accept-Encoding": "identity"}
        return self._follow(Ask(method="GET", url=url, headers=raw, limit=limit, until=until, target=target), ())

    def stream(
        self,
        url: str,
        reader: Callable[[Iterator[bytes]], None],
        *,
        limit: int,
        headers: Mapping[str, str] = NO_HEADERS,
        plain: Collection[str] = (),
    ) -> Answer:
        """Hand a resource of at most `limit` bytes to `reader` in chunks, as the server has it; nothing is kept.

        `reader` is called where the answer is 200, and anew where the connection broke and is tried again; what it
        raises comes through. Everything else is as with `get`.
        """
        until = self._monotonic() + DOWNLOAD_SECONDS
        raw = {**headers, "Accept-Encoding": "identity"}
        return self._follow(Ask(method="GET", url=url, headers=raw, limit=limit, until=until, reader=reader), plain)

    def pause(self, seconds: float) -> None:
        """Wait before a next request, as retries do."""
        self._sleep(seconds)

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            senders, self._senders = self._senders, {}
        for sender in senders.values():
            sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _follow(self, ask: Ask, plain: Collection[str]) -> Answer:
        for _ in range(REDIRECTS + 1):
            answer = self._persist(ask)
            location = answer.headers.get("location", "") if answer.status in MOVED else ""
            if not location:
                return answer
            url, same = _redirected(ask.url, location, plain)
            headers = ask.headers
            if not same:
                headers = {name: text for name, text in headers.items() if name.lower() != "authorization"}
            ask = replace(ask, url=url, headers=headers)
        raise Unavailable(f"{shown(ask.url)} was reached after {REDIRECTS} redirects and asks for one more")

    def _persist(self, ask: Ask) -> Answer:
        """Try until there is an answer worth having, or no try is left."""
        for pause in PAUSES_SECONDS:
            try:
                return self._checked(ask, self._once(ask))
            except Passing as passing:
                wait = self._wait(passing, pause, ask.until)
                if wait is None:
                    raise Unavailable(passing.message, retry_after=passing.retry_after) from passing
            self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _wait(self, passing: Passing, pause: float | None, until: float) -> float | None:
        """Say how long to wait before the next try; None: it is not worth it."""
        if pause is None:
            return None
        if passing.retry_after is None:
            return pause * (0.5 + self._jitter())
        patient = passing.retry_after <= PATIENCE_SECONDS and self._monotonic() + passing.retry_after < until
        return passing.retry_after if patient else None

    def _once(self, ask: Ask) -> Answer:
        sender = self._open(ask.url)
        with self._lock:
            self.requests += 1
        return sender.send(ask)

    def _checked(self, ask: Ask, answer: Answer) -> Answer:
        message = f"{shown(ask.url)} answers {answer.status}"
        if answer.status in BUSY:
            raise Passing(message, _retry_after(answer.headers.get("retry-after", ""), self._clock()))
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable(message)
        return answer

    def _open(self, url: str) -> "Sender":
        from bot.system.http_sender import Sender  # noqa: PLC0415 - httpx costs 0.1 s, and many runs ask no server

        checked = not self._is_insecure(url)
        with self._lock:
            if checked not in self._senders:
                self._senders[checked] = Sender(self._route, checked=checked, monotonic=self._monotonic)
            return self._senders[checked]

    def _is_insecure(self, url: str) -> bool:
        hosts = self._route.insecure_hosts
        try:
            parts = urlsplit(url)
            names = {parts.hostname, f"{parts.hostname}:{parts.port}"}
        except ValueError:
            return False
        return any(host.lower() in names for host in hosts)


def _redirected(url: str, location: str, plain: Collection[str]) -> tuple[str, bool]:
    """Give where a redirect leads, and whether that is the same server."""
    try:
        target = redirected(url, location, plain)
        return target, origin(target) == origin(url)
    except ValueError as error:
        raise Unavailable(f"{shown(url)} redirects to {error}") from error


def _retry_after(text: str, now: datetime) -> float | None:
    """Read Retry-After (RFC 9110, 10.2.3) as seconds from `now`; None where it says nothing that can be read."""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
