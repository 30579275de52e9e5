"""A loopback server that takes messages as apprise's json:// sends them, or refuses them, or never answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class Letterbox:
    """A context manager; `status` is what every message is answered with, None: nothing until the end.

    A `dripping` one sends a byte of its headers again and again, and never comes to their end.
    """

    def __init__(self, status: int | None = 200, *, dripping: bool = False) -> None:
        self.status = status
        self.dripping = dripping
        self.letters: list[dict[str, Any]] = []
        self.over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.box = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def titles(self) -> list[str]:
        """The titles of all messages, refused ones too, in the order of arrival."""
        return [letter["title"] for letter in self.letters]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    box: Letterbox
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that is killed hangs up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        box = self.server.box
        letter = json.loads(self.rfile.read(int(self.headers["content-length"])))
        box.letters.append({**letter, "path": self.path, "authorization": self.headers.get("authorization")})
        if box.dripping:
            self._drip()
        elif box.status is None:
            box.over.wait()
        else:
            self.send_response(box.status)
            self.send_header("content-length", "0")
            self.end_headers()

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.server.box.over.wait(0.1):
            self.wfile.write(b"x")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the base class
        """Keep the tests' output clean."""
