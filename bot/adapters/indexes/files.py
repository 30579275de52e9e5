"""Wheels and source distributions: fetched whole and once, checked against the page, kept within bounds."""

import hashlib
import os
import threading
from pathlib import Path
from typing import BinaryIO

from bot.adapters.indexes.pages import OK, Pages
from bot.errors import StoreError, Unavailable
from bot.formats.index_answers import Listed
from bot.system import kept
from bot.system.urls import shown

FILE_BYTES = 2 * 1024**3
KEPT_BYTES = 4 * 1024**3


class Files:
    """Files by their sha256 in `folder`, at most about `room` bytes of them; without one they are kept for this run."""

    def __init__(self, pages: Pages, folder: Path, *, room: int = KEPT_BYTES) -> None:
        self._pages = pages
        self._folder = folder
        self._room = room
        self._fetched: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def open(self, file: Listed) -> BinaryIO | None:
        """Give a file to read, None where the index has it no more.

        Raises AccessDenied, Unavailable (also where its sha256 is not what the page says) and StoreError.
        """
        key = file.sha256 or "url-" + hashlib.sha256(file.url.encode()).hexdigest()
        path = self._folder / key
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if not (file.sha256 or key in self._fetched):
                path.unlink(missing_ok=True)
            if (found := _opened(path)) is not None:
                return found
            try:
                self._fetch(file, path)
            except _Gone:
                return None
            self._fetched.add(key)
            fetched = _opened(path)
        kept.bound(self._folder, self._room)
        return fetched

    def _fetch(self, file: Listed, path: Path) -> None:
        with kept.fresh(path) as temporary:
            answer = self._pages.download(file.url, temporary, FILE_BYTES)
            if answer is None:
                raise _Gone
            if answer.status != OK:
                raise Unavailable(f"{shown(file.url)} answers {answer.status}")
            if file.sha256 and answer.sha256 != file.sha256:
                raise Unavailable(f"{shown(file.url)} is not what the index's page says: its sha256 differs")


class _Gone(Exception):
    """The page lists a file that is there no more."""


def _opened(path: Path) -> BinaryIO | None:
    try:
        os.utime(path)  # it was used now
        return path.open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="remove it: it is only a copy") from error
