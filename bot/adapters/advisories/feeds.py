"""Feeds of OSV records, and the index of each that is kept in the data folder."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.adapters.advisories import index
from bot.adapters.advisories.documents import documents, stamp
from bot.errors import AccessDenied, Unavailable
from bot.ports import Clock
from bot.system import kept
from bot.system.http import Http
from bot.system.urls import shown

FEED_BYTES = 2 * 1024**3
ASK_EVERY = timedelta(minutes=30)  # feeds change every few hours
FORGET_FAILURE = timedelta(hours=6)
UNPLAIN = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Where the records of an ecosystem (`Debian`, without a release) are: a zip at an http(s) or `file:` address.

    A `file:` address may also lead to a folder of JSON files, or to one file with a list of records. `configured`:
    somebody named it, so that it is a problem where it cannot be had.
    """

    ecosystem: str
    url: str
    configured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is known of the index that is kept: `source` changes when the feed does, times are RFC 3339 or "".

    `as_of` is when the feed was known to be so, `failed` when it could not be had last, "" once it could.
    """

    form: str = ""
    source: str = ""
    etag: str = ""
    changed: str = ""
    as_of: str = ""
    failed: str = ""
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An index to ask; `path` is None where there is none. `problem` is why it is missing or old, "" for neither."""

    path: Path | None
    as_of: datetime | None = None
    problem: str = ""


class FeedFolder:
    """Brings indexes of feeds up to date in `folder`: each at most once in the life of its caller."""

    def __init__(self, http: Http, folder: Path, clock: Clock) -> None:
        self._http, self._folder, self._clock = http, folder, clock

    def holds(self, feed: Feed) -> bool:
        """Say whether there is an index of this feed already."""
        return self._path(feed).exists() and self._held(feed).form == index.FORM

    def ready(self, feed: Feed) -> Ready:
        """Bring a feed's index up to date; where that fails, the one that is there stays. Raises StoreError."""
        held = self._held(feed) if self.holds(feed) else Held()
        failed = _time(self._held(feed).failed)
        now = self._clock()
        if not feed.configured and failed and timedelta() <= now - failed < FORGET_FAILURE:
            return self._answer(feed, held)
        try:
            held = self._refreshed(feed, held)
        except (Unavailable, AccessDenied) as error:
            self._keep(feed, replace(held, failed=now.isoformat()))
            return self._answer(feed, held, problem=_problem(feed, held, error.message))
        self._keep(feed, held)
        return self._answer(feed, held, problem=_lacking(feed, held))

    def _answer(self, feed: Feed, held: Held, problem: str = "") -> Ready:
        path = self._path(feed)
        if held.form != index.FORM:
            return Ready(path=None, problem=problem)
        return Ready(path=path, as_of=_time(held.as_of), problem=problem)

    def _refreshed(self, feed: Feed, held: Held) -> Held:
        if urlsplit(feed.url).scheme == "file":
            return self._local(feed, held)
        asked = _time(held.as_of)
        if asked and timedelta() <= self._clock() - asked < ASK_EVERY:
            return held
        target = self._path(feed).with_suffix(".zip")
        try:
            with kept.fresh(target) as temporary:
                return self._asked(feed, held, temporary)
        finally:
            target.unlink(missing_ok=True)

    def _asked(self, feed: Feed, held: Held, temporary: Path) -> Held:
        answer = self._http.download(feed.url, temporary, limit=FEED_BYTES, headers=_condition(held))
        now = self._clock().isoformat()
        if answer.status == HTTPStatus.NOT_MODIFIED and held.source:
            return replace(held, as_of=now, failed="")
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"{shown(answer.url)} answers {answer.status}")
        named = {"etag": answer.headers.get("etag", ""), "changed": answer.headers.get("last-modified", "")}
        source = f"sha256:{answer.sha256}"
        unreadable = held.unreadable if source == held.source else self._build(feed, temporary)
        return Held(form=index.FORM, source=source, as_of=now, unreadable=unreadable, **named)

    def _local(self, feed: Feed, held: Held) -> Held:
        path = Path(unquote(urlsplit(feed.url).path))
        source, changed = stamp(path)
        unreadable = held.unreadable if source == held.source else self._build(feed, path)
        as_of = datetime.fromtimestamp(changed, UTC).isoformat()
        return Held(form=index.FORM, source=source, as_of=as_of, unreadable=unreadable)

    def _build(self, feed: Feed, path: Path) -> int:
        """Write the index anew and give how many records could not be read; raises Unavailable where none could."""
        with kept.fresh(self._path(feed)) as temporary:
            counted = index.build(temporary, documents(path), feed.ecosystem)
            if not counted.records:
                raise Unavailable(f"{shown(feed.url)} holds no OSV record of {feed.ecosystem}")
        return counted.unreadable

    def _held(self, feed: Feed) -> Held:
        """Read what is known of an index; a note that cannot be read is as good as none."""
        try:
            document: Any = json.loads(kept.recalled(self._path(feed).with_suffix(".json")) or b"")
            return Held(**{name: type(default)(document[name]) for name, default in asdict(Held()).items()})
        except (ValueError, KeyError, TypeError):
            return Held()

    def _keep(self, feed: Feed, held: Held) -> None:
        if held != self._held(feed):
            kept.keep(self._path(feed).with_suffix(".json"), json.dumps(asdict(held)).encode())

    def _path(self, feed: Feed) -> Path:
        name = UNPLAIN.sub("-", feed.ecosystem).lower()
        return self._folder / f"{name}-{hashlib.sha256(feed.url.encode()).hexdigest()[:16]}.sqlite"


def oldest(ready: Iterable[Ready]) -> datetime | None:
    """Give the age of what is known: that of the oldest part."""
    return min((one.as_of for one in ready if one.as_of is not None), default=None)


def _condition(held: Held) -> Mapping[str, str]:
    if held.etag:
        return {"If-None-Match": held.etag}
    return {"If-Modified-Since": held.changed} if held.changed else {}


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _problem(feed: Feed, held: Held, reason: str) -> str:
    if not feed.configured:
        return ""
    rest = f"those of {held.as_of[:10]} are used" if held.form else "none are known"
    return f"the advisories of {feed.ecosystem} cannot be brought up to date: {reason}; {rest}"


def _lacking(feed: Feed, held: Held) -> str:
    if not (feed.configured and held.unreadable):
        return ""
    return f"{held.unreadable} of the advisories of {feed.ecosystem} at {shown(feed.url)} cannot be read"
