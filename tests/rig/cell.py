"""A place for attacks: a data folder with secrets around a work tree, and hostile programs run in it."""

import os
import socket
import sys
import textwrap
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from bot.model.isolation import Isolation
from bot.system.confine import Cell, Limits, confined
from bot.system.process import Finished, run

CANARY = "canary-7f3a91"  # what no attack may print


class Lab:
    """A work tree, a cache and a home that a child gets; beside them what it must not see."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.tree = self.data / "work" / "tree"
        self.cache = self.data / "cache"
        self.home = folder / "home"
        self.clone = self.data / "clones" / "other"
        for path in (self.tree, self.cache, self.home, self.clone):
            path.mkdir(parents=True)
        self.secret = self.data / "token"
        self.foreign = self.clone / "settings.py"
        self.key = folder / "real home" / ".ssh" / "id_ed25519"
        self.key.parent.mkdir(parents=True)
        for path in (self.secret, self.foreign, self.key):
            path.write_text(CANARY)
            path.chmod(0o600)

    def cell(
        self, isolation: Isolation, *, gate: Path | None = None, gate_port: int = 3128, readable: tuple[Path, ...] = (),
        hidden: tuple[Path, ...] = (),
    ) -> Cell:  # fmt: skip
        return Cell(
            isolation=isolation, home=self.home, readable=(Path(sys.prefix), *readable), hidden=hidden,
            writable=(self.tree, self.cache), gate=gate, gate_port=gate_port,
        )  # fmt: skip

    def run(
        self, cell: Cell, *argv: str, limits: Limits | None = None, timeout: float = 60, most: int = 1 << 20
    ) -> Finished:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return run(confined(argv, cell, limits or Limits()), cwd=self.tree, timeout=timeout, env=env, most=most)

    def attack(
        self, cell: Cell, code: str, *arguments: object, limits: Limits | None = None, timeout: float = 60
    ) -> Finished:
        """Run hostile Python code in the cell, as a setup.py would be."""
        (self.tree / "setup.py").write_text(textwrap.dedent(code))
        words = map(str, arguments)
        return self.run(cell, sys.executable, "setup.py", *words, limits=limits, timeout=timeout)


def alive(mark: str) -> list[int]:
    """Give the processes of this machine, but zombies, that have `mark` on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue  # it ended while we looked
        if mark in line:
            found.append(int(entry.name))
    return found


class Gate:
    """A Unix socket at `path`, every connection to which is carried to `host` (`127.0.0.1:80`)."""

    def __init__(self, path: Path, host: str) -> None:
        self.path = path
        address, _, port = host.rpartition(":")
        self._to = address, int(port)
        self._listener = socket.socket(socket.AF_UNIX)
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> Path:
        self._listener.bind(os.path.relpath(self.path))  # the whole path may be longer than a socket's name may be
        self._listener.listen(64)
        self._threads[0].start()
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                caller = self._listener.accept()[0]
            except OSError:
                return  # shut down
            self._threads.append(threading.Thread(target=self._carry, args=(caller,)))
            self._threads[-1].start()

    def _carry(self, caller: socket.socket) -> None:
        with caller, socket.create_connection(self._to) as far:
            back = threading.Thread(target=_pump, args=(far, caller))
            back.start()
            _pump(caller, far)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):  # the other side has gone
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
