"""Environments with pip-tools and a pip that fits it: made whole, kept, and made again when they are broken.

Several threads and processes may ask at once: each environment has a lock file (flock(2)) beside it.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uv
from packaging.version import Version

from bot.adapters.lockers import pip_tools_versions
from bot.adapters.lockers.rooms import Rooms
from bot.errors import Unavailable
from bot.formats import resolver_output
from bot.model.releases import IndexView
from bot.system.process import Finished, TimedOut

LOG = logging.getLogger(__name__)
PROBE = """\
import sys
try:
    import importlib.metadata as metadata
except ImportError:
    import importlib_metadata as metadata
import piptools
print(metadata.version("pip-tools"), metadata.version("pip"))
print(sys.prefix)
print(sys.base_prefix)
"""


class Misfit(Exception):
    """The pip-tools that was asked for cannot be had for this Python; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A place with pip-tools: its interpreter, the folders that it reads, and the versions of pip-tools and pip."""

    python: Path
    prefix: tuple[Path, ...]
    tools: str


class Environments:
    """Keeps environments under `pythons` in the data folder."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._home = rooms.data_dir / "pythons"

    def get(self, name: str, base: Path, wanted: Version | None) -> Environment:
        """Give the environment of this name, made from the interpreter `base` where there is none that works.

        `wanted` is the pip-tools that it must have; None: the newest that the index offers for this Python.
        Raises Misfit where that cannot be had, Unavailable where the index does not answer or has none at all.
        """
        folder = self._home / name
        with self._alone(name):
            found = self.probe(folder / "bin" / "python")
            if found is None:
                self._make(base, folder, wanted)
                found = self.probe(folder / "bin" / "python")
        if found is None:
            raise Unavailable(f"pip-tools does not start under {base.name}", hint=f"remove {folder} and run again")
        return found

    def probe(self, python: Path) -> Environment | None:
        """Look whether an interpreter starts and has pip-tools."""
        if not python.exists():
            return None
        with self._rooms.room(IndexView()) as room:
            done = room.run([str(python), "-c", PROBE], readable=_reads(python))
        if done.code != 0:
            LOG.info("the environment of %s is broken: %s", python, resolver_output.reason(done.complaint))
            return None
        tools, *folders = done.stdout.splitlines()
        prefix = tuple(dict.fromkeys(Path(folder) for folder in folders))
        return Environment(python=python, prefix=prefix, tools=tools)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._home / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _make(self, base: Path, folder: Path, wanted: Version | None) -> None:
        """Make the environment beside its place and move it there whole."""
        with tempfile.TemporaryDirectory(dir=self._home) as parent:
            fresh = Path(parent) / "env"
            self._uv(wanted, base, "venv", "--quiet", "--relocatable", "--python", str(base), str(fresh))
            if wanted is None:
                self._install(None, base, fresh, ("pip-tools", "pip"))
                self._fit(base, fresh)
            else:
                self._install(wanted, base, fresh, pip_tools_versions.requirements(wanted))
                self._try(fresh)
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)

    def _fit(self, base: Path, fresh: Path) -> None:
        """Take an older pip where the newest one does not fit the newest pip-tools for this Python."""
        found = self.probe(fresh / "bin" / "python")
        version = pip_tools_versions.parsed(found.tools.partition(" ")[0]) if found else None
        if version is not None:
            self._install(None, base, fresh, (pip_tools_versions.fitting_pip(version),))

    def _install(self, wanted: Version | None, base: Path, fresh: Path, packages: Sequence[str]) -> None:
        self._uv(wanted, base, "pip", "install", "--quiet", "--only-binary=:all:", f"--python={fresh}", *packages)

    def _try(self, fresh: Path) -> None:
        """Import everything that compiling needs; raises Misfit where that fails."""
        argv = [str(fresh / "bin" / "python"), "-m", "piptools", "compile", "--help"]
        with self._rooms.room(IndexView()) as room:
            done = room.run(argv, readable=_reads(fresh / "bin" / "python"))
        if done.code != 0:
            raise Misfit(resolver_output.reason(done.complaint))

    def _uv(self, wanted: Version | None, base: Path, *arguments: str) -> None:
        try:
            with self._rooms.room(IndexView()) as room:
                argv = [uv.find_uv_bin(), *arguments]
                done = room.run(argv, readable=(base.resolve().parent.parent,), writable=(self._home,))
                faults = room.session.faults()
        except TimedOut as error:
            raise Unavailable(f"pip-tools cannot be installed for {base.name}: {error.message}") from error
        if done.code != 0 and faults:
            raise Unavailable(
                f"pip-tools cannot be installed for {base.name}: {faults[0].message}", hint=faults[0].hint
            )
        if done.code != 0:
            raise _failure(done, base, wanted)


def _reads(python: Path) -> tuple[Path, ...]:
    """Give what an environment's interpreter reads: its folder, and the Python that its pyvenv.cfg names."""
    folder = python.parent.parent
    settings = folder / "pyvenv.cfg"
    lines = settings.read_text("utf-8").splitlines() if settings.exists() else []
    homes = [line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == "home"]
    return (folder, *(Path(home).resolve().parent for home in homes))


def _failure(done: Finished, base: Path, wanted: Version | None) -> Misfit | Unavailable:
    why = resolver_output.reason(done.complaint)
    if wanted is not None and not resolver_output.UNREACHABLE.search(done.stderr):
        return Misfit(why)
    return Unavailable(f"pip-tools cannot be installed for {base.name}: {why}", hint="try again later")
