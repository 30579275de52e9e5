"""What is kept on disk beside the store: files that are written whole or not at all, and go when they are old."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import StoreError

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
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="remove it: it is only a copy") from error


def bound(folder: Path, limit: int) -> None:
    """Remove the files that were not used for longest until at most `limit` bytes are left."""
    found = sorted(_sized(folder), reverse=True)
    total = 0
    for _, size, path in found:
        total += size
        if total > limit and not path.name.startswith(FRESH):
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
    return StoreError(f"{path} cannot be written: {error.strerror}", hint="make room in the data folder")
