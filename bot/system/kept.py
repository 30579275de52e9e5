"""What is kept on disk beside the store: files that are written whole or not at all, and go when they are old."""

import contextlib
import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import StoreError

ABANDONED_SECONDS = 24 * 3600.0
FRESH = "new-"  # how files that are still written are called


def keep(path: Path, *parts: bytes) -> None:
    """Write a file and put it in its place at once; raises StoreError where that is impossible."""
    with fresh(path) as temporary:
        try:
            with temporary.open("wb") as file:
                for part in parts:
                    file.write(part)
        except OSError as error:
            raise _unwritable(path, error) from error


@contextmanager
def fresh(path: Path) -> Iterator[Path]:
    """Give a file to write that takes the place of `path` afterwards, unless something is raised."""
    temporary = _temporary(path)
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def recalled(path: Path) -> bytes | None:
    """Give what was kept, None where nothing is."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        known = error.errno in {errno.ENOTDIR, errno.EACCES, errno.EPERM}
        hint = "choose another folder with --data-dir" if known else "remove it: it is only a copy"
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint=hint) from error


def bound(folder: Path, limit: int) -> None:
    """Remove the files that were not used for longest until at most `limit` bytes are left.

    Files that are being written stay; those of a process that was killed go after a day.
    """
    found = sorted(_sized(folder), reverse=True)
    total, dead = 0, time.time() - ABANDONED_SECONDS
    for written, size, path in found:
        fresh = path.name.startswith(FRESH)
        if fresh and written < dead:
            path.unlink(missing_ok=True)
            continue
        total += size
        if total > limit and not fresh:
            path.unlink(missing_ok=True)


def forget(folder: Path, before: float, *, pattern: str = "*") -> None:
    """Remove files that were last written before a time, in seconds since the epoch."""
    for written, _, path in tuple(_sized(folder, pattern)):
        if written < before:
            path.unlink(missing_ok=True)


def _sized(folder: Path, pattern: str = "*") -> Iterator[tuple[float, int, Path]]:
    for path in folder.rglob(pattern):
        with contextlib.suppress(FileNotFoundError):  # another thread was faster
            status = path.stat()
            if path.is_file():
                yield status.st_mtime, status.st_size, path


def _temporary(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=FRESH)
        os.close(handle)
    except OSError as error:
        raise _unwritable(path, error) from error
    return Path(name)


def _unwritable(path: Path, error: OSError) -> StoreError:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    hint = "make room in the data folder" if full else "choose a folder that can be written with --data-dir"
    return StoreError(f"{path} cannot be written: {error.strerror}", hint=hint)
