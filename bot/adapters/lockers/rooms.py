"""Where resolver children run: an own home, shared caches, the gate as their only index, and nothing else of us.

A room stands in the data folder and is locked by the process that uses it, so that what a killed process left behind
is swept by the next one.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import uv

from bot.errors import BotError
from bot.model.isolation import Isolation
from bot.model.releases import IndexView
from bot.system import confine
from bot.system.confine import Cell, Limits
from bot.system.process import Finished, Stopped, run, sealed_environment

GATE_PORT = 8484  # where the gate is found inside a sandbox, whose loopback is its own
PREFIX = "room-"
MARK = ".in-use"
FULL_BYTES = 16 * 1024 * 1024
CACHES = ("uv", "pip", "pip-tools")
OURS = (Path(sys.prefix), Path(sys.base_prefix), Path(uv.find_uv_bin()).parent)  # what every child may read


class Session(Protocol):
    """What one child sees of the package indexes, and what went wrong behind it."""

    socket: Path
    """The unix socket on which the gate listens."""

    def environment(self, *, port: int | None = None) -> dict[str, str]:
        """Give the variables that lead pip and uv to the gate, at another port where a relay stands between."""
        ...

    def faults(self) -> tuple[BotError, ...]:
        """Give what went wrong upstream, in order."""
        ...

    def timeless(self) -> tuple[str, ...]:
        """Name the projects whose upload times are not known, so that no cutoff held for them."""
        ...

    def hashes(self, name: str, version: str) -> tuple[str, ...]:
        """Give `sha256:…` of every file of a release, as the index's page names them."""
        ...

    def missing(self) -> tuple[str, ...]:
        """Name the projects that no index knows."""
        ...

    def young(self) -> tuple[str, ...]:
        """Name the projects of which releases were hidden."""
        ...

    def exempted(self) -> tuple[tuple[str, str], ...]:
        """Give the (name, version) pairs that are younger than the cutoff and were shown all the same."""
        ...


class Gate(Protocol):
    """Lets resolvers see the package indexes, and nothing but them."""

    def session(self, view: IndexView) -> AbstractContextManager[Session]:
        """Open one child's view. Raises ConfigError where it names an index that the operator does not allow."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """How children are kept apart: `chosen` by the operator or the strongest available, and why not a sandbox."""

    isolation: Isolation
    chosen: bool = False
    why: str = ""
    limits: Limits = field(default_factory=Limits)
    timeout: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A throw-away home for children, which see `tree` besides, and the indexes as their `session` shows them."""

    home: Path
    data_dir: Path
    tree: Path | None
    session: Session
    env: Mapping[str, str]
    confinement: Confinement
    shared: tuple[Path, ...]

    @property
    def full(self) -> bool:
        """Whether the disk is full that rooms stand on, rather than a limit of the child's own met."""
        return shutil.disk_usage(self.home).free < FULL_BYTES

    def run(
        self, argv: Sequence[str], *, cwd: Path | None = None, readable: tuple[Path, ...] = (),
        writable: tuple[Path, ...] = (), env: Mapping[str, str] | None = None,
    ) -> Finished:  # fmt: skip
        """Run a child in this room, by default in its home. Raises TimedOut and StoreError as `process.run` does."""
        trees = (self.tree,) if self.tree else ()
        cell = Cell(
            isolation=self.confinement.isolation, home=self.home, readable=(*OURS, *readable), hidden=(self.data_dir,),
            writable=(*trees, *self.shared, *writable), gate=self.session.socket, gate_port=GATE_PORT,
        )  # fmt: skip
        whole = {**self.env, **(env or {})}
        confined = confine.confined(argv, cell, self.confinement.limits)
        try:
            return run(confined, cwd=cwd or self.home, env=whole, timeout=self.confinement.timeout)
        except Stopped as error:
            told = error.message.removeprefix(Path(confined[0]).name)
            raise type(error)(f"{_tool(argv)}{told}") from error


class Rooms:
    """Makes rooms that share one cache folder."""

    def __init__(self, data_dir: Path, gate: Gate, confinement: Confinement) -> None:
        self.data_dir = data_dir
        self.gate = gate
        self.confinement = confinement
        self._sweep()

    def refusal(self, names: tuple[str, ...]) -> str:
        """Say why packages may not be built here although the policy names them; "" where they may."""
        if not names or self.confinement.isolation is Isolation.SANDBOX or self.confinement.chosen:
            return ""
        return (
            f"{', '.join(names)} may be built, but only in a sandbox, and {self.confinement.why}: mend that, or choose "
            "a weaker [isolation] mode yourself"
        )

    @contextmanager
    def room(self, view: IndexView, *, tree: Path | None = None, builds: bool = False) -> Iterator[Room]:
        """Give a room that is gone afterwards.

        With `builds` the code of source distributions may run in it, so its caches are its own.
        """
        with ExitStack() as stack:
            home = stack.enter_context(self.folder())
            session = stack.enter_context(self.gate.session(view))
            cache = home / "cache" if builds else self.data_dir / "cache"
            shared = tuple(cache / name for name in CACHES)
            for folder in shared:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            inside = GATE_PORT if self.confinement.isolation is Isolation.SANDBOX else None
            env = {**sealed_environment(), **_settings(home, cache), **session.environment(port=inside)}
            yield Room(
                home=home,
                data_dir=self.data_dir,
                tree=tree,
                session=session,
                env=env,
                confinement=self.confinement,
                shared=shared,
            )

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Give an empty folder (0700) that is gone afterwards, at the latest when the next process sweeps."""
        parent = self.data_dir / "rooms"
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _claimed(parent) as mark:
            folder = mark.with_suffix("")
            try:
                folder.mkdir(mode=0o700)
                yield folder
            finally:
                _remove(folder)

    def _sweep(self) -> None:
        """Remove rooms whose process is gone: the lock on each ended with it."""
        for mark in (self.data_dir / "rooms").glob(f"*{MARK}"):
            with suppress(FileNotFoundError, BlockingIOError), mark.open("r+") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(mark.with_suffix(""))
                mark.unlink(missing_ok=True)


@contextmanager
def _claimed(parent: Path) -> Iterator[Path]:
    """Give a new file that is locked as long as the block runs; a sweeper that was faster costs another try."""
    while True:
        handle, name = tempfile.mkstemp(prefix=PREFIX, suffix=MARK, dir=parent)
        with os.fdopen(handle) as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if os.fstat(held.fileno()).st_nlink == 0:
                continue
            try:
                yield Path(name)
            finally:
                Path(name).unlink(missing_ok=True)
            return


def _tool(argv: Sequence[str]) -> str:
    """Name what runs, as people call it."""
    return "pip-compile" if "piptools" in argv else Path(argv[0]).name


def _remove(folder: Path) -> None:
    """Remove a folder whatever modes strangers gave to the folders in it."""
    for parent, names, _ in os.walk(folder):
        for name in names:
            inner = Path(parent, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _settings(home: Path, cache: Path) -> dict[str, str]:
    """Give what pip and uv are told besides the index: nothing of this machine's own configuration."""
    return {
        "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C.UTF-8", "NO_COLOR": "1",
        "PIP_CONFIG_FILE": os.devnull, "PIP_CACHE_DIR": str(cache / "pip"),
        "PIP_TOOLS_CACHE_DIR": str(cache / "pip-tools"), "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1", "UV_CACHE_DIR": str(cache / "uv"),
        "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1",
        "UV_INDEX_STRATEGY": "unsafe-best-match", "UV_HTTP_TIMEOUT": "120",
    }  # fmt: skip
