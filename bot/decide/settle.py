"""Which of the digests that a tag pointed to has stood long enough to be proposed.

A new digest must have stood for `digest_settle`, as our own looks saw it. Where the tag moves on before that, the
newest digest that did stand is proposed: never "the latest or nothing", which starves where a tag moves often.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LONGEST_HISTORY = 50
WORTH_WRITING = timedelta(minutes=10)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A digest that a tag pointed to from `since` to `until`, as far as our looks know."""

    digest: str
    since: datetime
    until: datetime


def seen(history: Sequence[Sighting], digest: str, now: datetime, created: datetime | None) -> tuple[Sighting, ...]:
    """Take note of a look; oldest first, at most 50: then the one that stood shortest is forgotten.

    At the first look nobody knows how long the tag has pointed there: not longer than the image exists (`created`),
    and for ever where that is not known.
    """
    if not history:
        since = created if created is not None and created <= now else BEGINNING
        return (Sighting(digest=digest, since=since, until=now),)
    last = history[-1]
    if last.digest == digest:
        return (*history[:-1], Sighting(digest=digest, since=last.since, until=max(last.until, now)))
    found = [*history, Sighting(digest=digest, since=now, until=now)]
    if len(found) > LONGEST_HISTORY:
        found.remove(min(found[:-1], key=lambda one: one.until - one.since))
    return tuple(found)


def is_news(known: Sequence[Sighting], found: Sequence[Sighting]) -> bool:
    """Say whether a history is worth writing: a fleet looks at the same tag many times within minutes."""
    if len(known) != len(found) or not known:
        return known != found
    *before, last = found
    same = (*before, Sighting(digest=last.digest, since=last.since, until=known[-1].until))
    return same != tuple(known) or last.until - known[-1].until >= WORTH_WRITING


def settled(history: Sequence[Sighting], settle: timedelta) -> str | None:
    """Give the newest digest that stood for `settle`; None where none did."""
    return next((one.digest for one in reversed(history) if one.until - one.since >= settle), None)


def forward(history: Sequence[Sighting], pinned: str, digest: str) -> bool:
    """Whether going from the pinned digest to another one is no step back in the history."""
    places = {one.digest: place for place, one in enumerate(history)}
    return pinned not in places or digest not in places or places[pinned] < places[digest]


def ripe(history: Sequence[Sighting], settle: timedelta) -> datetime | None:
    """Give the moment at which the newest digest will have stood long enough; None where there is no history."""
    return history[-1].since + settle if history else None


def hours(settle: timedelta) -> str:
    """Give a time as people say it: `6 hours`."""
    count = settle.total_seconds() / 3600
    return f"{count:g} hour{'' if count == 1 else 's'}"


def dumps(history: Sequence[Sighting]) -> str:
    """Write a history so that `loads` gives the same."""
    return json.dumps([[one.digest, one.since.isoformat(), one.until.isoformat()] for one in history])


def loads(text: str | None) -> tuple[Sighting, ...]:
    """Read what `dumps` wrote; empty where there is nothing, or something from another version of this program."""
    try:
        rows = json.loads(text or "[]")
        return tuple(
            Sighting(digest=str(digest), since=datetime.fromisoformat(since), until=datetime.fromisoformat(until))
            for digest, since, until in rows
        )
    except (ValueError, TypeError):
        return ()
