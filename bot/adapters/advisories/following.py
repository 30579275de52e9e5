"""Follows a bucket of OSV records by its list of changes, so that a few new records do not cost the whole zip."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from bot.adapters.advisories import writing
from bot.adapters.advisories.held import Held, age, condition, within
from bot.adapters.advisories.index import Index
from bot.errors import Unavailable
from bot.formats.osv_changes import Change, changes
from bot.ports import Clock
from bot.system import kept
from bot.system.http import Http
from bot.system.logs import carried
from bot.system.urls import shown

ZIP, LIST = "all.zip", "modified_id.csv"
LIST_BYTES = 64 * 1024 * 1024
RECORD_BYTES = 16 * 1024 * 1024
MOST = 500  # changes: more of them than this cost more than the zip does
TOGETHER = 8
FULL_EVERY = timedelta(days=7)  # records that were deleted are on no list of changes
LOOK_EVERY = timedelta(days=1)  # where there is no list
NO_LIST = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})  # 403: a bucket that hides names


class NotFollowed(Exception):
    """The zip has to be read instead, and why; `changes` are those that could not be had."""

    def __init__(self, reason: str, changes: Sequence[Change] = ()) -> None:
        super().__init__(reason)
        self.reason, self.changes = reason, tuple(changes)


class Follower:
    """Brings indexes up to date by changes."""

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http, self._clock = http, clock

    def is_due(self, url: str, held: Held) -> bool:
        """Tell whether the list is to be asked, and not the zip."""
        now = self._clock()
        listed = urlsplit(url).path.endswith(f"/{ZIP}") and not within(held.unlisted, now, LOOK_EVERY)
        return listed and within(held.full, now, FULL_EVERY)

    def followed(self, url: str, family: str, path: Path, held: Held) -> Held:
        """Bring the index at `path`, of the feed at `url`, up to date; give what is known of it then.

        Where there is no list of changes, `unlisted` says so, and nothing else was done. Raises NotFollowed where the
        index is as it was, and StoreError.
        """
        try:
            return self._followed(url, family, path, held)
        except Unavailable as error:
            raise NotFollowed(error.message) from error

    def _followed(self, url: str, family: str, path: Path, held: Held) -> Held:
        address = _sibling(url, LIST)
        answer = self._http.get(address, headers=condition(held.list_etag, held.list_changed), limit=LIST_BYTES)
        now = self._clock()
        if answer.status in NO_LIST:
            return replace(held, unlisted=now.isoformat(), list_etag="", list_changed="")
        date = answer.headers.get("last-modified", "")
        if answer.status == HTTPStatus.NOT_MODIFIED and (held.list_etag or held.list_changed):
            date = date or held.list_changed
            return replace(held, asked=now.isoformat(), as_of=age(now, date, held.changed if date else ""), failed="")
        if answer.status != HTTPStatus.OK:
            raise NotFollowed(f"{shown(address)} answers {answer.status}")
        news = _news(path, answer.body, address)
        held = self._changed(url, family, path, news, held) if news else held
        return replace(
            held,
            asked=now.isoformat(),
            as_of=age(now, date, held.changed if date else ""),
            list_etag=answer.headers.get("etag", ""),
            list_changed=date,
            unlisted="",
            failed="",
        )

    def _changed(self, url: str, family: str, path: Path, news: Sequence[Change], held: Held) -> Held:
        with kept.fresh(path) as temporary:
            shutil.copyfile(path, temporary)
            try:
                counted = writing.change(temporary, self._records(url, news), family)
            except ValueError as error:
                raise NotFollowed(f"a record beside {shown(url)} cannot be read: {error}", news) from error
            except Unavailable:
                path.unlink(missing_ok=True)  # as its copy is damaged, it is
                raise
        steps = hashlib.sha256(repr((held.steps, news)).encode()).hexdigest()
        return replace(held, steps=steps, records=counted.records)

    def _records(self, url: str, news: Sequence[Change]) -> Iterator[tuple[Change, Any]]:
        """Give changes with their records, a few at a time: each may be large."""
        rest = iter(news)
        with ThreadPoolExecutor(TOGETHER) as pool:
            while some := list(islice(rest, TOGETHER)):
                yield from zip(some, pool.map(carried(partial(self._record, url)), some), strict=True)

    def _record(self, url: str, change: Change) -> Any:
        address = _sibling(url, f"{change.id}.json")
        try:
            answer = self._http.get(address, limit=RECORD_BYTES)
            if answer.status != HTTPStatus.OK:
                raise NotFollowed(f"{shown(address)} answers {answer.status}", [change])
            return json.loads(answer.body)
        except Unavailable as error:
            raise NotFollowed(error.message, [change]) from error
        except (ValueError, RecursionError) as error:
            raise NotFollowed(f"{shown(address)} cannot be read: {error}", [change]) from error


def _news(path: Path, text: bytes, address: str) -> tuple[Change, ...]:
    try:
        listed = changes(text)
    except ValueError as error:
        raise NotFollowed(f"{shown(address)}: {error}") from error
    with closing(Index(path)) as index:
        news = index.unseen(listed)
    if len(news) > MOST:
        raise NotFollowed(f"{shown(address)} has {len(news)} changes")
    return news


def _sibling(url: str, name: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=parts.path.removesuffix(ZIP) + quote(name)).geturl()
