"""A local Python package index: real HTTP on a loopback port, distributions made on the fly, a log of every request.

    with LocalIndex() as index:
        index.add("web", "1.0", requires=("db>=2",))
        run(["pip", "download", "--index-url", index.url, "web"])
        assert index.count(r"^/simple/web/") == 1

It serves PEP 503 HTML or PEP 691 JSON by `Accept`, PEP 700 upload times, PEP 658/714 metadata and PEP 592 yanks.
"""

import base64
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.rig.distributions import Distribution, metadata, sdist, wheel
from tests.rig.index_pages import (
    PageOptions,
    ServedFile,
    legacy_json,
    project_html,
    project_json,
    root_html,
    root_json,
)  # fmt: skip

UPLOADED = datetime(2024, 1, 1, tzinfo=UTC)
JSON_TYPE = "application/vnd.pypi.simple.v1+json"
KEPT_HEADERS = ("accept", "authorization", "if-modified-since", "if-none-match", "range", "user-agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it arrived (header names in lower case) and the status that it was answered with."""

    method: str
    path: str
    headers: Mapping[str, str]
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the server."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Scripted:
    pattern: str
    reply: Reply | None
    delay: float = 0.0
    left: int | None = None


class LocalIndex:
    """The index; every switch may be flipped while it runs.

    `html_only`, `no_upload_times`, `no_core_metadata` drop what older indexes lack; `json_api` answers
    `/NAME/json` (where pip-tools looks) and `/pypi/NAME/json`; `vulnerabilities` are what `/pypi/NAME/VERSION/json`
    says of a release, and `speechless` takes that address away; `credentials` asks for Basic authentication;
    `page_caching` and `file_caching` are what Cache-Control says of pages and of files (never the same name twice).
    """

    def __init__(
        self,
        *,
        html_only: bool = False,
        no_upload_times: bool = False,
        no_core_metadata: bool = False,
        json_api: bool = False,
        credentials: tuple[str, str] | None = None,
    ) -> None:
        self.html_only = html_only
        self.no_upload_times = no_upload_times
        self.no_core_metadata = no_core_metadata
        self.json_api = json_api
        self.credentials = credentials
        self.speechless = False
        self.vulnerabilities: dict[tuple[str, str], list[dict[str, object]]] = {}
        self.page_caching = "max-age=0"
        self.file_caching = "max-age=31536000, immutable"
        self.log: list[Request] = []
        self._files: dict[str, ServedFile] = {}
        self._scripted: list[_Scripted] = []
        self._lies: list[str] = []
        self._lock = threading.RLock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def base(self) -> str:
        """The server's address without a path."""
        return f"http://{self.host}"

    @property
    def url(self) -> str:
        """The index URL, without credentials."""
        return f"{self.base}/simple"

    @property
    def url_with_credentials(self) -> str:
        """The index URL with user name and password in it."""
        user, password = self.credentials or ("", "")
        return f"http://{user}:{password}@{self.host}/simple"

    def add(
        self,
        name: str,
        version: str,
        *,
        requires: Sequence[str] = (),
        requires_python: str | None = None,
        uploaded_at: datetime | None = UPLOADED,
        yanked: bool | str = False,
        extras: Mapping[str, Sequence[str]] | None = None,
        files: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
        tag: str = "py3-none-any",
        wheel: bool = True,
        sdist: bool = False,
        build_code: str = "",
    ) -> None:
        """Publish a version; calling again with another `tag` adds a file to it.

        `files` maps further paths inside the wheel to their text, `links` labels to project URLs; `build_code` runs when the sdist is built.
        """
        what = Distribution(
            name=name, version=version, requires=tuple(requires), requires_python=requires_python,
            extras=extras or {}, files=files or {}, links=links or {}, tag=tag, build_code=build_code,
        )  # fmt: skip
        served = ServedFile(
            name=canonicalize_name(name), version=version, filename="", data=b"", metadata=None,
            requires_python=requires_python, uploaded_at=uploaded_at, yanked=yanked,
        )  # fmt: skip
        for made in _make(what, served, with_wheel=wheel, with_sdist=sdist):
            with self._lock:
                self._files[made.filename] = made

    def remove(self, name: str, version: str | None = None) -> None:
        """Take a version (None: the whole project) off the index."""
        with self._lock:
            for file in self._of(name, version):
                del self._files[file.filename]

    def yank(self, name: str, version: str, *, reason: bool | str = True) -> None:
        """Yank all files of a version, with a reason or without; False takes it back."""
        with self._lock:
            for file in self._of(name, version):
                self._files[file.filename] = replace(file, yanked=reason)

    def answer(self, pattern: str, reply: Reply, *, times: int | None = None) -> None:
        """Answer paths that match the regular expression with `reply`, the next `times` times (None: always)."""
        self._scripted.append(_Scripted(pattern=pattern, reply=reply, left=times))

    def fail(
        self, pattern: str, status: int, *, times: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer paths that match the regular expression with an error status."""
        self.answer(pattern, Reply(status=status, body=b"no", headers=headers or {}), times=times)

    def slow(self, pattern: str, seconds: float) -> None:
        """Wait before answering paths that match the regular expression."""
        self._scripted.append(_Scripted(pattern=pattern, reply=None, delay=seconds))

    def lie(self, pattern: str) -> None:
        """Give wrong sha256 values for files whose name matches; `x.whl.metadata` is a name too."""
        self._lies.append(pattern)

    def heal(self) -> None:
        """Forget all failures, delays and lies."""
        self._scripted.clear()
        self._lies.clear()

    def count(self, pattern: str, *, status: int | None = None) -> int:
        """Count the logged requests whose path matches, with this status if one is given."""
        with self._lock:
            return sum(
                1 for entry in self.log if re.search(pattern, entry.path) and status in {None, entry.status}
            )  # fmt: skip

    def digest(self, filename: str, data: bytes) -> str:
        """Give the sha256 (hex) that the index claims for a file."""
        prefix = b"a lie" if any(re.search(pattern, filename) for pattern in self._lies) else b""
        return hashlib.sha256(prefix + data).hexdigest()

    def sha256(self, filename: str) -> str:
        """Give the true sha256 (hex) of a served file."""
        return hashlib.sha256(self._files[filename].data).hexdigest()

    def respond(self, method: str, path: str, headers: Mapping[str, str]) -> Reply:
        """Answer one request and log it; the server's threads call this."""
        reply = self._scripted_reply(path) or self._guarded(path, headers)
        with self._lock:
            self.log.append(Request(method=method, path=path, headers=headers, status=reply.status))
        return reply

    def _scripted_reply(self, path: str) -> Reply | None:
        for entry in self._scripted:
            if entry.left == 0 or not re.search(entry.pattern, path):
                continue
            time.sleep(entry.delay)
            if entry.left is not None:
                entry.left -= 1
            if entry.reply is not None:
                return entry.reply
        return None

    def _guarded(self, path: str, headers: Mapping[str, str]) -> Reply:
        if self.credentials is not None:
            expected = "Basic " + base64.b64encode(":".join(self.credentials).encode()).decode()
            if headers.get("authorization") != expected:
                return Reply(status=401, body=b"who are you?", headers={"WWW-Authenticate": 'Basic realm="index"'})
        with self._lock:
            found = self._find(path, headers)
        if found.status != 200:
            return found
        etag = f'"{hashlib.sha256(found.body).hexdigest()[:32]}"'
        policy = self.file_caching if path.startswith("/files/") else self.page_caching
        caching = {"ETag": etag, "Cache-Control": policy, "Vary": "Accept"}
        if headers.get("if-none-match") == etag:
            return Reply(status=304, headers=caching)
        return replace(found, headers=caching)

    def _find(self, path: str, headers: Mapping[str, str]) -> Reply:
        as_json = not self.html_only and JSON_TYPE in headers.get("accept", "")
        match [part for part in unquote(urlsplit(path).path).split("/") if part]:
            case ["simple"]:
                return self._root(as_json=as_json)
            case ["simple", name]:
                return self._project(name, path, as_json=as_json)
            case ["files", filename]:
                return self._file(filename)
            case [name, "json"] | ["pypi", name, "json"] if self.json_api and self._of(name):
                body = legacy_json(name, self._of(name), self._options())
                return Reply(body=body, content_type="application/json")
            case ["pypi", name, version, "json"] if not self.speechless and self._of(name, version):
                return Reply(body=self._release(name, version), content_type="application/json")
        return Reply(status=404, body=b"not found")

    def _release(self, name: str, version: str) -> bytes:
        said = self.vulnerabilities.get((canonicalize_name(name), version), [])
        info = {"name": name, "version": version}
        return json.dumps({"info": info, "urls": [], "vulnerabilities": said}).encode()

    def _root(self, *, as_json: bool) -> Reply:
        names = sorted({file.name for file in self._files.values()})
        if as_json:
            return Reply(body=root_json(names), content_type=JSON_TYPE)
        return Reply(body=root_html(names), content_type="text/html; charset=utf-8")

    def _project(self, name: str, path: str, *, as_json: bool) -> Reply:
        normal = canonicalize_name(name)
        files = self._of(normal)
        if not files:
            return Reply(status=404, body=b"no such project")
        if urlsplit(path).path != f"/simple/{normal}/":
            return Reply(status=301, headers={"Location": f"/simple/{normal}/"})
        if as_json:
            return Reply(body=project_json(normal, files, self._options()), content_type=JSON_TYPE)
        return Reply(body=project_html(normal, files, self._options()), content_type="text/html; charset=utf-8")

    def _file(self, filename: str) -> Reply:
        if filename in self._files:
            return Reply(body=self._files[filename].data, content_type="application/octet-stream")
        file = self._files.get(filename.removesuffix(".metadata"))
        if file is None or file.metadata is None or self.no_core_metadata:
            return Reply(status=404, body=b"no such file")
        return Reply(body=file.metadata, content_type="application/octet-stream")

    def _of(self, name: str, version: str | None = None) -> list[ServedFile]:
        normal = canonicalize_name(name)
        found = [file for file in self._files.values() if file.name == normal and version in {None, file.version}]
        return sorted(found, key=lambda file: (Version(file.version), file.filename))

    def _options(self) -> PageOptions:
        return PageOptions(
            base=self.base, digest=self.digest,
            upload_times=not self.no_upload_times, core_metadata=not self.no_core_metadata,
        )  # fmt: skip


def _make(what: Distribution, served: ServedFile, *, with_wheel: bool, with_sdist: bool) -> Iterator[ServedFile]:
    if with_wheel:
        yield replace(served, filename=what.wheel_name, data=wheel(what), metadata=metadata(what))
    if with_sdist:
        yield replace(served, filename=what.sdist_name, data=sdist(what))


class _Server(ThreadingHTTPServer):
    """Threads per connection; all connections end with the server, so that nothing outlives a test."""

    daemon_threads = True

    def __init__(self, index: LocalIndex) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.index = index
        self._open: set[socket.socket] = set()

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if isinstance(request, socket.socket):
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients hang up whenever they like."""

    def server_close(self) -> None:
        super().server_close()
        for connection in tuple(self._open):
            with suppress(OSError):  # the other side or the handler was faster
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60
    server: _Server

    def do_GET(self) -> None:
        headers = {name: self.headers[name] for name in KEPT_HEADERS if name in self.headers}
        reply = self.server.index.respond(self.command, self.path, headers)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 304:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD" and reply.status != 304:
            self.wfile.write(reply.body)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Keep quiet: `LocalIndex.log` is the log."""


@pytest.fixture
def local_index() -> Iterator[LocalIndex]:
    """Give an empty index that lives as long as the test."""
    with LocalIndex() as index:
        yield index
