"""One resolver child's view of the package indexes, and what became of it."""

import secrets
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from bot.adapters.indexes.places import Place, set_name
from bot.errors import BotError
from bot.formats import index_answers
from bot.formats.index_answers import Listed
from bot.model.releases import IndexView
from bot.system.http import DOWNLOAD_SECONDS
from bot.system.redaction import known

FAULTS_ENOUGH = 3  # then nothing more is asked for a session: its result is of no use, and each failure takes its time
HOST = "index.invalid"  # RFC 6761: a name that no resolver of names will ever know


class GateSession:
    """What one resolver child sees, and what became of it; made by `Gate.session`."""

    def __init__(
        self,
        view: IndexView,
        places: tuple[Place, ...],
        listing: Callable[["GateSession", str], Iterable[Listed]],
        *,
        port: int,
        socket: Path,
    ) -> None:
        self._listing = listing
        self.token = secrets.token_urlsafe(24)
        known(self.token, passing=True)
        self.port = port
        self.socket = socket
        self.places = places
        self.set = set_name(places)
        self.cutoff = view.cutoff.timestamp() if view.cutoff else None
        self.sdists = view.sdists
        self.free = view.free
        self._banned: dict[str, set[str]] = {}
        for name, version in view.banned:
            self._banned.setdefault(name, set()).add(index_answers.version_key(version))
        self._visible: dict[str, dict[str, str]] = {}
        for name, version in view.visible:
            self._visible.setdefault(name, {})[index_answers.version_key(version)] = version
        self._lock = threading.Lock()
        self._faults: dict[str, BotError] = {}
        self._failed: dict[str, BotError] = {}
        self._timeless: set[str] = set()
        self._young: set[str] = set()
        self._missing: set[str] = set()
        self._exempted: set[tuple[str, str]] = set()

    @property
    def index_url(self) -> str:
        """The index as the child sees it."""
        return f"http://{HOST}/{self.set}/simple/"

    @property
    def proxy(self) -> str:
        """The proxy's address, for a child that reaches our loopback."""
        return self._proxy(self.port)

    def environment(self, *, port: int | None = None) -> dict[str, str]:
        """Give the variables that a child needs, and no others; `port` where it reaches us through a relay."""
        proxy = self._proxy(port or self.port)
        seconds = f"{DOWNLOAD_SECONDS:.0f}"  # longer than any answer takes: whoever waits shorter blames the wrong one
        return {
            "HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": "",
            "PIP_INDEX_URL": self.index_url, "PIP_TRUSTED_HOST": HOST, "PIP_RETRIES": "0",
            "PIP_DEFAULT_TIMEOUT": seconds,
            "UV_DEFAULT_INDEX": self.index_url, "UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": seconds,
        }  # fmt: skip

    def faults(self) -> tuple[BotError, ...]:
        """Give what went wrong, each once and in order: with any of them the child's result is of no use."""
        with self._lock:
            return tuple(self._faults.values())

    def timeless(self) -> tuple[str, ...]:
        """Name the projects with releases to which the cutoff could not be applied: the index gives no times."""
        with self._lock:
            return tuple(sorted(self._timeless))

    def young(self) -> tuple[str, ...]:
        """Name the projects of which releases were hidden."""
        with self._lock:
            return tuple(sorted(self._young))

    def missing(self) -> tuple[str, ...]:
        """Name the projects that were asked for and that no index knows."""
        with self._lock:
            return tuple(sorted(self._missing))

    def exempted(self) -> tuple[tuple[str, str], ...]:
        """Give the (name, version) pairs of the view that are younger than the cutoff and were seen all the same."""
        with self._lock:
            return tuple(sorted(self._exempted))

    def hashes(self, name: str, version: str) -> tuple[str, ...]:
        """Give `sha256:…` of every file of a release that the page names one for, sorted.

        Raises AccessDenied and Unavailable as the index does.
        """
        key = index_answers.version_key(version)
        files = self._listing(self, name)
        return tuple(sorted({f"sha256:{file.sha256}" for file in files if file.key == key and file.sha256}))

    def banned(self, name: str) -> frozenset[str]:
        """Give the version keys of a project that are hidden whatever their age."""
        return frozenset(self._banned.get(name, ()))

    def visible(self, name: str) -> frozenset[str]:
        """Give the version keys of a project that are seen whatever their age."""
        return frozenset(self._visible.get(name, ()))

    def spare(self, name: str, keys: frozenset[str]) -> None:
        """Remember the version keys of a project that were seen although they are young."""
        with self._lock:
            self._exempted |= {(name, self._visible[name][key]) for key in keys}

    def blame(self, error: BotError) -> None:
        """Remember a fault."""
        with self._lock:
            self._faults.setdefault(error.message, error)

    def fail(self, name: str, error: BotError) -> None:
        """Remember that a project cannot be looked at, so that it is not tried again for the same child."""
        with self._lock:
            self._failed[name] = error

    def failure(self, name: str) -> BotError | None:
        """Give why a project is not worth asking for, None where it is."""
        with self._lock:
            if name in self._failed or len(self._failed) < FAULTS_ENOUGH:
                return self._failed.get(name)
            return next(iter(self._failed.values()))

    def miss(self, name: str) -> None:
        """Remember a project that no index knows."""
        with self._lock:
            self._missing.add(name)

    def hide(self, name: str, *, young: bool, undated: bool) -> None:
        """Remember what the cutoff did to a project."""
        with self._lock:
            if young:
                self._young.add(name)
            if undated:
                self._timeless.add(name)

    def _proxy(self, port: int) -> str:
        return f"http://{self.token}:x@127.0.0.1:{port}"  # requests sends nothing where there is no password
