"""File locks in the data folder: held across processes and threads, freed by the kernel however a process ends.

They are flock(2) locks, each on an own open file description: unlike fcntl(2) record locks they also keep two
threads of one process apart. Lock files stay; removing one would let two holders in.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from bot.errors import StoreError, Unavailable

_PAUSE = 0.02
"""Seconds between two looks at a lock that somebody else holds."""


@contextmanager
def repository_lock(folder: Path, repository: str) -> Iterator[None]:
    """Hold the repository's lock while the block runs; raises Unavailable at once where somebody else does."""
    name = sha256(repository.encode(errors="surrogatepass")).hexdigest()
    descriptor = _open(folder / f"{name}.lock")
    try:
        if not _try(descriptor):
            raise Unavailable(
                f"another run is working on {repository}",
                hint="wait until it has finished; if it hangs, end its process and the lock is free",
            )
        yield
    finally:
        os.close(descriptor)


@contextmanager
def waiting_lock(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock while the block runs, waiting for it at most `seconds`; raises StoreError after that."""
    descriptor = _open(path)
    try:
        end = time.monotonic() + seconds
        while not _try(descriptor):
            if time.monotonic() > end:
                raise StoreError(
                    f"another process has been opening the database for {seconds:.0f} seconds",
                    hint="wait until it has finished, or end the process that hangs",
                )
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def service_lock(path: Path) -> Iterator[None]:
    """Hold the lock of the one service of a data folder while the block runs; the file says who holds it.

    Raises StoreError where another process does.
    """
    descriptor = _open(path)
    try:
        if not _try(descriptor):
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            who = f"process {holder}" if holder.isdigit() else "another process"
            raise StoreError(
                f"another Quarterdeck serves the data folder {path.parent} already: {who}",
                hint="end that one first, or give this one a data folder of its own (--data-dir)",
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            f"the data folder cannot be used: {error}",
            hint="it must be a folder that belongs to the user that runs quarterdeck, with space left",
        ) from error


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StoreError(
            f"the data folder's file system cannot lock files: {error}", hint="use a local disk"
        ) from error
    return True
