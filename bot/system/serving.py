"""A small HTTP/1.1 server for our own children: on a loopback port and on a unix socket, a thread per connection.

It reads GET, HEAD and CONNECT without bodies, in origin and in absolute form (RFC 9112, 3.2), keeps connections
open, and hands every request to one function. Nothing but loopback and the socket's private folder is listened on.
"""

import re
import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from bot.errors import StoreError

LINE_BYTES = 16 * 1024
HEADERS = 100
IDLE_SECONDS = 60.0
CLOSING_SECONDS = 5.0  # for answers that are under way when the server closes
UNFIT = re.compile(r"[^\x21-\x7e]+")  # for a status line
REASON_CHARACTERS = 200
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names are in lower case, `target` stands as it was sent."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: `body`, or an open file, of which a client may ask a range and which is closed when it is sent.

    `reason` is shown in the status line, where pip quotes it; "" for the usual words.
    """

    status: int
    body: bytes = b""
    file: BinaryIO | None = None
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Server:
    """Serves from `start` to `close`; `answer` is called from several threads at once and must not raise."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self._answer = answer
        self._stack = ExitStack()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._closing = False

    def start(self) -> None:
        """Listen; raises StoreError where that is impossible."""
        try:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="quarterdeck-")))  # mode 0700
            self._path = folder / "http"
            tcp = self._stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
            unix = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            unix.bind(str(self._path))
            unix.listen(128)
        except OSError as error:
            self._stack.close()
            raise StoreError(f"no local server can be started: {error}", hint="look at TMPDIR: is it short?") from error
        self._port: int = tcp.getsockname()[1]
        self._bell, listening = socket.socketpair()
        self._stack.enter_context(self._bell)
        self._accepting = threading.Thread(
            target=self._accept, args=(tcp, unix, listening), name="gate", daemon=True
        )  # fmt: skip
        self._accepting.start()

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._port

    @property
    def path(self) -> Path:
        """The unix stream socket, in a folder that only we may enter."""
        return self._path

    def close(self) -> None:
        """Stop listening, cut what is open, and wait a little for threads that still have an answer in their hands."""
        self._closing = True
        self._bell.close()
        self._accepting.join()
        with self._lock:
            left = dict(self._open)
        for connection in left:
            with suppress(OSError):  # the other side was faster
                connection.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + CLOSING_SECONDS
        for thread in left.values():
            thread.join(max(0.0, until - time.monotonic()))
        self._stack.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self, tcp: socket.socket, unix: socket.socket, bell: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, bell:
            for listener in (tcp, unix, bell):
                selector.register(listener, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if bell in ready:
                    return
                for listener in (tcp, unix):
                    if listener in ready:
                        self._take(listener)

    def _take(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # the client is gone already, or we have no descriptor for it: it will see that
            time.sleep(0.01)
            return
        thread = threading.Thread(target=self._serve, args=(connection,), name="gate connection", daemon=True)
        with self._lock:
            self._open[connection] = thread
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # clients hang up whenever they like
            connection.settimeout(IDLE_SECONDS)
            if connection.family == socket.AF_INET:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection.makefile("rb") as stream:
                while not self._closing and self._exchange(connection, stream):
                    pass
        with self._lock:
            self._open.pop(connection, None)

    def _exchange(self, connection: socket.socket, stream: BinaryIO) -> bool:
        """Answer one request; say whether the connection can be used for another."""
        try:
            request = _read(stream)
        except ValueError as error:
            _send(connection, Reply(status=400, reason=str(error)), head=False, last=True)
            return False
        if request is None:
            return False
        reply = self._answer(request)
        with ExitStack() as stack:
            if reply.file is not None:
                stack.enter_context(reply.file)
            last = request.headers.get("connection", "").lower() == "close" or request.method == "CONNECT"
            _send(connection, _ranged(request, reply), head=request.method == "HEAD", last=last)
        return not last


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The bytes of a file from `start`, `length` of them."""

    reply: Reply
    start: int
    length: int


def _read(stream: BinaryIO) -> Request | None:
    """Read a request; None where the client has none any more, ValueError where it is not one for us."""
    line = _line(stream)
    if not line:
        return None
    words = line.split(" ")
    if len(words) != 3 or words[2] not in {"HTTP/1.1", "HTTP/1.0"}:  # noqa: PLR2004 - method, target, version
        raise ValueError("this is no HTTP/1.1 request")
    headers = dict(_headers(stream))
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise ValueError("requests with a body are not served here")
    if words[2] == "HTTP/1.0":
        headers["connection"] = "close"
    return Request(method=words[0], target=words[1], headers=headers)


def _headers(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    for _ in range(HEADERS):
        line = _line(stream)
        if not line:
            return
        name, _, text = line.partition(":")
        yield name.lower(), text.strip()
    raise ValueError("too many headers")


def _line(stream: BinaryIO) -> str:
    line = stream.readline(LINE_BYTES)
    if len(line) == LINE_BYTES:
        raise ValueError("a line of the request is too long")
    return line.decode("latin-1").rstrip("\r\n")


def _ranged(request: Request, reply: Reply) -> Reply | _Part:
    """Choose the range of a file that is asked for (RFC 9110, 14.2: one range; others are answered whole)."""
    if reply.file is None or reply.status != HTTPStatus.OK:
        return reply
    size = reply.file.seek(0, 2)
    headers = {**reply.headers, "Accept-Ranges": "bytes"}
    asked = RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or asked.group() == "bytes=-":
        return _Part(reply=_with(reply, HTTPStatus.OK, headers), start=0, length=size)
    first, last = asked.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        headers["Content-Range"] = f"bytes */{size}"
        return Reply(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return _Part(reply=_with(reply, HTTPStatus.PARTIAL_CONTENT, headers), start=start, length=end - start + 1)


def _with(reply: Reply, status: int, headers: Mapping[str, str]) -> Reply:
    return Reply(status=status, file=reply.file, headers=headers)


def _send(connection: socket.socket, reply: Reply | _Part, *, head: bool, last: bool) -> None:
    match reply:
        case _Part(reply=whole, start=start, length=length):
            connection.sendall(_head(whole, length, last=last))
            if whole.file is not None and not head and length:
                whole.file.seek(start)
                connection.sendfile(whole.file, start, length)
        case Reply(body=body):
            text = _head(reply, len(body), last=last)
            connection.sendall(text if head or reply.status == HTTPStatus.NOT_MODIFIED else text + body)


def _head(reply: Reply, length: int, *, last: bool) -> bytes:
    words = UNFIT.sub(" ", reply.reason)[:REASON_CHARACTERS].strip() or HTTPStatus(reply.status).phrase
    lines = [f"HTTP/1.1 {int(reply.status)} {words}"]
    lines += [f"{name}: {text}" for name, text in reply.headers.items()]
    if reply.status != HTTPStatus.NOT_MODIFIED:
        lines.append(f"Content-Length: {length}")
    if last:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
