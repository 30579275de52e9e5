"""The table of lifetimes that comes with Quarterdeck, and a newer one from a configured address."""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from bot.errors import BotError, StoreError, Unavailable
from bot.formats import lifetime_table
from bot.model.contents import LifetimeTable
from bot.ports import Clock
from bot.system import kept
from bot.system.http import Http
from bot.system.urls import shown

SHIPPED = Path(__file__).with_name("endoflife.json")
TABLE_BYTES = 16 * 1024 * 1024  # that of endoflife.date has 3 MB
FRESH_FOR = timedelta(days=1)
AGAIN_AFTER = timedelta(hours=1)  # when the address failed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """What the address said when it was `asked`; `etag` is "" where the server gave none."""

    table: LifetimeTable
    text: bytes
    etag: str
    asked: datetime


class ShippedLifetimes:
    """The shipped table, unless `url` (file:// or http(s)://; None for none) has one that was made later.

    The address is read at most once a day, across processes: `folder` keeps what it said. `problem` is a sentence
    where that failed or could not be used, and "" where all is well. Safe to use from several threads.
    """

    def __init__(self, http: Http, folder: Path, clock: Clock, url: str | None) -> None:
        self.problem = ""
        self._http, self._folder, self._clock, self._url = http, folder, clock, url
        self._lock = threading.Lock()
        self._shipped: LifetimeTable | None = None
        self._copy: _Copy | None = None
        self._not_before: datetime | None = None

    def table(self) -> LifetimeTable:
        """Give the newest table at hand. It never raises, because one is shipped."""
        with self._lock:
            if self._shipped is None:
                self._shipped = _table(SHIPPED.read_bytes())
            now = self._clock()
            if self._url and (self._not_before is None or now >= self._not_before):
                self._refresh(self._url, now)
            newer = self._copy is not None and self._copy.table.as_of > self._shipped.as_of
            return self._copy.table if self._copy and newer else self._shipped

    def _refresh(self, url: str, now: datetime) -> None:
        """Bring our copy up to date, unless it is of today, and say when to look again."""
        self.problem = ""
        try:
            copy = self._copy or _revived(self._recalled(url))
            self._copy = copy
            if copy is None or not timedelta(0) <= now - copy.asked < FRESH_FOR:
                self._copy = copy = self._asked(url, copy, now)
                self._keep(url, copy)
            self._not_before = copy.asked + FRESH_FOR
        except (BotError, OSError, ValueError) as error:
            said = error.message if isinstance(error, BotError) else str(error)
            self.problem = f"the lifetimes at {shown(url)} cannot be used: {said}"
            self._not_before = now + AGAIN_AFTER

    def _asked(self, url: str, copy: _Copy | None, now: datetime) -> _Copy:
        """Ask the address; raises BotError, OSError or ValueError where it has no table for us."""
        if urlsplit(url).scheme == "file":
            text, etag = _local(url), ""
        else:
            answer = self._http.get(url, headers=_condition(copy), limit=TABLE_BYTES)
            if copy and answer.status == HTTPStatus.NOT_MODIFIED:
                return _Copy(table=copy.table, text=copy.text, etag=copy.etag, asked=now)
            if answer.status != HTTPStatus.OK:
                raise Unavailable(f"it answers {answer.status}")
            text, etag = answer.body, answer.headers.get("etag", "")
        return _Copy(table=_table(text), text=text, etag=etag, asked=now)

    def _keep(self, url: str, copy: _Copy) -> None:
        """Keep a copy for the next process; without it, only that one asks again."""
        header = {"etag": copy.etag, "asked": copy.asked.isoformat(), "sha256": hashlib.sha256(copy.text).hexdigest()}
        try:
            kept.keep(self._path(url), json.dumps(header).encode() + b"\n", copy.text)
        except StoreError as error:
            self.problem = error.message

    def _recalled(self, url: str) -> bytes | None:
        try:
            return kept.recalled(self._path(url))
        except StoreError as error:
            self.problem = error.message
            return None

    def _path(self, url: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"


def _condition(copy: _Copy | None) -> Mapping[str, str]:
    """Ask for a newer one only, where there is a tag that can be sent back as it came."""
    etag = copy.etag if copy else ""
    return {"If-None-Match": etag} if etag.isascii() and etag.isprintable() and etag else {}


def _local(url: str) -> bytes:
    """Read a file:// address; raises OSError, or ValueError for what is no file of a table's size."""
    path = Path(url2pathname(urlsplit(url).path))
    if not path.is_file():
        raise ValueError("there is no such file")
    with path.open("rb") as file:
        text = file.read(TABLE_BYTES + 1)
    if len(text) > TABLE_BYTES:
        raise ValueError(f"it has more than the {TABLE_BYTES} bytes that are read of it")
    return text


def _table(text: bytes) -> LifetimeTable:
    try:
        return lifetime_table.read(text.decode())
    except UnicodeDecodeError as error:
        raise ValueError("this table of lifetimes is not text in UTF-8") from error


def _revived(data: bytes | None) -> _Copy | None:
    """Read what was kept; one that was damaged, or is of another version of ours, is as good as none."""
    line, _, text = (data or b"").partition(b"\n")
    try:
        header: dict[str, Any] = json.loads(line)
        if hashlib.sha256(text).hexdigest() != header["sha256"]:
            return None
        asked = datetime.fromisoformat(header["asked"]).astimezone(UTC)
        return _Copy(table=_table(text), text=text, etag=str(header["etag"]), asked=asked)
    except (ValueError, KeyError, TypeError):
        return None
