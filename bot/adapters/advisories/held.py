"""The note beside each index that says what is in it, and when what was asked."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from bot.system import kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is known of the index that is kept; times are RFC 3339 or "", but for two that servers said.

    `source` names the zip, folder or file that it was made of, `steps` the changes that came after that. `etag` and
    `changed` are the zip's, `list_etag` and `list_changed` those of the list of changes. `full` is when the zip was
    read, `unlisted` when there was no list of changes, `asked` when the feed last answered, `failed` when it could
    not be had, "" once it could. `as_of` is how old the records are.
    """

    form: str = ""
    source: str = ""
    steps: str = ""
    etag: str = ""
    changed: str = ""
    list_etag: str = ""
    list_changed: str = ""
    full: str = ""
    unlisted: str = ""
    asked: str = ""
    as_of: str = ""
    failed: str = ""
    records: int = 0
    unreadable: int = 0


def recall(path: Path) -> Held:
    """Read a note; one that cannot be read is as good as none. Raises StoreError."""
    try:
        document: Any = json.loads(kept.recalled(path) or b"")
        return Held(**{name: type(default)(document[name]) for name, default in asdict(Held()).items()})
    except (ValueError, KeyError, TypeError):
        return Held()


def keep(path: Path, held: Held) -> None:
    """Write a note, where it says anything new. Raises StoreError."""
    if held != recall(path):
        kept.keep(path, json.dumps(asdict(held)).encode())


def condition(etag: str, changed: str) -> dict[str, str]:
    """Give the headers that ask for news only."""
    if etag:
        return {"If-None-Match": etag}
    return {"If-Modified-Since": changed} if changed else {}


def time(text: str) -> datetime | None:
    """Read a time of a note."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def within(text: str, now: datetime, span: timedelta) -> bool:
    """Tell whether a time of a note was less than `span` ago; one in the future, of a clock that was wrong, was not."""
    moment = time(text)
    return moment is not None and timedelta() <= now - moment < span


def age(now: datetime, *said: str) -> str:
    """Give since when records are known to be as they are: the newest date that a server says, else now."""
    dates = [date for text in said if (date := _date(text)) is not None]
    return min(max(dates, default=now), now).isoformat()


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
