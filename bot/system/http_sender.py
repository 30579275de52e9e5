"""One request at a time over httpx, which is imported here and nowhere else; `bot.system.http` has the patience."""

import hashlib
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import BinaryIO, TypeVar

import httpx

from bot.errors import ConfigError, StoreError, Unavailable
from bot.system.http_messages import BODY_BYTES, DOWNLOAD_SECONDS, TOTAL_SECONDS, Answer, Ask, Passing, Route
from bot.system.urls import shown

Cause = TypeVar("Cause", bound=BaseException)

USER_AGENT = "quarterdeck"
CONNECT_SECONDS = 10.0
CONNECTIONS = 6  # small servers queue five and drop what does not fit, which costs each a second before it tries again


class Sender:
    """A pool of connections; safe to use from several threads. `checked`: certificates are looked at.

    Raises ConfigError where the route's certificates or proxy cannot be used.
    """

    def __init__(self, route: Route, *, checked: bool, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._client = httpx.Client(
            verify=_certificates(route.cafile) if checked else _no_certificates(),
            proxy=_proxy(route.proxy) if route.proxy else None,
            timeout=httpx.Timeout(route.read_seconds, connect=CONNECT_SECONDS, pool=None),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            follow_redirects=False,
            headers={"user-agent": USER_AGENT, "accept-encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, ask: Ask) -> Answer:
        """Send one request and read at most one chunk more than the limit; raises Passing where a retry may help."""
        try:
            with self._client.stream(ask.method, ask.url, headers=dict(ask.headers)) as response:
                headers = {name.lower(): text for name, text in response.headers.items()}
                status, url = response.status_code, str(response.url)
                self._announced(ask, headers.get("content-length", ""))
                if ask.reader and status == httpx.codes.OK:
                    ask.reader(self._chunks(ask, response))
                    return Answer(status=status, headers=headers, body=b"", url=url)
                if ask.target and status == httpx.codes.OK:
                    return Answer(status=status, headers=headers, body=b"", url=url, sha256=self._save(ask, response))
                if ask.target or ask.reader:  # the limit is that of a file, and this is only a refusal's text
                    ask = replace(ask, limit=min(ask.limit, BODY_BYTES))
                return Answer(status=status, headers=headers, body=self._read(ask, response), url=url)
        except httpx.InvalidURL as error:
            raise Unavailable(f"{shown(ask.url)} is not an address that can be asked: {error}") from error
        except httpx.HTTPError as error:
            raise _no_answer(ask.url, error) from error

    def _chunks(self, ask: Ask, response: httpx.Response) -> Iterator[bytes]:
        """Give the body as the server has it, within the limits."""
        size = 0
        for chunk in response.iter_raw():
            size += len(chunk)
            self._bounded(ask, size)
            yield chunk

    def _announced(self, ask: Ask, length: str) -> None:
        """Refuse a body that is announced as too large before any of it is read; a HEAD's has none."""
        if ask.method != "HEAD" and length.isascii() and length.isdigit():
            self._bounded(ask, int(length))

    def _read(self, ask: Ask, response: httpx.Response) -> bytes:
        # httpx undoes compression for chunks of 64 KiB, so a gzip bomb costs 64 MiB at most before it is noticed here
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            self._bounded(ask, len(body))
        return bytes(body)

    def _save(self, ask: Ask, response: httpx.Response) -> str:
        """Write the body to the file and give its sha256."""
        try:
            with Path(ask.target or "").open("wb") as file:
                return self._copy(ask, response, file)
        except OSError as error:
            raise StoreError(
                f"{shown(ask.url)} cannot be kept: {error.strerror}", hint="make room in the data folder"
            ) from error

    def _copy(self, ask: Ask, response: httpx.Response, file: BinaryIO) -> str:
        digest = hashlib.sha256()
        for chunk in self._chunks(ask, response):
            digest.update(chunk)
            file.write(chunk)
        return digest.hexdigest()

    def _bounded(self, ask: Ask, size: int) -> None:
        if size > ask.limit:
            raise Unavailable(f"{shown(ask.url)} answers with more than the {ask.limit} bytes that are read of it")
        if self._monotonic() > ask.until:
            seconds = DOWNLOAD_SECONDS if ask.target or ask.reader else TOTAL_SECONDS
            raise Unavailable(f"{shown(ask.url)} was still sending after {seconds:.0f} seconds")


def _no_answer(url: str, error: httpx.HTTPError) -> Exception:
    """Tell what can pass from what cannot: a certificate that is not trusted will not be at the next try either."""
    where = f"{shown(url)} does not answer"
    unknown = _caused(error, socket.gaierror)
    if unknown is not None and unknown.errno == socket.EAI_NONAME:
        return Unavailable(f"{where}: {error}")  # no server has that name, which half a second will not change
    cause = _caused(error, ssl.SSLError)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Unavailable(f"{where}: {error}", hint="name your own certificate authority's file in SSL_CERT_FILE")
    if cause is not None:
        return Unavailable(f"{where} over TLS: {error}")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.DecodingError):
        return Unavailable(f"{where}: {error}")
    return Passing(f"{where}: {str(error) or type(error).__name__}")


def _caused(error: BaseException, kind: type[Cause]) -> Cause | None:
    """Find an error of a kind among those that led to this one."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, kind):
        cause = cause.__cause__ or cause.__context__
    return cause


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
