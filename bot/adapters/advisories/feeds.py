"""Feeds of OSV records, and the index of each that is kept in the data folder."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bot.adapters.advisories import tables, writing
from bot.adapters.advisories.documents import documents, stamp
from bot.adapters.advisories.following import Follower, NotFollowed
from bot.adapters.advisories.held import Held, age, condition, keep, recall, time, within
from bot.errors import AccessDenied, Unavailable
from bot.formats.osv_changes import Change
from bot.ports import Clock
from bot.system import kept
from bot.system.http import Http
from bot.system.urls import shown

FEED_BYTES = 2 * 1024**3
FORGET_FAILURE = timedelta(hours=6)
UNPLAIN = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Where the records of an ecosystem (`Debian`, without a release) are: a zip at an http(s) or `file:` address.

    A `file:` address may also lead to a folder of JSON files, or to one file with a list of records. Beside an
    `all.zip` at an http(s) address, a list of changes and the records one by one may be, as OSV's own bucket has it.
    `configured`: somebody named it, so that it is a problem where it cannot be had.
    """

    ecosystem: str
    url: str
    configured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An index to ask; `path` is None where there is none. `problem` is why it is missing or old, "" for neither.

    `edition` changes when the index does; `records` counts those that are of use.
    """

    path: Path | None
    as_of: datetime | None = None
    problem: str = ""
    records: int = 0
    edition: str = ""


class FeedFolder:
    """Brings indexes of feeds up to date in `folder`: each at most once in the life of its caller."""

    def __init__(self, http: Http, folder: Path, clock: Clock) -> None:
        self._http, self._folder, self._clock = http, folder, clock
        self._follower = Follower(http, clock)

    def holds(self, feed: Feed) -> bool:
        """Say whether there is an index of this feed already."""
        return self._path(feed).exists() and self._held(feed).form == tables.FORM

    def peek(self, feed: Feed) -> Ready:
        """Give what is kept of a feed, without asking anybody."""
        held = self._held(feed)
        problem = f"it could not be had on {held.failed[:16].replace('T', ' ')} UTC" if held.failed else ""
        return self._answer(feed, held if self.holds(feed) else Held(), problem)

    def ready(self, feed: Feed) -> Ready:
        """Bring a feed's index up to date; where that fails, the one that is there stays. Raises StoreError."""
        held = self._held(feed) if self.holds(feed) else Held()
        now = self._clock()
        if not feed.configured and within(self._held(feed).failed, now, FORGET_FAILURE):
            return self._answer(feed, held)
        try:
            held = self._refreshed(feed, held)
        except (Unavailable, AccessDenied) as error:
            keep(self._note(feed), replace(held, failed=now.isoformat()))
            return self._answer(feed, held, problem=_problem(feed, held, error.message))
        keep(self._note(feed), held)
        return self._answer(feed, held, problem=_lacking(feed, held))

    def _answer(self, feed: Feed, held: Held, problem: str = "") -> Ready:
        path = self._path(feed)
        if held.form != tables.FORM or not path.exists():
            return Ready(path=None, problem=problem)
        edition = f"{held.form} {held.source} {held.steps}"
        return Ready(path=path, as_of=time(held.as_of), problem=problem, records=held.records, edition=edition)

    def _refreshed(self, feed: Feed, held: Held) -> Held:
        if urlsplit(feed.url).scheme == "file":
            return self._local(feed, held)
        if not self._follower.is_due(feed.url, held):
            return self._caught_up(feed, held, self._whole(feed, held, None))
        try:
            found = self._followed(feed, held)
        except NotFollowed as trouble:
            # an index that turned out to be damaged is gone, and the zip is needed whether or not it has news
            return self._whole(feed, held if self.holds(feed) else Held(), trouble)
        return self._whole(feed, found, None) if found.unlisted else found

    def _caught_up(self, feed: Feed, before: Held, held: Held) -> Held:
        """Follow at once where changes were followed before: a zip lags behind them."""
        if not before.steps or held.steps:
            return held
        try:
            return self._followed(feed, held)
        except NotFollowed:  # then it is as new as the zip is, and the next look tries again
            return held

    def _followed(self, feed: Feed, held: Held) -> Held:
        return self._follower.followed(feed.url, feed.ecosystem, self._path(feed), held)

    def _whole(self, feed: Feed, held: Held, trouble: NotFollowed | None) -> Held:
        """Take the zip; where `trouble` made us and it has no news either, that is told."""
        target = self._path(feed).with_suffix(".zip")
        try:
            with kept.fresh(target) as temporary:
                return self._asked(feed, held, temporary, trouble)
        finally:
            target.unlink(missing_ok=True)

    def _asked(self, feed: Feed, held: Held, temporary: Path, trouble: NotFollowed | None) -> Held:
        headers = condition(held.etag, held.changed)
        answer = self._http.download(feed.url, temporary, limit=FEED_BYTES, headers=headers)
        now, date = self._clock(), answer.headers.get("last-modified", "")
        if answer.status == HTTPStatus.NOT_MODIFIED and held.source:
            if trouble is not None:
                raise Unavailable(trouble.reason)
            as_of = age(now, date or held.changed)
            return replace(held, asked=now.isoformat(), full=now.isoformat(), as_of=as_of, failed="")
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"{shown(answer.url)} answers {answer.status}")
        made = Held(
            source=f"sha256:{answer.sha256}",
            etag=answer.headers.get("etag", ""),
            changed=date,
            full=now.isoformat(),
            unlisted=held.unlisted,
            asked=now.isoformat(),
            as_of=age(now, date),
        )
        return self._built(feed, held, made, temporary, trouble.changes if trouble else ())

    def _local(self, feed: Feed, held: Held) -> Held:
        path = Path(unquote(urlsplit(feed.url).path))
        source, changed = stamp(path)
        as_of = datetime.fromtimestamp(changed, UTC).isoformat()
        return self._built(feed, held, Held(source=source, as_of=as_of), path, ())

    def _built(self, feed: Feed, held: Held, made: Held, path: Path, lost: tuple[Change, ...]) -> Held:
        """Write the index anew, unless it is made of just this; raises Unavailable where no record could be read."""
        if (held.form, held.source, held.steps, lost) == (tables.FORM, made.source, "", ()):
            return replace(made, form=held.form, records=held.records, unreadable=held.unreadable)
        with kept.fresh(self._path(feed)) as temporary:
            counted = writing.build(temporary, documents(path), feed.ecosystem)
            if not (counted.records or counted.withdrawn):
                raise Unavailable(f"{shown(feed.url)} holds no OSV record of {feed.ecosystem}")
            unreadable = counted.unreadable + (writing.note(temporary, lost) if lost else 0)
        return replace(made, form=tables.FORM, records=counted.records, unreadable=unreadable)

    def _held(self, feed: Feed) -> Held:
        return recall(self._note(feed))

    def _note(self, feed: Feed) -> Path:
        return self._path(feed).with_suffix(".json")

    def _path(self, feed: Feed) -> Path:
        name = UNPLAIN.sub("-", feed.ecosystem).lower()
        return self._folder / f"{name}-{hashlib.sha256(feed.url.encode()).hexdigest()[:16]}.sqlite"


def oldest(ready: Iterable[Ready]) -> datetime | None:
    """Give the age of what is known: that of the oldest part."""
    return min((one.as_of for one in ready if one.as_of is not None), default=None)


def _problem(feed: Feed, held: Held, reason: str) -> str:
    if not feed.configured:
        return ""
    rest = f"those of {held.as_of[:10]} are used" if held.form else "none are known"
    return f"the advisories of {feed.ecosystem} cannot be brought up to date: {reason}; {rest}"


def _lacking(feed: Feed, held: Held) -> str:
    if not (feed.configured and held.unreadable):
        return ""
    return f"{held.unreadable} of the advisories of {feed.ecosystem} at {shown(feed.url)} cannot be read"
