"""HTTP for everything that reads: time limits, byte limits, bounded redirects, patience with servers that are busy.

A 2xx, 3xx without a place to go, or 4xx (but 429) comes back as an Answer. `Unavailable` is raised where there is no
answer, where a server error stays, where a limit is passed, and where 429 asks for more patience than we have.
"""

import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpx

from bot.errors import ConfigError, Unavailable
from bot.system.clock import system_clock
from bot.system.urls import origin, redirected, shown

USER_AGENT = "quarterdeck"
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 300.0  # for one call with its redirects and retries: a server that drips bytes ends here
BODY_BYTES = 32 * 1024 * 1024
REDIRECTS = 5
PAUSES_SECONDS = (0.5, 1.0, None)  # after each try, times 0.5 to 1.5; nothing is tried after the last
PATIENCE_SECONDS = 10.0  # the longest Retry-After that is waited out here
BUSY = frozenset({429, 502, 503, 504})
MOVED = frozenset({301, 302, 303, 307, 308})
NO_HEADERS: Mapping[str, str] = {}
JITTER = random.SystemRandom().random


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered: header names are in lower case, `url` is where the last redirect led."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    method: str
    url: str
    headers: Mapping[str, str]
    limit: int
    until: float


class Http:
    """One pool of connections for the whole process; safe to use from several threads; close it, or use `with`.

    Proxies come from the usual environment variables, certificates from SSL_CERT_FILE, REQUESTS_CA_BUNDLE or
    SSL_CERT_DIR. `requests` counts every request that was sent, retries and redirects included.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = JITTER,
    ) -> None:
        self.requests = 0
        self._sleep, self._clock, self._monotonic, self._jitter = sleep, clock, monotonic, jitter
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def get(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, limit: int = BODY_BYTES, plain: Collection[str] = ()
    ) -> Answer:
        """Read a resource of at most `limit` bytes; a redirect to plain http is followed only to `plain` hosts.

        `plain` holds `host` or `host:port`. Authorization is dropped as soon as scheme, host or port changes.
        """
        return self._follow("GET", url, headers, limit, plain)

    def head(self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, plain: Collection[str] = ()) -> Answer:
        """Ask for the headers only; everything else is as with `get`."""
        return self._follow("HEAD", url, headers, 0, plain)

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _follow(self, method: str, url: str, headers: Mapping[str, str], limit: int, plain: Collection[str]) -> Answer:
        until = self._monotonic() + TOTAL_SECONDS
        for _ in range(REDIRECTS + 1):
            ask = _Ask(method=method, url=url, headers=headers, limit=limit, until=until)
            answer = self._persist(ask)
            target = answer.headers.get("location", "") if answer.status in MOVED else ""
            if not target:
                return answer
            target, same = _redirected(url, target, plain)
            if not same:
                headers = {name: text for name, text in headers.items() if name.lower() != "authorization"}
            url = target
        raise Unavailable(f"{shown(url)} was reached after {REDIRECTS} redirects and asks for one more")

    def _persist(self, ask: _Ask) -> Answer:
        """Try until there is an answer worth having, or no try is left."""
        for pause in PAUSES_SECONDS:
            try:
                return self._checked(ask, self._once(ask))
            except _Passing as passing:
                wait = self._wait(passing, pause, ask.until)
                if wait is None:
                    raise Unavailable(passing.message, retry_after=passing.retry_after) from passing
            self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _wait(self, passing: "_Passing", pause: float | None, until: float) -> float | None:
        """Say how long to wait before the next try; None: it is not worth it."""
        if pause is None:
            return None
        if passing.retry_after is None:
            return pause * (0.5 + self._jitter())
        patient = passing.retry_after <= PATIENCE_SECONDS and self._monotonic() + passing.retry_after < until
        return passing.retry_after if patient else None

    def _once(self, ask: _Ask) -> Answer:
        """Send one request and read at most one chunk more than the limit."""
        client = self._open()
        with self._lock:
            self.requests += 1
        try:
            with client.stream(ask.method, ask.url, headers=dict(ask.headers)) as response:
                headers = {name.lower(): text for name, text in response.headers.items()}
                return Answer(
                    status=response.status_code, headers=headers, body=self._read(ask, response), url=str(response.url)
                )
        except httpx.InvalidURL as error:
            raise Unavailable(f"{shown(ask.url)} is not an address that can be asked: {error}") from error
        except httpx.HTTPError as error:
            raise _no_answer(ask.url, error) from error

    def _read(self, ask: _Ask, response: httpx.Response) -> bytes:
        # httpx undoes compression for chunks of 64 KiB, so a gzip bomb costs 64 MiB at most before it is noticed here
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > ask.limit:
                raise Unavailable(f"{shown(ask.url)} answers with more than the {ask.limit} bytes that are read of it")
            if self._monotonic() > ask.until:
                raise Unavailable(f"{shown(ask.url)} was still sending after {TOTAL_SECONDS:.0f} seconds")
        return bytes(body)

    def _checked(self, ask: _Ask, answer: Answer) -> Answer:
        message = f"{shown(ask.url)} answers {answer.status}"
        if answer.status in BUSY:
            raise _Passing(message, _retry_after(answer.headers.get("retry-after", ""), self._clock()))
        if answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(message)
        return answer

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    verify=_certificates(),
                    timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                    follow_redirects=False,
                    headers={"user-agent": USER_AGENT, "accept-encoding": "gzip"},
                    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                )
            return self._client


class _Passing(Exception):
    """A failure that may pass: asked again after `retry_after` seconds, or after a back-off where it is None."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


def _no_answer(url: str, error: httpx.HTTPError) -> Exception:
    """Tell what can pass from what cannot: a certificate that is not trusted will not be at the next try either."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    where = f"{shown(url)} does not answer"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Unavailable(f"{where}: {error}", hint="name your own certificate authority's file in SSL_CERT_FILE")
    if cause is not None:
        return Unavailable(f"{where} over TLS: {error}")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.DecodingError):
        return Unavailable(f"{where}: {error}")
    return _Passing(f"{where}: {str(error) or type(error).__name__}")


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


def _certificates() -> ssl.SSLContext:
    """Trust what the environment names; httpx knows the SSL_CERT_ variables, requests' own variable is added."""
    try:
        if not os.environ.get("SSL_CERT_FILE") and (bundle := os.environ.get("REQUESTS_CA_BUNDLE")):
            return ssl.create_default_context(cafile=bundle)
        return httpx.create_ssl_context()
    except OSError as error:
        names = [name for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR") if os.environ.get(name)]
        raise ConfigError(
            f"the certificates cannot be read: {error}", hint=f"look at what {' and '.join(names) or 'certifi'} names"
        ) from error
