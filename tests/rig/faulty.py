"""A reverse proxy on loopback that spoils a part of the requests, by chance from a seed: before them, or after.

What is spoiled before never reaches the server; what is spoiled after was done there, and the client does not learn it.
"""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.rig.git_http import body_of

OF_ONE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})
UPSTREAM_SECONDS = 120
RETRY_AFTER = {"retry-after": "1"}


class Trouble(StrEnum):
    """What becomes of a request that is spoiled."""

    BUSY = "429"
    BROKEN = "500"
    AWAY = "503"
    DROPPED = "dropped"
    SILENT = "silent"  # nothing is said for a while, and then it hangs up
    LOST = "done and dropped"
    GATEWAY = "done and 502"


EARLY = {Trouble.BUSY: 429, Trouble.BROKEN: 500, Trouble.AWAY: 503}


@dataclass(slots=True, kw_only=True)
class Weather:
    """How many of the requests are spoiled (0 to 1), and how long a silence is, in seconds; shared by all fronts."""

    source: random.Random
    rate: float = 0.0
    silence: float = 2.0
    told: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> Trouble | None:
        """Say what becomes of the next request."""
        with self.lock:
            trouble = self.source.choice(tuple(Trouble)) if self.source.random() < self.rate else None
            self.told[trouble.value if trouble else "well"] += 1
            return trouble


class Front:
    """A context manager in front of a server on loopback; `upstream` is its `host:port`."""

    def __init__(self, upstream: str, weather: Weather) -> None:
        self.upstream, self.weather = upstream, weather
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def host(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    owner: Front
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that are killed hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names of the base class

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay quiet."""

    def _serve(self) -> None:
        weather = self.server.owner.weather
        sent = body_of(self)
        match weather.next():
            case None:
                self._passed_on(*self._asked(sent))
            case Trouble.DROPPED:
                self.close_connection = True
            case Trouble.SILENT:
                time.sleep(weather.silence)
                self.close_connection = True
            case Trouble.LOST:
                self._asked(sent)
                self.close_connection = True
            case Trouble.GATEWAY:
                self._asked(sent)
                self._refused(502, {})
            case (Trouble.BUSY | Trouble.BROKEN | Trouble.AWAY) as early:
                self._refused(EARLY[early], RETRY_AFTER if early is Trouble.BUSY else {})

    def _asked(self, sent: bytes) -> tuple[HTTPResponse, bytes]:
        host, _, port = self.server.owner.upstream.partition(":")
        connection = HTTPConnection(host, int(port), timeout=UPSTREAM_SECONDS)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_ONE_CONNECTION}
        try:
            connection.request(self.command, self.path, sent or None, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _passed_on(self, answer: HTTPResponse, body: bytes) -> None:
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_ONE_CONNECTION]
        length = answer.getheader("Content-Length", str(len(body))) if self.command == "HEAD" else str(len(body))
        self._told(answer.status, [*headers, ("Content-Length", length)], body)

    def _refused(self, status: int, headers: dict[str, str]) -> None:
        body = b'{"message": "spoiled"}'
        rows = [("Content-Type", "application/json"), *headers.items(), ("Content-Length", str(len(body)))]
        self._told(status, rows, body)

    def _told(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
