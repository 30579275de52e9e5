"""Whether advisories are fresh enough for a service that calls itself ready."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.model.contents import FeedState


def feeds(states: Sequence[FeedState], most: timedelta, now: datetime) -> tuple[bool, str]:
    """Say whether at least one feed is fresh, and how that is; where there is none, indexes are asked pin by pin."""
    if not states:
        return True, "no dump is configured: the package index is asked about each release"
    fresh = [one for one in states if one.as_of is not None and now - one.as_of <= most]
    if fresh:
        return True, f"{len(fresh)} of {len(states)} are fresh"
    return False, "; ".join(_trouble(one, now) for one in states)


def _trouble(one: FeedState, now: datetime) -> str:
    if one.as_of is None:
        return f"{one.ecosystem}: {one.problem or 'not read yet'}"
    days = (now - one.as_of) / timedelta(days=1)
    return f"{one.ecosystem}: what is known is {days:.1f} days old{': ' if one.problem else ''}{one.problem}"
