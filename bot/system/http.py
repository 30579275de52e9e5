"""HTTP for everything that reads: time limits, byte limits, bounded redirects, patience with servers that are busy.

A 2xx, 3xx without a place to go, or 4xx (but 429) comes back as an Answer. `Unavailable` is raised where there is no
answer, where a server error stays, where a limit is passed, and where 429 asks for more patience than we have.
"""

import hashlib
import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urlsplit

import httpx

from bot.errors import ConfigError, StoreError, Unavailable
from bot.system.clock import system_clock
from bot.system.urls import origin, redirected, shown

USER_AGENT = "quarterdeck"
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 300.0  # for one call with its redirects and retries: a server that drips bytes ends here
DOWNLOAD_SECONDS = 900.0  # the same for a file
BODY_BYTES = 32 * 1024 * 1024
REDIRECTS = 5
CONNECTIONS = 6  # small servers queue five and drop what does not fit, which costs each a second before it tries again
PAUSES_SECONDS = (0.5, 1.0, None)  # after each try, times 0.5 to 1.5; nothing is tried after the last
PATIENCE_SECONDS = 10.0  # the longest Retry-After that is waited out here
BUSY = frozenset({429, 502, 503, 504})
MOVED = frozenset({301, 302, 303, 307, 308})
NO_HEADERS: Mapping[str, str] = {}
JITTER = random.SystemRandom().random


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How servers are reached, where it is not as the environment says.

    `cafile` is a file or folder with the certificates that are trusted, `proxy` an address (its `http://` may be
    missing) that may hold a password. Certificates of `insecure_hosts` (`host` or `host:port`) are not looked at.
    `read_seconds` is the longest wait for the next byte.
    """

    cafile: str | None = None
    proxy: str | None = field(default=None, repr=False)
    insecure_hosts: frozenset[str] = frozenset()
    read_seconds: float = READ_SECONDS


ORDINARY = Route()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered: header names are in lower case, `url` is where the last redirect led.

    `sha256` (hex) is that of a downloaded file, whose bytes are not in `body`; "" for every other answer.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    method: str
    url: str
    headers: Mapping[str, str]
    limit: int
    until: float
    target: Path | None = None


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
        self._clients: dict[bool, httpx.Client] = {}  # by whether certificates are looked at

    def get(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, limit: int = BODY_BYTES, plain: Collection[str] = ()
    ) -> Answer:
        """Read a resource of at most `limit` bytes; a redirect to plain http is followed only to `plain` hosts.

        `plain` holds `host` or `host:port`. Authorization is dropped as soon as scheme, host or port changes.
        """
        until = self._monotonic() + TOTAL_SECONDS
        return self._follow(_Ask(method="GET", url=url, headers=headers, limit=limit, until=until), plain)

    def head(self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, plain: Collection[str] = ()) -> Answer:
        """Ask for the headers only; everything else is as with `get`."""
        until = self._monotonic() + TOTAL_SECONDS
        return self._follow(_Ask(method="HEAD", url=url, headers=headers, limit=0, until=until), plain)

    def download(self, url: str, target: Path, *, limit: int, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """Write a resource of at most `limit` bytes to `target` as the server has it, without undoing compression.

        The file is written where the answer is 200, and is whole only where nothing is raised: rename it then.
        Raises StoreError where it cannot be written; everything else is as with `get`.
        """
        until = self._monotonic() + DOWNLOAD_SECONDS
        raw = {**headers, "Accept-Encoding": "identity"}
        return self._follow(_Ask(method="GET", url=url, headers=raw, limit=limit, until=until, target=target), ())

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _follow(self, ask: _Ask, plain: Collection[str]) -> Answer:
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
        client = self._open(ask.url)
        with self._lock:
            self.requests += 1
        try:
            with client.stream(ask.method, ask.url, headers=dict(ask.headers)) as response:
                headers = {name.lower(): text for name, text in response.headers.items()}
                status, url = response.status_code, str(response.url)
                if ask.target and status == httpx.codes.OK:
                    return Answer(status=status, headers=headers, body=b"", url=url, sha256=self._save(ask, response))
                return Answer(status=status, headers=headers, body=self._read(ask, response), url=url)
        except httpx.InvalidURL as error:
            raise Unavailable(f"{shown(ask.url)} is not an address that can be asked: {error}") from error
        except httpx.HTTPError as error:
            raise _no_answer(ask.url, error) from error

    def _read(self, ask: _Ask, response: httpx.Response) -> bytes:
        # httpx undoes compression for chunks of 64 KiB, so a gzip bomb costs 64 MiB at most before it is noticed here
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            self._bounded(ask, len(body))
        return bytes(body)

    def _save(self, ask: _Ask, response: httpx.Response) -> str:
        """Write the body to the file and give its sha256."""
        try:
            with Path(ask.target or "").open("wb") as file:
                return self._copy(ask, response, file)
        except OSError as error:
            raise StoreError(
                f"{shown(ask.url)} cannot be kept: {error.strerror}", hint="make room in the data folder"
            ) from error

    def _copy(self, ask: _Ask, response: httpx.Response, file: BinaryIO) -> str:
        digest, size = hashlib.sha256(), 0
        for chunk in response.iter_raw():
            size += len(chunk)
            self._bounded(ask, size)
            digest.update(chunk)
            file.write(chunk)
        return digest.hexdigest()

    def _bounded(self, ask: _Ask, size: int) -> None:
        if size > ask.limit:
            raise Unavailable(f"{shown(ask.url)} answers with more than the {ask.limit} bytes that are read of it")
        if self._monotonic() > ask.until:
            seconds = DOWNLOAD_SECONDS if ask.target else TOTAL_SECONDS
            raise Unavailable(f"{shown(ask.url)} was still sending after {seconds:.0f} seconds")

    def _checked(self, ask: _Ask, answer: Answer) -> Answer:
        message = f"{shown(ask.url)} answers {answer.status}"
        if answer.status in BUSY:
            raise _Passing(message, _retry_after(answer.headers.get("retry-after", ""), self._clock()))
        if answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(message)
        return answer

    def _open(self, url: str) -> httpx.Client:
        checked = not self._is_insecure(url)
        with self._lock:
            if checked not in self._clients:
                self._clients[checked] = self._client(checked=checked)
            return self._clients[checked]

    def _client(self, *, checked: bool) -> httpx.Client:
        return httpx.Client(
            verify=_certificates(self._route.cafile) if checked else _no_certificates(),
            proxy=_proxy(self._route.proxy) if self._route.proxy else None,
            timeout=httpx.Timeout(self._route.read_seconds, connect=CONNECT_SECONDS, pool=None),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            follow_redirects=False,
            headers={"user-agent": USER_AGENT, "accept-encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def _is_insecure(self, url: str) -> bool:
        hosts = self._route.insecure_hosts
        try:
            parts = urlsplit(url)
            names = {parts.hostname, f"{parts.hostname}:{parts.port}"}
        except ValueError:
            return False
        return any(host.lower() in names for host in hosts)


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


def _proxy(address: str) -> httpx.Proxy:
    """Read a proxy's address as pip does: without a scheme it is plain http."""
    try:
        return httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL) as error:
        raise ConfigError("the proxy's address cannot be used", hint="see `pip config get global.proxy`") from error


def _no_certificates() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _certificates(cafile: str | None) -> ssl.SSLContext:
    """Trust what is named, else what the environment names.

    httpx knows the SSL_CERT_ variables, requests' own variable is added.
    """
    try:
        if cafile is not None:
            return _trusting(cafile)
        if not os.environ.get("SSL_CERT_FILE") and (bundle := os.environ.get("REQUESTS_CA_BUNDLE")):
            return ssl.create_default_context(cafile=bundle)
        return httpx.create_ssl_context()
    except OSError as error:
        names = [name for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR") if os.environ.get(name)]
        named = cafile or " and ".join(names) or "certifi"
        raise ConfigError(f"the certificates cannot be read: {error}", hint=f"look at what {named} names") from error


def _trusting(cafile: str) -> ssl.SSLContext:
    if Path(cafile).is_dir():
        return ssl.create_default_context(capath=cafile)
    return ssl.create_default_context(cafile=cafile)
