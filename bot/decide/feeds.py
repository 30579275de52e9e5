"""What is not known because advisories are missing or old: "we do not know" is never "you are safe"."""

from datetime import datetime, timedelta

from bot.decide.settle import hours
from bot.model.contents import FeedState
from bot.model.reasons import Reason

DAYS = timedelta(days=2)  # ages from there on are told in days


def doubts(feeds: tuple[FeedState, ...], most: timedelta, now: datetime) -> tuple[Reason, ...]:
    """Say of every source why it is not to be trusted; empty where all are there and young enough."""
    if not feeds:
        text = "no advisories about Python packages are known: nobody can say whether the pins are safe"
        return (Reason(code="advisories-unknown", subject="advisories", text=text),)
    return tuple(reason for feed in feeds if (reason := _doubt(feed, most, now)) is not None)


def _doubt(feed: FeedState, most: timedelta, now: datetime) -> Reason | None:
    if feed.as_of is None:
        why = feed.problem or "nothing was ever read from there"
        text = f"the advisories of {feed.ecosystem} are not known, so nobody can say whether pins are safe: {why}"
        return Reason(code="advisories-unknown", subject=feed.source, text=text)
    age = now - feed.as_of
    if age > most:
        more = f": {feed.problem}" if feed.problem else ""
        text = (
            f"the advisories of {feed.ecosystem} are {told(age)} old, more than {told(most)}, so newer flaws are not "
            f"known{more}"
        )
        return Reason(code="advisories-old", subject=feed.source, text=text)
    return Reason(code="advisories-lacking", subject=feed.source, text=feed.problem) if feed.problem else None


def told(age: timedelta) -> str:
    """Give a time as people say it: `6 hours`, `12 days`."""
    return f"{age.days} days" if age >= DAYS else hours(timedelta(hours=round(age.total_seconds() / 3600)))


def checked(feeds: tuple[FeedState, ...]) -> str:
    """Say what pins were checked against, and as of when: the sentence of a proposal; "" where there is nothing."""
    known = [feed for feed in feeds if feed.as_of is not None]
    if not known:
        return ""
    counts = [feed.records for feed in known if feed.records is not None]
    noun = "advisory" if sum(counts) == 1 else "advisories"
    what = f"{sum(counts):,} {noun}" if counts else "what PyPI itself says of each release"
    oldest = min(feed.as_of for feed in known if feed.as_of is not None)
    return f"checked against {what} as of {oldest:%Y-%m-%d %H:%M} UTC"
