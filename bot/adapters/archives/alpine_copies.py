"""Files of Alpine's servers: asked for once per run, conditionally where a copy is kept in the data folder."""

import hashlib
import json
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from bot.errors import AccessDenied, Unavailable
from bot.ports import Clock
from bot.system import kept
from bot.system.http import Answer, Http
from bot.system.urls import shown

FILE_BYTES = 64 * 1024 * 1024  # the largest index of Alpine has 3 MB
KEPT_BYTES = 512 * 1024 * 1024
ASK_EVERY = timedelta(minutes=10)


class _Copy(NamedTuple):
    body: bytes
    etag: str
    changed: str
    asked: datetime


class Copies:
    """Files by address; safe to use from several threads. A failure is remembered as well: it costs seconds."""

    def __init__(self, http: Http, folder: Path, clock: Clock) -> None:
        self._http, self._folder, self._clock = http, folder, clock
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._failed: dict[str, str] = {}
        self._asked: set[str] = set()

    def get(self, url: str) -> bytes:
        """Give a file; raises Unavailable, also where the server does not have it, and StoreError."""
        with self._lock:
            lock = self._locks.setdefault(url, threading.Lock())
        with lock:
            if url in self._failed:
                raise Unavailable(self._failed[url])
            try:
                return self._fetched(url)
            except (Unavailable, AccessDenied) as error:
                self._failed[url] = error.message
                raise Unavailable(error.message, hint=error.hint) from error

    def _fetched(self, url: str) -> bytes:
        copy = self._copy(url)
        if copy and (url in self._asked or timedelta() <= self._clock() - copy.asked < ASK_EVERY):
            return copy.body
        answer = self._http.get(url, headers=_condition(copy), limit=FILE_BYTES)
        self._asked.add(url)
        if answer.status == HTTPStatus.NOT_MODIFIED and copy:
            return self._keep(url, copy._replace(asked=self._clock()))
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"{shown(url)} answers {answer.status}")
        return self._keep(url, _fresh(answer, self._clock()))

    def _keep(self, url: str, copy: _Copy) -> bytes:
        note = {"etag": copy.etag, "changed": copy.changed, "asked": copy.asked.isoformat(), "size": len(copy.body)}
        kept.keep(self._path(url), json.dumps(note).encode() + b"\n", copy.body)
        kept.bound(self._folder, KEPT_BYTES)
        return copy.body

    def _copy(self, url: str) -> _Copy | None:
        """Read a copy; one that cannot be read, as of another version of ours, is as good as none."""
        line, _, body = (kept.recalled(self._path(url)) or b"").partition(b"\n")
        try:
            note: Any = json.loads(line)
            copy = _Copy(body, str(note["etag"]), str(note["changed"]), datetime.fromisoformat(note["asked"]))
            return copy if note["size"] == len(body) else None
        except (ValueError, KeyError, TypeError):
            return None

    def _path(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()


def _fresh(answer: Answer, now: datetime) -> _Copy:
    return _Copy(answer.body, answer.headers.get("etag", ""), answer.headers.get("last-modified", ""), now)


def _condition(copy: _Copy | None) -> Mapping[str, str]:
    if copy and copy.etag:
        return {"If-None-Match": copy.etag}
    return {"If-Modified-Since": copy.changed} if copy and copy.changed else {}
