"""Real git over HTTP for tests: `git http-backend` as CGI over a folder of bare repositories, on loopback.

The server only carries bytes; everything that git says, git itself says. Like the big forges it offers partial
clones, lets any commit be fetched by its id, and takes pushes; it asks for a token where it has one.
"""

import base64
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

GIT_SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "safe.directory": "*",
    "gc.auto": "0",
    "receive.autogc": "false",
}
BACKEND_TIMEOUT = 120


class GitRequest(NamedTuple):
    """One request as it came in; `query` is the raw text after the question mark."""

    method: str
    path: str
    query: str


class GitHttpServer:
    """A context manager that serves `root/owner/name.git` at `{url}/owner/name.git`.

    With a `token` every request must carry it as the password of Basic auth, under any user name; the rest is
    answered 401, unless `admits` says of the path and the password that it may. `log` holds every request in the order of arrival, the refused ones too.
    """

    def __init__(
        self, root: Path, token: str | None = None, *, admits: Callable[[str, str], bool] = lambda _path, _given: False
    ) -> None:
        self.root = root
        self.token = token
        self.admits = admits
        self.log: list[GitRequest] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @cached_property
    def backend(self) -> str:
        """Where git keeps its CGI program."""
        where = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
        return str(Path(where.stdout.strip()) / "git-http-backend")

    def environment(self) -> dict[str, str]:
        """Give the CGI program's environment, without anything of the person who runs the tests."""
        settings = {"GIT_CONFIG_COUNT": str(len(GIT_SETTINGS))}
        for position, (key, value) in enumerate(GIT_SETTINGS.items()):
            settings |= {f"GIT_CONFIG_KEY_{position}": key, f"GIT_CONFIG_VALUE_{position}": value}
        return {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **settings,
        }


class _Server(ThreadingHTTPServer):
    owner: GitHttpServer
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    """Carries one connection's requests to the CGI program and its answers back."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay quiet: `log` has it."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        self.server.owner.log.append(GitRequest(self.command, parts.path, parts.query))
        body = body_of(self)
        if not self._allowed():
            self._answer(401, {"WWW-Authenticate": 'Basic realm="git"', "Content-Type": "text/plain"}, b"no\n")
            return
        finished = subprocess.run(
            [self.server.owner.backend],
            input=body,
            capture_output=True,
            env=self._environment(len(body)),
            timeout=BACKEND_TIMEOUT,
            check=False,
        )
        self._answer(*_parsed(finished.stdout))

    def _allowed(self) -> bool:
        token = self.server.owner.token
        if token is None:
            return True
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        given = base64.b64decode(value).decode().partition(":")[2] if scheme.lower() == "basic" else ""
        return bool(given) and (given == token or self.server.owner.admits(self.path, given))

    def _environment(self, length: int) -> dict[str, str]:
        """Translate the request as CGI asks for it (RFC 3875, section 4.1); git unpacks gzip bodies itself."""
        parts = urlsplit(self.path)
        cgi = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "tester",
        }
        protocol = self.headers.get("Git-Protocol")
        return self.server.owner.environment() | cgi | ({"GIT_PROTOCOL": protocol} if protocol else {})

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _parsed(output: bytes) -> tuple[int, dict[str, str], bytes]:
    """Take a CGI answer apart: header lines, an empty line, the body (RFC 3875, section 6)."""
    head, _, body = output.partition(b"\r\n\r\n")
    headers = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n") if b": " in line)
    status = headers.pop("Status", "200 OK" if headers else "500 Internal Server Error")
    return int(status.split()[0]), headers, body


def body_of(request: BaseHTTPRequestHandler) -> bytes:
    """Read a request's body: of a known length, or in chunks (git's way for large packs)."""
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length", "0")))
    chunks = []
    while size := int(request.rfile.readline().split(b";")[0], 16):
        chunks.append(request.rfile.read(size))
        request.rfile.readline()
    while request.rfile.readline().strip():
        pass
    return b"".join(chunks)
