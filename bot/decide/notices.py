"""What a run says besides its findings: that it failed, what it could not read, and how old its advisories are."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.decide.exchange import moment
from bot.decide.sarif_rules import Level
from bot.formats.exchange_text import line
from bot.model.contents import FeedState
from bot.model.findings import Unreadable
from bot.model.runs import RunRecord

LONGEST_ID = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notification before it is written; `path` "" means no file."""

    id: str
    level: Level
    text: str
    path: str = ""
    line: int = 0


def notices(run: RunRecord, *, left_out: int) -> Iterator[Notice]:
    """Give the notifications of a run; `left_out` results went over a bound."""
    if run.failure:
        text = f"{run.failure.message}. {run.failure.hint}" if run.failure.hint else run.failure.message
        yield Notice(id=line(run.failure.kind, LONGEST_ID) or "failed", level="error", text=text)
    yield from map(_feed, run.feeds)
    for finding in run.findings:
        if isinstance(finding, Unreadable):
            text = f"{finding.subject}: {finding.why}"
            yield Notice(id="unreadable", level="warning", text=text, path=finding.path, line=finding.line)
    if left_out:
        text = f"{left_out} further results are not in this document: code scanning takes no more of one run"
        yield Notice(id="left-out", level="warning", text=text)


def _feed(feed: FeedState) -> Notice:
    age = f"as of {moment(feed.as_of)}" if feed.as_of else "of unknown age"
    known = "" if feed.records is None else f"{feed.records} "
    said = f": {feed.problem}" if feed.problem else ""
    text = f"{known}{feed.ecosystem} advisories from {feed.source}, {age}{said}"
    return Notice(id="advisory-feed", level="warning" if feed.problem or not feed.as_of else "note", text=text)
