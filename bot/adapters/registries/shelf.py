"""What is known by digest, kept for ever within bounds: one file an answer, whole or not there."""

import contextlib
import hashlib
import os
import threading
from datetime import datetime
from pathlib import Path

from bot.system import kept

MOST_BYTES = 256 * 1024 * 1024
TIDY_EVERY = 64  # files written by this process between two looks at the folder's size
TIDY_SHARE = 16  # or that part of the limit in bytes


class Shelf:
    """Gives and keeps texts by kind and key in `folder`; the least recently used make room.

    Safe to use from several threads and processes. Raises StoreError where the folder cannot be used.
    """

    def __init__(self, folder: Path, *, limit: int = MOST_BYTES) -> None:
        self._folder, self._limit = folder, limit
        self._lock = threading.Lock()
        self._files, self._bytes = 0, 0  # written since the last look

    def recall(self, kind: str, key: str) -> str | None:
        """Give a text that was kept, None where there is none."""
        path = self._path(kind, key)
        found = kept.recalled(path)
        if found is None:
            return None
        with contextlib.suppress(OSError):  # that it was used is worth a note, not an error
            os.utime(path)
        return found.decode("utf-8", "replace")

    def remember(self, kind: str, key: str, value: str, now: datetime) -> None:
        """Keep a text instead of an older one; `now` is not needed, since files know when they were used."""
        del now
        data = value.encode("utf-8", "replace")
        kept.keep(self._path(kind, key), data)
        if self._is_time(len(data)):
            kept.bound(self._folder, self._limit)

    def _is_time(self, size: int) -> bool:
        """Say whether to look at the folder's size, as after the first file that this process writes."""
        with self._lock:
            first = self._files == 0
            self._files, self._bytes = self._files + 1, self._bytes + size
            due = self._files > TIDY_EVERY or self._bytes > self._limit // TIDY_SHARE
            if due:
                self._files, self._bytes = 1, 0
            return first or due

    def _path(self, kind: str, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / kind / name[:2] / name
