"""A double of the OSV API (`POST /v1/query`) on loopback, and pip-audit as its client.

pip-audit matches nothing itself: whether a release is affected is what the server says, and pip-audit leaves out
withdrawn records, merges aliases and lists fixes. So the double matches in the plainest way there is: a release is
affected where a record lists its version, which osv.dev works out on its own for every record of PyPI.
"""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pip_audit._audit import Auditor
from pip_audit._service.interface import Dependency, ResolvedDependency
from pip_audit._service.osv import OsvService

Pin = tuple[str, str]


class Verdict(NamedTuple):
    """What pip-audit says of a release: for each flaw its ids and the versions with the fix; or why it failed."""

    flaws: tuple[tuple[frozenset[str], frozenset[str]], ...]
    failure: str = ""

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(name for names, _ in self.flaws for name in names)


class OsvApi:
    """A context manager that serves records."""

    def __init__(self, records: Iterable[dict[str, Any]]) -> None:
        self._by_name: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            for name in {canonicalize_name(row["package"]["name"]) for row in record["affected"]}:
                self._by_name.setdefault(name, []).append(record)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1/query"

    def answer(self, query: dict[str, Any]) -> dict[str, Any]:
        """Give the records that list the version, without times: older dumps write them in another form."""
        name = query["package"]["name"]
        found = [one for one in self._by_name.get(name, []) if _lists(one, name, query["version"])]
        return {"vulns": [{**one, "published": None} for one in found]} if found else {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def audited(pins: Iterable[Pin], url: str, cache: Path) -> dict[Pin, Verdict]:
    """Let pip-audit audit each release by itself, as what it cannot read ends its whole run."""
    service = OsvService(cache_dir=cache, timeout=30, osv_url=url)
    with service.session:
        return {pin: _audited(service, pin) for pin in pins}


def _audited(service: OsvService, pin: Pin) -> Verdict:
    try:
        ((_, found),) = Auditor(service).audit(_Pins([pin]))
    except (InvalidVersion, StopIteration, RuntimeError) as error:
        return Verdict((), f"pip-audit fails: {type(error).__name__}: {error}")
    return Verdict(tuple((frozenset({one.id, *one.aliases}), frozenset(map(str, one.fix_versions))) for one in found))


class _Pins:
    """What an Auditor takes for a file of requirements."""

    def __init__(self, pins: Sequence[Pin]) -> None:
        self._pins = pins

    def collect(self) -> Iterator[Dependency]:
        return (ResolvedDependency(name=name, version=Version(version)) for name, version in self._pins)


def _lists(record: dict[str, Any], name: str, version: str) -> bool:
    wanted = Version(version)
    rows = (row for row in record["affected"] if canonicalize_name(row["package"]["name"]) == name)
    return any(one == version or _version(one) == wanted for row in rows for one in row.get("versions", []))


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


class _Server(ThreadingHTTPServer):
    owner: OsvApi
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes, and each would wait for the other side

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps(self.server.owner.answer(query)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the base class
        """Keep the tests' output clean."""
